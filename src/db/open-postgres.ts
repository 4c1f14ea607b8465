import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, sql } from 'kysely'
import type { PoolConfig } from 'pg'
import pg from 'pg'
import { BaseError, findCause } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { createGroupCommit, maxWaiting } from './_group-commit.ts'
import { postgresDialect } from './_postgres-driver.ts'
import type { Database, Write } from './database.ts'
import { DatabaseUnusableError, StorageUnavailableError } from './errors.ts'
import { listMigrations, migrate } from './migrate.ts'
import type { Schema } from './schema.ts'

export type OpenPostgresOptions = {
  /** `postgres://user:password@host:5432/name`. Never printed. */
  readonly url: string
  readonly log: Log
  /** 10 unless told. */
  readonly maxConnections?: number
  /** False leaves the tables as they are, for who only looks. */
  readonly isMigrated?: boolean
}

/**
 * Opens a database that several bridges share.
 * @throws DatabaseNewerError, DatabaseUnusableError
 */
export async function openPostgres(options: OpenPostgresOptions): Promise<Database> {
  const { url, log, maxConnections = 10, isMigrated = true } = options
  assertReadable(url)
  const pool = createPool({ connectionString: url, max: maxConnections }, log)
  const query = new Kysely<Schema>({ dialect: postgresDialect(pool) })
  try {
    const runs = await listMigrations(query, 'postgres')
    if (isMigrated && runs.some(({ ranAt }) => ranAt === undefined)) await migrateAlone(url, log)
  } catch (error) {
    await query.destroy()
    throw refusalOf(error)
  }
  const transact = <T>(write: Write<T>): Promise<T> => query.transaction().execute(write)
  const notes = createGroupCommit({ transact, log, laterMs: 200 })
  let inFlight = 0
  const write: Database['write'] = async (statements) => {
    if (inFlight >= maxWaiting) throw new StorageUnavailableError(new Error('Too many writes wait.'))
    inFlight++
    try {
      return await orOnceMore(() => transact(statements))
    } finally {
      inFlight--
    }
  }
  return {
    engine: 'postgres',
    query,
    write,
    later: notes.later,
    async nowMs() {
      const now = sql<{ ms: number }>`select (extract(epoch from clock_timestamp()) * 1000)::bigint as ms`
      return (await now.execute(query)).rows[0]?.ms ?? Number.NaN
    },
    probe: () => write(async () => undefined), // a transaction with a number of its own: a standby gives none
    async close() {
      await notes.close()
      await query.destroy()
    },
  }
}

/** An error of the parser holds the whole address, so it goes no further. */
function assertReadable(url: string): void {
  try {
    new pg.Client({ connectionString: url })
  } catch {
    const fact = 'its value is not an address like postgres://user:password@host:5432/name.'
    throw new DatabaseUnusableError({ setting, fact, cause: undefined })
  }
}

const setting = 'DATABASE_URL'

/** Runs the migrations on a connection of its own, since one may take longer than a statement of the service may. */
async function migrateAlone(url: string, log: Log): Promise<void> {
  const pool = createPool({ connectionString: url, max: 1, ...patient }, log)
  const query = new Kysely<Schema>({ dialect: postgresDialect(pool) })
  try {
    await migrate(query, 'postgres')
  } finally {
    await query.destroy()
  }
}

const patient = { statement_timeout: 300_000, query_timeout: 310_000 }

function createPool(config: PoolConfig, log: Log) {
  const pool = new pg.Pool({
    connectionTimeoutMillis: 5_000,
    statement_timeout: 5_000, // the server's own
    query_timeout: 7_000, // where the server does not answer at all
    idle_in_transaction_session_timeout: 10_000,
    keepAlive: true,
    application_name: 'otto',
    types: { getTypeParser },
    ...config,
    // A commit is told once it is on the disk, whatever the server does for others.
    onConnect: (client) => client.query(durable),
  })
  // Without a listener, the first connection that the server closes would end the process.
  const onError = (error: Error) => log.warn({ code: codeOf(error) }, 'a connection to the database was lost')
  pool.on('connect', (client) => client.on('error', onError))
  pool.on('error', () => undefined) // says the same again
  return pool
}

const durable = `select set_config('synchronous_commit', 'on', false)
  where current_setting('synchronous_commit') in ('off', 'local')`

/** Whole numbers as numbers: ours are times and counts, far below 2^53. */
const getTypeParser: typeof pg.types.getTypeParser = (oid, format) =>
  oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format)

/** Two transactions that got into each other's way: nothing was stored, and the other one is done. */
const collisions: readonly unknown[] = ['40001', '40P01']

async function orOnceMore<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!collisions.includes(findCause(error, pg.DatabaseError)?.code)) throw error
    await sleep(Math.random() * 20)
    return work()
  }
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'none')

/** What stops a start. Its text is ours or the server's own, which names no password. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof StorageUnavailableError)) return error
  const { cause } = error
  if (cause instanceof BaseError) return cause
  const fact = cause instanceof pg.DatabaseError ? cause.message : `no server answers (${codeOf(cause)})`
  return new DatabaseUnusableError({ setting, fact: `${fact}.`, cause })
}
