import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { ModelTool } from '../llm/language-model.ts'
import type { ToolDescription } from '../tools/tool.ts'

/**
 * The tools as a model is told of them. Without `idempotencyKey`: the service makes the keys of a chat, and a model would
 * make up the same one again.
 */
export const toModelTools = (tools: readonly ToolDescription[]): readonly ModelTool[] =>
  tools.map(({ name, summary, inputSchema }) => ({ name, description: summary, parameters: withoutKey(inputSchema) }))

function withoutKey({ properties, ...schema }: JsonObject): JsonObject {
  return { ...schema, properties: isJsonObject(properties) ? dropKey(properties) : {} }
}

const dropKey = ({ idempotencyKey: _, ...properties }: JsonObject): { readonly [name: string]: JsonValue } => properties
