import type { ExpressionBuilder, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { Database, Write } from '../db/database.ts'
import type { BudgetScopeTable, Schema } from '../db/schema.ts'
import type { Bound, Fit, Tally } from './_bounds.ts'
import { costOf, fitOf, usedOf } from './_bounds.ts'
import type { Amount, SettlementRow, WorstCase } from './budget.ts'

type Engine = Database['engine']

/** A bound as it stands in the database. */
export type Stored = { readonly bound: Bound; readonly tally: Tally }

/** What came of asking for room: how much there was, and how the bounds stood before. */
export type Taken = Fit & { readonly isTaken: boolean; readonly before: readonly Stored[] }

/** Holds room on every bound at once, or on none. Nothing is thrown for a refusal: writes may share a transaction. */
export const takeRoom =
  (engine: Engine, bounds: readonly Bound[], { worst, nowMs }: { worst: WorstCase; nowMs: number }): Write<Taken> =>
  async (transaction) => {
    const before = await lockOrMakeRows(transaction, engine, { bounds, nowMs })
    const fit = fitOf(
      before.map(({ bound, tally }) => ({ bound, used: usedOf(tally) })),
      worst,
    )
    if (fit.outputTokens < worst.leastOutput) return { ...fit, isTaken: false, before }
    await addTo(transaction, bounds, { held: costOf(worst, fit.outputTokens), nowMs })
    return { ...fit, isTaken: true, before }
  }

type Settlement = { readonly reserved: Amount; readonly spent: Amount; readonly nowMs: number }

/** What was held becomes spent, as far as it was; with the row of the call where there is one. */
export const settleRoom =
  (engine: Engine, bounds: readonly Bound[], settlement: Settlement, row: SettlementRow | undefined): Write<unknown> =>
  async (transaction) => {
    const isNew = row === undefined || (await row(transaction))
    if (!isNew) return
    if (bounds.length > 1) await lockRows(transaction, engine, bounds)
    const { reserved, spent, nowMs } = settlement
    const held = { tokens: -reserved.tokens, nanoUsd: -reserved.nanoUsd }
    await addTo(transaction, bounds, { held, spent, nowMs })
  }

/** Days that are long over, for `Database.later`. What was spent on them stays in the usage. */
export const forgetDaysBefore =
  (day: string): Write<unknown> =>
  (transaction) =>
    transaction.deleteFrom('budget_scopes').where('period', '<>', 'ever').where('period', '<', day).execute()

/** Rows are missing but once for each period, so they are made only then. */
async function lockOrMakeRows(
  transaction: Transaction<Schema>,
  engine: Engine,
  { bounds, nowMs }: { readonly bounds: readonly Bound[]; readonly nowMs: number },
): Promise<readonly Stored[]> {
  const found = await lockRows(transaction, engine, bounds)
  if (found.length === bounds.length) return found
  await makeRows(transaction, bounds, nowMs)
  return lockRows(transaction, engine, bounds)
}

async function makeRows(transaction: Transaction<Schema>, bounds: readonly Bound[], nowMs: number): Promise<void> {
  const zero = { spent_tokens: 0, spent_nano_usd: 0, held_tokens: 0, held_nano_usd: 0, updated_ms: nowMs }
  await transaction
    .insertInto('budget_scopes')
    .values(bounds.map(({ kind, id, period }) => ({ kind, id, period, ...zero })))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** The rows of the bounds. On PostgreSQL nobody else has them until the end of the transaction. */
async function lockRows(
  transaction: Transaction<Schema>,
  engine: Engine,
  bounds: readonly Bound[],
): Promise<readonly Stored[]> {
  const query = transaction.selectFrom('budget_scopes').selectAll().where(isOneOf(bounds))
  // In one order by everybody, or two that wait for each other would both be thrown out.
  const rows = await (engine === 'sqlite'
    ? query
    : query.orderBy(sql`kind collate "C", period collate "C", id collate "C"`).forUpdate()
  ).execute()
  return bounds.flatMap((bound) => {
    const row = rows.find(({ kind, id, period }) => kind === bound.kind && id === bound.id && period === bound.period)
    return row === undefined ? [] : [{ bound, tally: toTally(row) }]
  })
}

const isOneOf = (bounds: readonly Bound[]) => (eb: ExpressionBuilder<Schema, 'budget_scopes'>) =>
  eb.or(bounds.map(({ kind, id, period }) => eb.and({ kind, id, period })))

type Added = { readonly held: Amount; readonly spent?: Amount; readonly nowMs: number }

const addTo = (transaction: Transaction<Schema>, bounds: readonly Bound[], { held, spent, nowMs }: Added) =>
  transaction
    .updateTable('budget_scopes')
    .set(({ eb }) => ({
      held_tokens: eb('held_tokens', '+', held.tokens),
      held_nano_usd: eb('held_nano_usd', '+', held.nanoUsd),
      spent_tokens: eb('spent_tokens', '+', spent?.tokens ?? 0),
      spent_nano_usd: eb('spent_nano_usd', '+', spent?.nanoUsd ?? 0),
      updated_ms: nowMs,
    }))
    .where(isOneOf(bounds))
    .execute()

/** A row of the database in our words. */
export const toTally = (row: BudgetScopeRow): Tally => ({
  spent: { tokens: row.spent_tokens, nanoUsd: row.spent_nano_usd },
  held: { tokens: row.held_tokens, nanoUsd: row.held_nano_usd },
})

export type BudgetScopeRow = Pick<BudgetScopeTable, 'spent_tokens' | 'spent_nano_usd' | 'held_tokens' | 'held_nano_usd'>
