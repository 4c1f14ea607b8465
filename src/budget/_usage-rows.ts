import type { Insertable, Selectable, Transaction } from 'kysely'
import type { Schema, UsageTable } from '../db/schema.ts'
import type { UsageRow } from './usage.ts'

/** Rows in one statement: some 2,000 values, where SQLite takes 32,766. */
const rowsAtOnce = 100

/** Stores rows; those that are there already stay. @returns how many were new */
export async function insertRows(transaction: Transaction<Schema>, rows: readonly UsageRow[]): Promise<number> {
  let stored = 0
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const result = await transaction
      .insertInto('usage')
      .values(rows.slice(from, from + rowsAtOnce).map(encodeRow))
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst()
    stored += Number(result.numInsertedOrUpdatedRows ?? 0n)
  }
  return stored
}

/** Milliseconds come from clocks with fractions; both engines keep whole numbers. */
const encodeRow = (row: UsageRow): Insertable<UsageTable> => ({
  id: row.id,
  at_ms: row.atMs,
  kind: row.kind,
  trace_id: row.traceId ?? '',
  workflow_id: row.workflowId ?? '',
  task_id: row.taskId ?? '',
  agent_id: row.agentId ?? '',
  session_id: row.sessionId ?? '',
  tx_id: row.txId ?? '',
  tool: row.tool ?? '',
  provider: row.provider ?? '',
  model: row.model ?? '',
  input_tokens: row.inputTokens,
  output_tokens: row.outputTokens,
  cached_tokens: row.cachedTokens,
  estimated_tokens: row.estimatedTokens,
  nano_usd: row.nanoUsd,
  ms: Math.round(row.ms),
  bytes: row.bytes,
  code: row.code,
})

/** A row of the table in our words: what is empty there is missing here. */
export const decodeRow = (row: Selectable<UsageTable>): UsageRow => ({
  id: row.id,
  atMs: row.at_ms,
  kind: row.kind,
  ...named('traceId', row.trace_id),
  ...named('workflowId', row.workflow_id),
  ...named('taskId', row.task_id),
  ...named('agentId', row.agent_id),
  ...named('sessionId', row.session_id),
  ...named('txId', row.tx_id),
  ...named('tool', row.tool),
  ...named('provider', row.provider),
  ...named('model', row.model),
  inputTokens: row.input_tokens,
  outputTokens: row.output_tokens,
  cachedTokens: row.cached_tokens,
  estimatedTokens: row.estimated_tokens,
  nanoUsd: row.nano_usd,
  ms: row.ms,
  bytes: row.bytes,
  code: row.code,
})

const named = <Key extends string>(key: Key, value: string): { readonly [key in Key]?: string } =>
  // The one member is of the type: a computed key widens to any string.
  value === '' ? {} : ({ [key]: value } as { readonly [key in Key]: string })
