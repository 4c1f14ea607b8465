import { chmodSync, closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { AuditLockedError } from './errors.ts'

/**
 * Keeps a log for this process alone until the returned function is called or the process ends, however it ends.
 * Bridges that share a PostgreSQL server lock nothing else in their data folder.
 * @throws AuditLockedError when somebody has it
 * @see SQLite, "File Locking And Concurrency": its exclusive lock is the kernel's, so a kill leaves nothing behind
 */
export function lockAudit(file: string): () => void {
  const path = `${file}.lock`
  closeSync(openSync(path, 'a', 0o600)) // SQLite would let others read it
  chmodSync(path, 0o600)
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('PRAGMA journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new AuditLockedError(file, error)
  }
  return () => database.close()
}
