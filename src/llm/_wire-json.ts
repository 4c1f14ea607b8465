import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import { LlmBadResponseError } from './errors.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** @throws LlmBadResponseError for what is not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new LlmBadResponseError('The model server sent what is not UTF-8.')
  }
}

/** One JSON object, and nothing beside it. @throws LlmBadResponseError */
export function parseWireObject(text: string): JsonObject {
  const json = parse(text)
  if (!isJsonObject(json)) throw new LlmBadResponseError('The model server sent JSON that is no object.')
  return json
}

/** Without the parser's error as cause: its text quotes the input. */
function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue // what the parser gives is JSON; its length was bounded before
  } catch {
    throw new LlmBadResponseError('The model server sent what is not JSON.')
  }
}

/** A text member; absent and null say nothing. @throws LlmBadResponseError for anything else */
export function textMember(object: JsonObject, key: string): string {
  const value = member(object, key) ?? ''
  if (typeof value !== 'string') throw new LlmBadResponseError(`The model server sent a ${key} that is no text.`)
  return value
}

/** A list of objects; absent and null are an empty one. @throws LlmBadResponseError for anything else */
export function objectsMember(object: JsonObject, key: string): readonly JsonObject[] {
  const value = member(object, key) ?? []
  if (!isJsonArray(value) || !value.every(isJsonObject))
    throw new LlmBadResponseError(`The model server sent ${key} that are no list of objects.`)
  return value
}

/** An object; absent and null are an empty one. @throws LlmBadResponseError for anything else */
export function objectMember(object: JsonObject, key: string): JsonObject {
  const value = member(object, key) ?? {}
  if (!isJsonObject(value)) throw new LlmBadResponseError(`The model server sent a ${key} that is no object.`)
  return value
}

/** A count, 0 where none is told. */
export function countMember(object: JsonObject, key: string): number {
  const value = member(object, key)
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? value : 0
}

/** How deep the arguments of a call may nest, as everywhere a JSON text comes in. */
const maxDepth = 32

/** Arguments that a walk over them survives. @throws LlmBadResponseError */
export function assertShallow(args: JsonValue, depth = 0): void {
  if (typeof args !== 'object' || args === null) return
  if (depth >= maxDepth) throw new LlmBadResponseError('The model wrote a call that nests too deep.', { isCall: true })
  for (const inner of Object.values(args)) assertShallow(inner, depth + 1)
}
