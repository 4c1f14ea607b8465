import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { LedgerLockedError } from './errors.ts'

/**
 * Takes a file for this process alone until the returned function is called or the process ends, however it ends:
 * SQLite's exclusive lock is the kernel's, so a kill leaves nothing behind. It also keeps out a second opener of the
 * same process, which plain file locks would not.
 * @throws LedgerLockedError when somebody has it
 * @see SQLite, "File Locking And Concurrency"
 */
export function lockFile(path: string): () => void {
  closeSync(openSync(path, 'a', 0o600)) // SQLite would let others read it
  chmodSync(path, 0o600)
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new LedgerLockedError(path, error)
  }
  return () => database.close()
}
