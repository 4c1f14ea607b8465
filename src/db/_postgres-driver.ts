import { setTimeout as sleep } from 'node:timers/promises'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely'
import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import pg from 'pg'
import { StorageUnavailableError, StorageUncertainError } from './errors.ts'

/** Kysely over a pool of `pg`. A commit whose answer was lost is asked after, so that its fate is told truly. */
export const postgresDialect = (pool: Pool): Dialect => ({
  createDriver: () => createDriver(pool),
  createQueryCompiler: () => new PostgresQueryCompiler(),
  createIntrospector: (kysely) => new PostgresIntrospector(kysely),
  createAdapter: () => new PostgresAdapter(),
})

/** A connection while somebody has it. */
type Lease = { readonly client: PoolClient; transactionId: string | undefined; isBroken: boolean }

function createDriver(pool: Pool): Driver {
  const leases = new WeakMap<DatabaseConnection, Lease>()
  const leaseOf = (connection: DatabaseConnection): Lease => {
    const lease = leases.get(connection)
    if (lease === undefined) throw new TypeError('Not a connection of this driver.')
    return lease
  }
  return {
    async init() {},
    async acquireConnection() {
      const client = await pool.connect().catch((error) => Promise.reject(new StorageUnavailableError(error)))
      const lease = { client, transactionId: undefined, isBroken: false }
      const connection = toConnection(lease)
      leases.set(connection, lease)
      return connection
    },
    async beginTransaction(connection) {
      const lease = leaseOf(connection)
      // Two statements, one way there and back: the number is needed should the answer to the commit be lost.
      const begun = await run(lease, 'begin isolation level read committed; select pg_current_xact_id()::text as id')
      lease.transactionId = begun.at(-1)?.rows[0]?.['id']
    },
    async commitTransaction(connection) {
      const lease = leaseOf(connection)
      try {
        const [done] = await run(lease, 'commit')
        if (done?.command === 'ROLLBACK') throw new TypeError('A statement failed, and the transaction was committed.')
      } catch (error) {
        const isStored = lease.isBroken ? await wasCommitted(pool, lease.transactionId) : false
        if (isStored === undefined) throw new StorageUncertainError(error)
        if (!isStored) throw error
      }
    },
    async rollbackTransaction(connection) {
      const lease = leaseOf(connection)
      // A connection that broke is closed when it is given back, and the server then rolls back.
      if (!lease.isBroken) await run(lease, 'rollback').catch(() => undefined)
    },
    async releaseConnection(connection) {
      const { client, isBroken } = leaseOf(connection)
      client.release(isBroken)
    },
    destroy: () => pool.end(),
  }
}

const toConnection = (lease: Lease): DatabaseConnection => ({
  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const [result] = await run(lease, sql, parameters)
    // The rows are what the statement's text says; Kysely's types follow that text.
    const rows = (result?.rows ?? []) as R[]
    return result?.rowCount == null ? { rows } : { rows, numAffectedRows: BigInt(result.rowCount) }
  },
  // biome-ignore lint/correctness/useYield: Kysely wants a generator
  async *streamQuery() {
    throw new TypeError('Rows are few: read them at once.')
  },
})

type Result = { readonly command: string; readonly rowCount: number | null; readonly rows: Record<string, string>[] }

/** Runs one text. @returns a result for each statement in it */
async function run(lease: Lease, sql: string, parameters: readonly unknown[] = []): Promise<readonly Result[]> {
  try {
    // `pg` gives a list for several statements, which its types do not say.
    const results: Result | Result[] = await lease.client.query(sql, [...parameters])
    return Array.isArray(results) ? results : [results]
  } catch (error) {
    // What the server says leaves the connection in order; anything else (cut, no answer in time) does not.
    if (!(error instanceof pg.DatabaseError) || isEndOfSession(error.code ?? '')) lease.isBroken = true
    throw isBug(error) ? error : new StorageUnavailableError(error)
  }
}

/** The server ended the session, or cannot say what became of it. @see PostgreSQL, appendix A */
const isEndOfSession = (code: string): boolean => code.startsWith('08') || code.startsWith('57P')

/** Statements or values that it does not take: ours to mend. All other refusals pass, or are an operator's to mend. */
const isBug = (error: unknown): boolean =>
  error instanceof pg.DatabaseError && /^(21|22|23|25P02|42(?!501))/.test(error.code ?? '')

/** How long the fate of a transaction is asked after. */
const fateMs = 5_000

/** Asks on another connection whether a transaction was committed. Undefined where nobody can say in time. */
async function wasCommitted(pool: Pool, transactionId: string | undefined): Promise<boolean | undefined> {
  const untilMs = performance.now() + fateMs
  while (transactionId !== undefined && performance.now() < untilMs) {
    try {
      const { rows } = await pool.query('select pg_xact_status($1::xid8) as fate', [transactionId])
      if (rows[0]?.fate !== 'in progress') return rows[0]?.fate === 'committed'
    } catch {
      // Away: it may be back before the time is over.
    }
    await sleep(100)
  }
  return undefined
}
