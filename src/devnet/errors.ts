import { BaseError } from '../core/errors.ts'

/** The ledger's files do not say what was written: `details` name file and line. Nothing was changed. */
export class LedgerDamagedError extends BaseError {
  override readonly code = 'LEDGER_DAMAGED'
  override readonly kind = 'internal'
  constructor({ file, line, fact }: { file: string; line: number; fact: string }) {
    super(`The ledger is damaged: ${file}, line ${line}: ${fact}`, {
      details: { file, line },
      hint: 'Restore the data directory from a copy, or move it away to begin a new ledger.',
    })
  }
}

/** Another process writes this ledger. */
export class LedgerLockedError extends BaseError {
  override readonly code = 'LEDGER_LOCKED'
  override readonly kind = 'conflict'
  constructor(file: string, cause: unknown) {
    super('Another process has this ledger open.', {
      cause,
      details: { file },
      hint: 'Stop the other process, or give this one a data directory of its own.',
    })
  }
}

/** The ledger was written in another dialect or by another format. */
export class LedgerForeignError extends BaseError {
  override readonly code = 'LEDGER_FOREIGN'
  override readonly kind = 'invalid'
  constructor({ file, found, expected }: { file: string; found: string; expected: string }) {
    super(`The ledger holds ${found}, not ${expected}.`, {
      details: { file, found, expected },
      hint: 'Start with the dialect the ledger was made with, or give another data directory.',
    })
  }
}

/** The ledger's files cannot be opened or written. */
export class LedgerUnwritableError extends BaseError {
  override readonly code = 'LEDGER_UNWRITABLE'
  override readonly kind = 'unavailable'
  constructor(file: string, cause: unknown) {
    super('The ledger cannot be written.', {
      cause,
      details: { file },
      hint: 'Check permissions and free space of the data directory.',
    })
  }
}
