import { BaseError } from '../core/errors.ts'

/** The database takes no write now: a full or read-only disk, a server that is away. Nothing of it was stored. */
export class StorageUnavailableError extends BaseError {
  override readonly code = 'STORAGE_UNAVAILABLE'
  override readonly kind = 'unavailable'
  constructor(cause: unknown) {
    super('What is to be done cannot be written down.', { cause })
  }
}

/** A write that may have been stored: the answer to its commit was lost, and nobody could be asked what became of it. */
export class StorageUncertainError extends StorageUnavailableError {}

/** Another process has the database file open. */
export class DatabaseLockedError extends BaseError {
  override readonly code = 'DATABASE_LOCKED'
  override readonly kind = 'invalid'
  constructor(file: string, cause: unknown) {
    super(`Another process has the database ${file} open.`, {
      cause,
      details: { file },
      hint: 'Stop the other process, or give this one a data directory of its own: OTTO_DATA_DIR.',
    })
  }
}

/** The database file does not say what was written. Nothing was changed. */
export class DatabaseDamagedError extends BaseError {
  override readonly code = 'DATABASE_DAMAGED'
  override readonly kind = 'invalid'
  constructor(file: string, cause: unknown) {
    super(`The database ${file} is damaged.`, {
      cause,
      details: { file },
      hint: 'Restore it from a copy together with its -wal file, or move both away to begin a new one.',
    })
  }
}

/** A newer version of the service changed the tables; this one would not know what they mean. */
export class DatabaseNewerError extends BaseError {
  override readonly code = 'DATABASE_NEWER'
  override readonly kind = 'invalid'
  constructor(migration: string) {
    super(`The database was changed by a newer version: it has the migration ${migration}, which this one has not.`, {
      details: { migration },
      hint: 'Start the newer version, or give this one a database of its own.',
    })
  }
}

/** The database cannot be opened: no such file or server, no right to it, or nothing can be written there. */
export class DatabaseUnusableError extends BaseError {
  override readonly code = 'DATABASE_UNUSABLE'
  override readonly kind = 'invalid'
  /** `setting` is the variable that says where it is. */
  constructor({ setting, fact, cause }: { setting: string; fact: string; cause: unknown }) {
    super(`The database that ${setting} names cannot be used: ${fact}`, {
      cause,
      details: { setting },
      hint: `Check ${setting}, and that this process may write there.`,
    })
  }
}
