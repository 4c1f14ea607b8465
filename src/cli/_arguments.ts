import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'

/** An argument of a tool, as its JSON Schema describes it. */
export type ToolArgument = { readonly name: string; readonly type: string; readonly isRequired: boolean }

/** The arguments of a tool in the order of its schema: `player` of type `X or O`, `cell` of type `0–8`. */
export function argumentsOf(inputSchema: JsonObject): readonly ToolArgument[] {
  const { properties, required } = inputSchema
  if (!isJsonObject(properties)) return []
  const needed = isJsonArray(required) ? required : []
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    type: typeOf(schema),
    isRequired: needed.includes(name),
  }))
}

function typeOf(schema: JsonValue): string {
  if (!isJsonObject(schema)) return 'any'
  const { enum: words, type, format, minimum, maximum } = schema
  if (isJsonArray(words)) return words.join(' or ')
  if (typeof minimum === 'number' && typeof maximum === 'number') return `${minimum}–${maximum}`
  return String(format ?? type ?? 'any')
}

/**
 * Command-line words as the arguments of a tool: a text stays a text where the schema wants one, and is read as JSON
 * where it is JSON (`4`, `true`, `[1]`).
 * @example toArguments([['cell', '4']], schema) // { cell: 4 }
 */
export function toArguments(words: readonly (readonly [string, string])[], inputSchema: JsonObject): JsonObject {
  return Object.fromEntries(
    words.map(([name, text]) => [name, wantsText(inputSchema, name) ? text : (parsed(text) ?? text)]),
  )
}

function wantsText({ properties }: JsonObject, name: string): boolean {
  const schema = isJsonObject(properties) ? member(properties, name) : undefined
  return isJsonObject(schema) && member(schema, 'type') === 'string'
}

function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
