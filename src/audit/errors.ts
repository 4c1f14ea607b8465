import { BaseError } from '../core/errors.ts'

/** Another process writes this audit log: two chains in one file would break both. */
export class AuditLockedError extends BaseError {
  override readonly code = 'AUDIT_LOCKED'
  override readonly kind = 'invalid'
  constructor(file: string, cause: unknown) {
    super(`Another process writes the audit log ${file}.`, {
      cause,
      hint: 'Stop it, or give this one a data folder of its own (OTTO_DATA_DIR).',
    })
  }
}

/** The audit log does not end with a record of ours, so no chain can go on from it. */
export class AuditDamagedError extends BaseError {
  override readonly code = 'AUDIT_DAMAGED'
  override readonly kind = 'invalid'
  constructor(file: string) {
    super(`The audit log ${file} does not end with a whole record.`, {
      hint: 'otto audit verify says where it breaks. Keep the file, move it away, and a new one begins.',
    })
  }
}

/** The audit log cannot be opened or read. */
export class AuditUnwritableError extends BaseError {
  override readonly code = 'AUDIT_UNWRITABLE'
  override readonly kind = 'invalid'
  constructor(file: string, cause: unknown) {
    super(`The audit log ${file} cannot be opened.`, { cause, hint: 'See OTTO_DATA_DIR, and who may write there.' })
  }
}
