import { sql } from 'kysely'
import type { Amount, BudgetScope, Budgets, WorstCase } from '../../src/budget/budget.ts'
import { BudgetExceededError } from '../../src/budget/budget.ts'
import { createBudgets } from '../../src/budget/create-budgets.ts'
import type { UsageRow } from '../../src/budget/usage.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { openPostgres } from '../../src/db/open-postgres.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import type { EventType, Publish, TelemetryEvent } from '../../src/telemetry/event.ts'
import type { TestDatabase } from '../db/kit.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'

/** Both engines, each with how it is opened. */
export const engines: readonly { readonly name: string; readonly isThere: boolean; open(): Promise<TestDatabase> }[] = [
  {
    name: 'SQLite',
    isThere: true,
    async open() {
      const database = await openSqlite({ path: ':memory:', log: silentLog })
      return { database, other: database, close: () => database.close() }
    },
  },
  {
    name: postgresName,
    isThere: hasPostgres,
    async open() {
      const { url, drop } = await createPostgresDatabase()
      const open = () => openPostgres({ url, log: silentLog })
      const [database, other] = [await open(), await open()]
      const close = async () => {
        await Promise.all([database.close(), other.close()])
        await drop()
      }
      return { database, other, close }
    },
  },
]

/** Noon of a day, and time that stands until it is moved. */
export function handClock(startMs = Date.parse('2026-11-22T12:00:00Z')) {
  const time = { ms: startMs }
  return { time, clock: { nowMs: () => time.ms, monotonicMs: () => time.ms } }
}

/** Keeps what is told. */
export function recordingPublish() {
  const events: Pick<TelemetryEvent, 'type' | 'data'>[] = []
  const publish: Publish = (type, data) => void events.push({ type, data })
  const of = (type: EventType) => events.filter((event) => event.type === type).map(({ data }) => data)
  return { events, publish, of }
}

/** Budgets on a database, with a day of their own, so that tests do not share one. */
export function openBudgets(database: Database, { usd = 10, day }: { usd?: number; day?: string } = {}) {
  const { time, clock } = handClock(Date.parse(`${day ?? freshDay()}T12:00:00Z`))
  const { events, publish, of } = recordingPublish()
  const budgets = createBudgets({ database, clock, publish, maxUsdPerDay: usd })
  return { budgets, time, clock, events, publish, of }
}

let days = 0
/** A day that no other test of the file uses. */
export const freshDay = (): string => new Date(Date.UTC(2030, 0, 1 + days++)).toISOString().slice(0, 10)

/** A call of so many tokens at most, free unless told. */
export const callOf = (promptTokens: number, mostOutput: number, more: Partial<WorstCase> = {}): WorstCase => ({
  promptTokens,
  promptNanoUsd: 0,
  outputNanoUsd: 0,
  mostOutput,
  leastOutput: Math.min(16, mostOutput),
  ...more,
})

export const scope = (
  kind: BudgetScope['kind'],
  id: string,
  { window = 'process', ...limits }: Partial<BudgetScope>,
): BudgetScope => ({ kind, id, window, ...limits })

/** Every amount that a set of budgets counts, by kind and id. */
export async function standingOf(budgets: Budgets, kind: string, id: string): Promise<{ spent: Amount; held: Amount }> {
  const found = (await budgets.standings()).find((standing) => standing.kind === kind && standing.id === id)
  return { spent: found?.spent ?? { tokens: 0, nanoUsd: 0 }, held: found?.held ?? { tokens: 0, nanoUsd: 0 } }
}

/** What was refused for its budget; anything else is thrown on. */
export const refusedBy = (promise: Promise<unknown>): Promise<BudgetExceededError> =>
  promise.then(
    () => Promise.reject(new Error('It was let through.')),
    (error) => (error instanceof BudgetExceededError ? error : Promise.reject(error)),
  )

/**
 * From now on the database itself refuses every state of a kind's scopes above these bounds, whoever writes it: not only
 * what a test happens to look at.
 */
export async function guard(database: Database, kind: string, { tokens, nanoUsd }: Amount): Promise<void> {
  const isOver = (row: string) =>
    sql.raw(
      `${row}kind = '${kind}' and (${row}spent_tokens + ${row}held_tokens > ${tokens} or ${row}spent_nano_usd + ${row}held_nano_usd > ${nanoUsd} or ${row}held_tokens < 0 or ${row}held_nano_usd < 0)`,
    )
  if (database.engine === 'postgres')
    await sql`alter table budget_scopes add constraint ${sql.raw(`bound_of_${kind}`)} check (not (${isOver('')})) not valid`.execute(
      database.query,
    )
  else
    await sql`create trigger ${sql.raw(`bound_of_${kind}`)} before update on budget_scopes when ${isOver('new.')}
      begin select raise(abort, 'a bound was passed'); end`.execute(database.query)
}

/** Takes such a guard off. */
export async function unguard(database: Database, kind: string): Promise<void> {
  if (database.engine === 'postgres')
    await sql`alter table budget_scopes drop constraint ${sql.raw(`bound_of_${kind}`)}`.execute(database.query)
  else await sql`drop trigger ${sql.raw(`bound_of_${kind}`)}`.execute(database.query)
}

/** A row of nothing. */
export const usageRow: Omit<UsageRow, 'id' | 'atMs'> = {
  kind: 'llm',
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  estimatedTokens: 0,
  nanoUsd: 0,
  ms: 0,
  bytes: 0,
  code: 'OK',
}

/** All of it, as a list. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
