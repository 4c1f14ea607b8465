import { nanoUsdPerUsd } from './budget.ts'
import type { UsageRow } from './usage.ts'

const columns: readonly (readonly [name: string, value: (row: UsageRow) => string | number | undefined])[] = [
  ['at', ({ atMs }) => new Date(atMs).toISOString()],
  ['id', ({ id }) => id],
  ['kind', ({ kind }) => kind],
  ['agent', ({ agentId }) => agentId],
  ['workflow', ({ workflowId }) => workflowId],
  ['session', ({ sessionId }) => sessionId],
  ['task', ({ taskId }) => taskId],
  ['trace', ({ traceId }) => traceId],
  ['tx', ({ txId }) => txId],
  ['tool', ({ tool }) => tool],
  ['provider', ({ provider }) => provider],
  ['model', ({ model }) => model],
  ['input_tokens', ({ inputTokens }) => inputTokens],
  ['output_tokens', ({ outputTokens }) => outputTokens],
  ['cached_tokens', ({ cachedTokens }) => cachedTokens],
  ['estimated_tokens', ({ estimatedTokens }) => estimatedTokens],
  ['usd', ({ nanoUsd }) => (nanoUsd / nanoUsdPerUsd).toFixed(9)],
  ['ms', ({ ms }) => ms],
  ['bytes', ({ bytes }) => bytes],
  ['code', ({ code }) => code],
]

/** Rows as CSV, a head first, one piece a line. @see RFC 4180 */
export async function* toCsv(rows: AsyncIterable<UsageRow> | Iterable<UsageRow>): AsyncGenerator<string> {
  yield toLine(columns.map(([name]) => name))
  for await (const row of rows) yield toLine(columns.map(([, value]) => toField(value(row))))
}

const toLine = (fields: readonly string[]): string => `${fields.join(',')}\r\n`

/** Tables run a text that begins so as a formula; behind an apostrophe it is text. @see OWASP, "CSV Injection" */
const formula = /^[=+\-@\t\r\n]/

function toField(value: string | number | undefined): string {
  if (typeof value !== 'string') return String(value ?? '')
  const harmless = formula.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
