import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { UsageTable } from '../db/schema.ts'
import { decodeRow } from './_usage-rows.ts'
import type { TimeRange, UsageGroup, UsageKey, UsageRow, UsageScope, UsageTotals } from './usage.ts'

type Query = Database['query']
type Selection = { readonly scope?: UsageScope | undefined; readonly range: TimeRange }

const columns = {
  agent: 'agent_id',
  tool: 'tool',
  model: 'model',
  workflow: 'workflow_id',
  session: 'session_id',
  task: 'task_id',
  kind: 'kind',
} as const satisfies Readonly<Record<UsageScope['key'], keyof UsageTable>>

const lengths = { hour: 3_600_000, day: 86_400_000 } as const

/** Groups in one answer at most. */
const maxGroups = 10_000
const rowsAtOnce = 500

/** Sums of all rows of a selection. */
export async function selectTotals(query: Query, selection: Selection): Promise<UsageTotals> {
  const { tokens: _, ...totals } = await selected(query, selection).select(sums).executeTakeFirstOrThrow()
  return totals
}

/** Sums by keys, the dearest groups first, then those with the most tokens. */
export async function selectGroups(
  query: Query,
  by: readonly UsageKey[],
  selection: Selection & { readonly top: number },
): Promise<readonly UsageGroup[]> {
  const keys = [...new Set(by)]
  if (keys.length === 0) return [{ ...(await selectTotals(query, selection)), keys: {} }]
  // By their names: PostgreSQL takes an expression with a parameter for another one each time.
  const names = keys.map((key) => sql.ref(`key_${key}`))
  const rows = await selected(query, selection)
    .select(sums)
    .select(keys.map((key) => expressionOf(key).as(`key_${key}`)))
    .groupBy(names)
    .orderBy(sql.ref('nanoUsd'), 'desc')
    .orderBy(sql.ref('tokens'), 'desc')
    .orderBy(sql.join(names))
    .limit(Math.max(1, Math.min(Math.floor(selection.top), maxGroups)))
    .execute()
  return rows.map((row) => {
    const { calls, inputTokens, outputTokens, cachedTokens, nanoUsd, ms, errors } = row
    const words = keys.map((key) => [key, wordOf(key, row[`key_${key}`])])
    return { calls, inputTokens, outputTokens, cachedTokens, nanoUsd, ms, errors, keys: Object.fromEntries(words) }
  })
}

const total = (column: keyof UsageTable) => sql<number>`cast(coalesce(sum(${sql.ref(column)}), 0) as bigint)`

const sums = [
  sql<number>`count(*)`.as('calls'),
  total('input_tokens').as('inputTokens'),
  total('output_tokens').as('outputTokens'),
  total('cached_tokens').as('cachedTokens'),
  total('nano_usd').as('nanoUsd'),
  total('ms').as('ms'),
  sql<number>`cast(coalesce(sum(case when code = 'OK' then 0 else 1 end), 0) as bigint)`.as('errors'),
  sql<number>`cast(coalesce(sum(input_tokens + output_tokens), 0) as bigint)`.as('tokens'),
] as const

/** What rows are put together by. Times before 1970 do not come. */
const expressionOf = (key: UsageKey): RawBuilder<string | number> =>
  key === 'hour' || key === 'day' ? sql`at_ms - at_ms % ${sql.lit(lengths[key])}` : sql`${sql.ref(columns[key])}`

const wordOf = (key: UsageKey, value: string | number): string =>
  key === 'hour' || key === 'day' ? new Date(Number(value)).toISOString() : String(value)

/** Pages of rows by time, then in the order of their coming. Rows that come meanwhile are not waited for. */
export async function* selectRows(query: Query, selection: Selection, nowMs: number): AsyncGenerator<UsageRow> {
  const range = { ...selection.range, untilMs: selection.range.untilMs ?? nowMs + 1 }
  let last = { at_ms: Number.MIN_SAFE_INTEGER, seq: 0 }
  for (;;) {
    const after = last
    const rows = await selected(query, { ...selection, range })
      .selectAll()
      .where((eb) =>
        eb.or([eb('at_ms', '>', after.at_ms), eb.and([eb('at_ms', '=', after.at_ms), eb('seq', '>', after.seq)])]),
      )
      .orderBy('at_ms')
      .orderBy('seq')
      .limit(rowsAtOnce)
      .execute()
    yield* rows.map(decodeRow)
    last = rows.at(-1) ?? last
    if (rows.length < rowsAtOnce) return
  }
}

function selected(query: Query, { scope, range }: Selection) {
  let rows = query.selectFrom('usage')
  if (scope !== undefined) rows = rows.where(columns[scope.key], '=', scope.value)
  if (range.fromMs !== undefined) rows = rows.where('at_ms', '>=', Math.ceil(range.fromMs))
  if (range.untilMs !== undefined) rows = rows.where('at_ms', '<', Math.ceil(range.untilMs))
  return rows
}
