import { BaseError } from '../core/errors.ts'

/** A posted message that a node of this dialect could not decode. `details.path` names the first wrong field. */
export class MessageUndecodableError extends BaseError {
  override readonly code = 'MESSAGE_UNDECODABLE'
  override readonly kind = 'invalid'
  constructor(path: string, fault: string) {
    super(`The message cannot be decoded at ${path || 'its top'}: ${fault}`, {
      details: { path },
      hint: 'Send the complete message, as the dialect of this chain words it.',
    })
  }
}

/** A message of ours lacks what this dialect has to write. */
export class MessageIncompleteError extends BaseError {
  override readonly code = 'MESSAGE_INCOMPLETE'
  override readonly kind = 'internal'
  constructor(message: string, field: string) {
    super(`${message} needs ${field} in this dialect.`, { details: { message, field } })
  }
}

/** A node's answer is not a record as this dialect has it: most often a node of another age. */
export class RecordUnreadableError extends BaseError {
  override readonly code = 'RECORD_UNREADABLE'
  override readonly kind = 'unavailable'
  constructor(record: 'machine' | 'script', path: string, fault: string) {
    super(`The ${record} record cannot be read at ${path || 'its top'}: ${fault}`, {
      details: { record, path },
      hint: 'Check that the configured dialect is the one this chain speaks.',
    })
  }
}
