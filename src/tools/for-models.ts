import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { ToolDescription, ToolOutcome } from './tool.ts'

/** A tool as a model is told of it. `parameters` is a JSON Schema of an object. */
export type ToolForModel = { readonly name: string; readonly description: string; readonly parameters: JsonObject }

/**
 * The tools as a model is told of them. Without `idempotencyKey`: the service makes the keys of a chat, and a model would
 * make up the same one again.
 */
export const toModelTools = (tools: readonly ToolDescription[]): readonly ToolForModel[] =>
  tools.map(({ name, summary, inputSchema }) => ({ name, description: summary, parameters: withoutKey(inputSchema) }))

function withoutKey({ properties, ...schema }: JsonObject): JsonObject {
  return { ...schema, properties: isJsonObject(properties) ? dropKey(properties) : {} }
}

const dropKey = ({ idempotencyKey: _, ...properties }: JsonObject): { readonly [name: string]: JsonValue } => properties

/** What a model is told of a call: one flat object. */
export type ModelAnswer = {
  readonly success: boolean
  readonly body: JsonObject
  readonly replayed?: true
  /** A person has to agree first. */
  readonly needsApproval?: true
}

/** The flat result, or the refusal with all that helps; without the trace id, which is nothing to a model. */
export function toModelAnswer(outcome: ToolOutcome): ModelAnswer {
  if (outcome.success)
    return { success: true, body: outcome.result, ...(outcome.replayed ? { replayed: true as const } : {}) }
  const { traceId: _, idempotencyKey: __, ...body } = outcome
  return {
    success: false,
    body: body satisfies JsonObject,
    ...(outcome.code === 'APPROVAL_NEEDED' ? { needsApproval: true as const } : {}),
  }
}
