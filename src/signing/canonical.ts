import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray } from '../core/json.ts'
import { JsonUnsupportedError } from './errors.ts'

/**
 * The one canonical text of a JSON value: members sorted by UTF-16 code unit, no blanks, numbers as ECMAScript writes them.
 * @throws JsonUnsupportedError for NaN, an infinity, a lone surrogate or what is not JSON
 * @see RFC 8785 §3.2
 * @example canonicalize({ b: 1, a: 2 }) // '{"a":2,"b":1}'
 */
export function canonicalize(value: JsonValue): string {
  if (typeof value === 'string') return canonicalString(value)
  if (typeof value === 'number') return canonicalNumber(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  if (value === null) return 'null'
  if (isJsonArray(value)) return canonicalArray(value)
  if (typeof value === 'object') return canonicalObject(value)
  throw new JsonUnsupportedError('not_json', `JSON has no word for ${typeof value}.`)
}

/**
 * The value without object members that are null, at any depth; array elements stay.
 * @see metakit, main line since February 2026: what its nodes canonicalise before hashing
 * @example dropNulls({ a: null, b: [null] }) // { b: [null] }
 */
export function dropNulls(value: JsonObject): JsonObject
export function dropNulls(value: JsonValue): JsonValue
export function dropNulls(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (isJsonArray(value)) return value.map((element) => dropNulls(element))
  const kept: [string, JsonValue][] = []
  for (const [key, member] of Object.entries(value)) if (member !== null) kept.push([key, dropNulls(member)])
  return Object.fromEntries(kept) // defines `__proto__` as a member, where an assignment would set the prototype
}

/** What needs no escape and holds no surrogate, half or whole. */
const plainText = /^[ !#-[\]-\ud7ff\ue000-\uffff]*$/

function canonicalString(text: string): string {
  if (plainText.test(text)) return `"${text}"`
  if (!text.isWellFormed()) throw new JsonUnsupportedError('lone_surrogate', 'A text holds half a surrogate pair.')
  return JSON.stringify(text) // its escapes are exactly those of RFC 8785 §3.2.2.2
}

function canonicalNumber(number: number): string {
  if (!Number.isFinite(number)) throw new JsonUnsupportedError('not_finite', `JSON has no number ${number}.`)
  return String(number) // writes -0 as 0, as RFC 8785 §3.2.2.3 asks
}

// Texts grow by `+=`: the engine joins them once at the end, where arrays and join would allocate at every level.
function canonicalArray(array: JsonArray): string {
  let text = '['
  for (const element of array) text += text.length === 1 ? canonicalize(element) : `,${canonicalize(element)}`
  return `${text}]`
}

function canonicalObject(object: JsonObject): string {
  let text = '{'
  for (const key of Object.keys(object).sort()) {
    const member = object[key] as JsonValue // an own key was just listed
    text += `${text.length === 1 ? '' : ','}${canonicalString(key)}:${canonicalize(member)}`
  }
  return `${text}}`
}
