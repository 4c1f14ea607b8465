import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import { textBytes, weigh } from './_weigh.ts'
import { ContextPathError } from './errors.ts'

/** A path in its parts; none is the whole value. */
export type ContextPath = { readonly text: string; readonly parts: readonly string[] }

/** A value in the place of another, and by how much it weighs more. */
export type Changed = { readonly value: JsonValue; readonly addedBytes: number }

/** What takes the place of what stood there; undefined: there was no such member. */
export type ChangePart = (old: JsonValue | undefined, path: ContextPath) => Changed

const maxParts = 32
const forbidden: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * `messages.0.text` in its parts; `''` is the whole value. A name with a dot in it cannot be said.
 * @throws ContextPathError for an empty part, more than 32, or `__proto__`, `constructor`, `prototype`
 */
export function parseContextPath(text: string): ContextPath {
  const parts = text === '' ? [] : text.split('.', maxParts + 1)
  if (parts.length > maxParts) throw new ContextPathError(text, `a path has at most ${maxParts} parts.`)
  for (const part of parts) {
    if (part === '') throw new ContextPathError(text, 'no part of a path may be empty.')
    assertName(part, text)
  }
  return { text, parts }
}

function assertName(name: string, path: string): void {
  if (forbidden.has(name)) throw new ContextPathError(path, `${name} is not a name that can be used.`)
}

/** What stands at a path; undefined where nothing does. */
export function readAt(root: JsonValue, { parts }: ContextPath): JsonValue | undefined {
  let value: JsonValue | undefined = root
  for (const part of parts) {
    if (isJsonArray(value)) value = value[toIndex(part) ?? -1]
    else value = isJsonObject(value) ? member(value, part) : undefined
  }
  return value
}

/**
 * The value with another part at a path; what lies beside the path is shared. The last part may name a new member; all
 * before it must be there, and so must a place in a list.
 * @throws ContextPathError, and what `change` throws
 */
export function changeAt(root: JsonValue, path: ContextPath, change: ChangePart, depth = 0): Changed {
  const part = path.parts[depth]
  if (part === undefined) return change(root, path)
  const isLast = depth === path.parts.length - 1
  const within = (old: JsonValue) => changeAt(old, path, change, depth + 1)
  if (isJsonArray(root)) {
    const index = toIndex(part)
    const old = index === undefined ? undefined : root[index]
    if (index === undefined || old === undefined) throw leadsNowhere(path, part, `a list of ${root.length}`)
    const { value, addedBytes } = within(old)
    return { value: Object.freeze(root.with(index, value)), addedBytes }
  }
  if (!isJsonObject(root)) throw leadsNowhere(path, part, 'neither an object nor a list')
  const old = member(root, part)
  if (old === undefined && !isLast) throw leadsNowhere(path, part, 'an object without it')
  const { value, addedBytes } = old === undefined ? change(undefined, path) : within(old)
  const nameBytes = old === undefined ? textBytes(part) : 0
  return { value: Object.freeze({ ...root, [part]: value }), addedBytes: addedBytes + nameBytes }
}

const leadsNowhere = (path: ContextPath, part: string, found: string) =>
  new ContextPathError(path.text, `there is ${found} where ${part} is looked for.`)

/** Puts a value there. */
export const toSet =
  (value: JsonValue): ChangePart =>
  (old) => ({ value, addedBytes: weigh(value) - (old === undefined ? 0 : weigh(old)) })

/** Adds to the list there; begins one where there is none. */
export const toAppended =
  (values: readonly JsonValue[]): ChangePart =>
  (old, path) => {
    if (old !== undefined && !isJsonArray(old)) throw new ContextPathError(path.text, 'there is no list.')
    const addedBytes = values.reduce<number>((bytes, value) => bytes + weigh(value), old === undefined ? weigh([]) : 0)
    return { value: Object.freeze([...(old ?? []), ...values]), addedBytes }
  }

/** Merges into what is there: objects member by member, null takes a member away, anything else takes its place. */
export const toMerged =
  (patch: JsonValue): ChangePart =>
  (old, path) =>
    toSet(mergePatch(old, patch, path.text))(old, path)

/** @see RFC 7396 §2 */
function mergePatch(target: JsonValue | undefined, patch: JsonValue, path: string): JsonValue {
  if (!isJsonObject(patch)) return patch
  const merged = new Map<string, JsonValue>(Object.entries(isJsonObject(target) ? target : {}))
  for (const [name, value] of Object.entries<JsonValue>(patch)) {
    assertName(name, path)
    if (value === null) merged.delete(name)
    else merged.set(name, mergePatch(merged.get(name), value, path))
  }
  const object: JsonObject = Object.fromEntries(merged)
  return object
}

function toIndex(part: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,9})$/.test(part) ? Number(part) : undefined
}
