import { z } from 'zod'
import { errorTable } from '../../core/error-table.ts'
import type { JsonObject } from '../../core/json.ts'
import { GameView } from '../../tictactoe/game-view.ts'
import { GamePage } from '../../tictactoe/list-games.ts'
import { Approval } from '../../tools/approvals.ts'
import { ApprovalList, Decision } from '../approvals.ts'

/** A zod schema as the document has it, of what is on the wire. @see JSON Schema 2020-12, OpenAPI 3.1 §4.8.24 */
export function toJsonSchema(schema: z.ZodType): JsonObject {
  const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema, { io: 'input' })
  return jsonSchema as JsonObject // what zod writes is JSON
}

/** Every code that reaches a caller. */
export const Code = z.enum(Object.keys(errorTable)).describe('Never changes its meaning; docs/errors.md explains each.')
const Details = z.record(z.string(), z.unknown()).describe('Facts for programs, by code.')
const TraceId = z.string().describe('One id from the request to the ledger message; in X-Trace-Id and the logs too.')

const refusalFields = {
  code: Code,
  outcome: z
    .enum(['not_submitted', 'rejected', 'unknown', 'pending'])
    .describe('What happened to the thing asked for; the first two are said only with proof.'),
  retryable: z.boolean().describe('Does it help to send the same request again, under the same idempotency key?'),
  hint: z.string().describe('The next step in plain words, for a model.'),
  details: Details,
  idempotencyKey: z.string().optional().describe('The key to ask again under.'),
  traceId: TraceId,
}

/** What a tool answers when it did not do what was asked for. */
const ToolFailure = z.object({ success: z.literal(false), error: z.string(), ...refusalFields })

/** @see RFC 9457 §3 */
const Problem = z.object({
  type: z.string().describe('urn:otto:error: and the code in lower case.'),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  ...refusalFields,
})

const ToolDescription = z.object({
  name: z.string(),
  summary: z.string(),
  effect: z.enum(['read', 'write']).describe('A write signs and submits; a read never changes anything.'),
  inputSchema: z.record(z.string(), z.unknown()).describe('JSON Schema of the arguments.'),
  outputSchema: z.record(z.string(), z.unknown()).describe('JSON Schema of the result.'),
})

const Wallet = z.object({ address: z.string().describe('A DAG address.') })
const Word = z.enum(['healthy', 'degraded', 'unhealthy'])
const Component = z.object({
  status: Word,
  since: z.iso.datetime().optional().describe('When it was first found in this status.'),
  lastOkAt: z.iso.datetime().nullable().optional(),
  latencyMs: z.number().optional(),
})
const Components = z.record(z.string(), Component).describe('By part. A caller without the token gets the words alone.')

/** The shapes that several places of the document name. */
export const componentSchemas: Readonly<Record<string, JsonObject>> = {
  GameView: toJsonSchema(GameView),
  GamePage: toJsonSchema(GamePage),
  ToolRequest: toJsonSchema(
    z.strictObject({
      tool: z.string().min(1).max(128).describe('A name from GET /otto/tools.'),
      args: Details.optional().describe("By the tool's schema; nothing is coerced."),
      arguments: Details.optional().describe('The same under the name that models like to write; never both.'),
    }),
  ),
  ToolSuccess: toJsonSchema(
    z.object({
      success: z.literal(true),
      result: z.record(z.string(), z.unknown()).describe("By the tool's output schema."),
      traceId: TraceId,
      replayed: z.literal(true).optional().describe('It had been done before and was not done again.'),
    }),
  ),
  ToolFailure: toJsonSchema(ToolFailure),
  Problem: toJsonSchema(Problem),
  ToolList: toJsonSchema(z.object({ tools: z.array(ToolDescription) })),
  Approval: toJsonSchema(Approval),
  ApprovalList: toJsonSchema(ApprovalList),
  ApprovalDecision: toJsonSchema(Decision),
  Wallets: toJsonSchema(z.object({ playerX: Wallet, playerO: Wallet })),
  Health: toJsonSchema(
    z.object({
      status: Word,
      components: Components,
      openIntents: z.int().optional().describe('Writes whose fate is not known yet. Not told without the token.'),
      oldestOpenMs: z.number().nullable().optional().describe('How old the oldest of them is; null without any.'),
    }),
  ),
  Readiness: toJsonSchema(z.object({ status: z.enum(['ready', 'not_ready']), components: Components })),
  Liveness: toJsonSchema(z.object({ status: z.literal('alive') })),
}

/** A place that names a component. */
export const schemaRef = (name: string): JsonObject => ({ $ref: `#/components/schemas/${name}` })

/** The schema itself, or the component that says the same. */
export function sharedSchema(schema: JsonObject): JsonObject {
  const text = JSON.stringify(schema)
  const found = Object.entries(componentSchemas).find(([, component]) => JSON.stringify(component) === text)
  return found === undefined ? schema : schemaRef(found[0])
}
