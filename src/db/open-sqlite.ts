import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, sql } from 'kysely'
import type { Clock } from '../core/clock.ts'
import { BaseError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { createGroupCommit } from './_group-commit.ts'
import { resultCodeOf, sqliteDialect } from './_sqlite-driver.ts'
import type { Database } from './database.ts'
import { DatabaseDamagedError, DatabaseLockedError, DatabaseUnusableError, StorageUnavailableError } from './errors.ts'
import { listMigrations, migrate } from './migrate.ts'
import type { Schema } from './schema.ts'

export type OpenSqliteOptions = {
  /** The file, made with its folder if it is not there; `:memory:` keeps nothing. */
  readonly path: string
  readonly log: Log
  /** The machine's own unless told. */
  readonly clock?: Pick<Clock, 'nowMs'>
  /** False leaves the tables as they are, for who only looks. */
  readonly isMigrated?: boolean
}

/**
 * Opens the one file of a single process. Its lock is the kernel's, so a kill leaves nothing behind; every commit is on
 * the disk before it is told.
 * @throws DatabaseLockedError, DatabaseDamagedError, DatabaseNewerError, DatabaseUnusableError
 * @see SQLite, "Write-Ahead Logging" and "PRAGMA synchronous"
 */
export async function openSqlite(options: OpenSqliteOptions): Promise<Database> {
  const { path, log, clock = { nowMs: Date.now }, isMigrated = true } = options
  const { connection, query } = await openFile(path, isMigrated)
  const { write, later, close } = createGroupCommit({
    transact: (statements) => query.transaction().execute(statements),
    log,
    laterMs: 1_000,
  })
  let probes = 0
  return {
    engine: 'sqlite',
    query,
    write,
    later,
    nowMs: async () => clock.nowMs(),
    // A number in the head of the file that SQLite leaves to its users: a true write that needs no table.
    probe: () =>
      write(async (transaction) => {
        await sql`pragma user_version = ${sql.lit(++probes % 2)}`.execute(transaction)
      }),
    async close() {
      await close()
      await query.destroy()
      if (connection.isOpen) connection.close()
    },
  }
}

async function openFile(path: string, isMigrated: boolean) {
  let connection: DatabaseSync | undefined
  try {
    connection = connect(path)
    const query = new Kysely<Schema>({ dialect: sqliteDialect(connection) })
    const runs = await listMigrations(query, 'sqlite')
    if (isMigrated && runs.some(({ ranAt }) => ranAt === undefined)) await migrate(query, 'sqlite')
    return { connection, query }
  } catch (error) {
    connection?.close()
    throw refusalOf(error, path)
  }
}

function connect(path: string): DatabaseSync {
  if (path !== ':memory:') {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600)) // SQLite would let others read it
    chmodSync(path, 0o600)
  }
  const connection = new DatabaseSync(path, { timeout: 0 })
  try {
    // The lock first: a second process then fails at the next statement.
    connection.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL')
    connection.exec('PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON')
    const [found] = connection.prepare('PRAGMA quick_check(1)').all()
    if (found?.['quick_check'] !== 'ok') throw new DatabaseDamagedError(path, new Error(String(found?.['quick_check'])))
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

/** What stops a start, said for who has to mend it. */
function refusalOf(error: unknown, path: string): unknown {
  const cause = error instanceof StorageUnavailableError ? error.cause : error
  if (cause instanceof BaseError) return cause
  const code = resultCodeOf(cause)
  if (code === 5 || code === 6) return new DatabaseLockedError(path, cause) // BUSY, LOCKED
  if (code === 11 || code === 26) return new DatabaseDamagedError(path, cause) // CORRUPT, NOTADB
  const isOutage = error instanceof StorageUnavailableError || code !== undefined
  if (!isOutage && !(cause instanceof Error && 'syscall' in cause)) return error
  const fact = cause instanceof Error ? cause.message : String(cause)
  return new DatabaseUnusableError({ setting: 'OTTO_DATA_DIR', fact: `${path}: ${fact}.`, cause })
}
