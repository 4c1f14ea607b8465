import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely'
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { StorageUnavailableError } from './errors.ts'

/** Kysely over one open connection of `node:sqlite`. Whoever is in a transaction has the connection alone. */
export const sqliteDialect = (database: DatabaseSync): Dialect => ({
  createDriver: () => createDriver(database),
  createQueryCompiler: () => new SqliteQueryCompiler(),
  createIntrospector: (kysely) => new SqliteIntrospector(kysely),
  // SQLite rolls changes of tables back like any other: a migration that dies half way leaves nothing behind.
  createAdapter: () => Object.defineProperty(new SqliteAdapter(), 'supportsTransactionalDdl', { value: true }),
})

function createDriver(database: DatabaseSync): Driver {
  const statements = createStatements(database)
  const connection: DatabaseConnection = {
    async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
      return execute(statements.get(query.sql), query)
    },
    // biome-ignore lint/correctness/useYield: Kysely wants a generator
    async *streamQuery() {
      throw new TypeError('Rows are few: read them at once.')
    },
  }
  const run = async (sql: string): Promise<void> => void stored(() => statements.get(sql).statement.run())
  return {
    async init() {},
    acquireConnection: async () => connection,
    beginTransaction: () => run('begin'),
    commitTransaction: () => run('commit'),
    // A full disk or a failed write has rolled it back already.
    rollbackTransaction: async () => (database.isTransaction ? run('rollback') : undefined),
    async releaseConnection() {},
    async destroy() {
      statements.clear()
      database.close()
    },
  }
}

type Prepared = { readonly statement: StatementSync; readonly givesRows: boolean }

/** Preparing costs more than running, so each text is prepared once. */
function createStatements(database: DatabaseSync) {
  const byText = new Map<string, Prepared>()
  return {
    get(sql: string): Prepared {
      const known = byText.get(sql)
      if (known !== undefined) return known
      const statement = stored(() => database.prepare(sql))
      const prepared = { statement, givesRows: statement.columns().length > 0 }
      if (byText.size >= maxStatements) byText.clear()
      byText.set(sql, prepared)
      return prepared
    },
    clear: () => byText.clear(),
  }
}

/** More texts than the code has; lists of values make others. */
const maxStatements = 500

function execute<R>({ statement, givesRows }: Prepared, { parameters }: CompiledQuery): QueryResult<R> {
  const values = parameters.map(toSqlValue)
  return stored(() => {
    // The rows are what the statement's text says; Kysely's types follow that text.
    if (givesRows) return { rows: statement.all(...values) as R[] }
    const { changes, lastInsertRowid } = statement.run(...values)
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) }
  })
}

/**
 * `node:sqlite` binds null, numbers, bigints, text and bytes.
 * @throws TypeError for any other object: as first value it would be read as a list of named parameters and bind null
 */
function toSqlValue(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value
  if (value instanceof Uint8Array) return value
  throw new TypeError(`SQLite cannot hold a ${typeof value}.`)
}

/** Runs it; what the disk or the file refuses is an outage, anything else a bug. */
function stored<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw outages.has(resultCodeOf(error) ?? 0) ? new StorageUnavailableError(error) : error
  }
}

/** SQLite's result code; undefined for what is not SQLite's. @see SQLite, "Result and Error Codes" */
export const resultCodeOf = (error: unknown): number | undefined =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined

/** BUSY, LOCKED, NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB */
const outages: ReadonlySet<number> = new Set([5, 6, 7, 8, 10, 11, 13, 14, 26])
