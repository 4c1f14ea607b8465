import { BaseError } from './errors.ts'
import type { JsonValue } from './json.ts'

/** Why a text was not taken as JSON. */
export type InvalidJsonReason =
  | 'syntax'
  | 'encoding' // not UTF-8, or a byte order mark
  | 'surrogate' // half of a UTF-16 pair, raw or escaped
  | 'depth'
  | 'duplicate_key'
  | 'forbidden_key'
  | 'number' // beyond ±(2^53−1): reading it would round it

const facts: Record<InvalidJsonReason, string> = {
  syntax: 'The text is not JSON.',
  encoding: 'The text is not UTF-8 without a byte order mark.',
  surrogate: 'A string holds half of a surrogate pair.',
  depth: 'The JSON nests too deep.',
  duplicate_key: 'An object names one member twice.',
  forbidden_key: 'A member has a name that is not allowed.',
  number: 'A number is beyond ±(2^53−1).',
}

/** The bytes are not the strict JSON we read; `details.reason` says which rule they break. */
export class InvalidJsonError extends BaseError {
  override readonly code = 'INVALID_JSON'
  override readonly kind = 'invalid'
  constructor(reason: InvalidJsonReason) {
    super(facts[reason], { details: { reason }, hint: 'Send one plain JSON object in UTF-8, each member once.' })
  }
}

export type DecodeJsonOptions = {
  /** How many arrays and objects may be open at once; 32 unless told. */
  readonly maxDepth?: number
  /**
   * `strict` refuses members named `__proto__`, `constructor` or `prototype`. `schema` is for texts that carry the
   * JSON Schemas of others: it refuses `__proto__`, and `prototype` directly inside a `constructor`.
   */
  readonly forbidden?: 'strict' | 'schema'
}

// The byte order mark is kept here so that it can be refused below instead of vanishing.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The JSON value of a text, or of its UTF-8 bytes, read without guessing: no rounding, no last-member-wins.
 * Checked in one scan before anything is built, since deep input parses well and overflows whoever walks it later.
 * Numbers beyond ±(2^53−1) are refused, in any notation. Time is linear in the length.
 * @throws InvalidJsonError
 * @see RFC 8259, RFC 7493 (I-JSON) §2
 * @example decodeJson('{"cell":4}') // { cell: 4 }
 */
export function decodeJson(
  source: Uint8Array | string,
  { maxDepth = 32, forbidden = 'strict' }: DecodeJsonOptions = {},
): JsonValue {
  const text = typeof source === 'string' ? source : decodeUtf8(source)
  if (text.startsWith('\ufeff')) throw new InvalidJsonError('encoding')
  if (!text.isWellFormed()) throw new InvalidJsonError('surrogate')
  scan(text, maxDepth, forbidden)
  return parse(text)
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new InvalidJsonError('encoding')
  }
}

// Without the parser's own error as cause: its text quotes the input.
function parse(text: string): JsonValue {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidJsonError('syntax')
  }
}

/** An open array or object. */
type Container = {
  readonly isObject: boolean
  /** The member names so far. */
  names: Set<string> | undefined
  /** The name of the member that holds it. */
  readonly under: string | undefined
  /** The newest member name. */
  name: string | undefined
}

const quote = 0x22
const comma = 0x2c
const minus = 0x2d
const zero = 0x30
const nine = 0x39
const openArray = 0x5b
const backslash = 0x5c
const closeArray = 0x5d
const openObject = 0x7b
const closeObject = 0x7d

/** Holds a text to all rules but the grammar, which is left to the parser: what breaks it only has to pass through. */
function scan(text: string, maxDepth: number, forbidden: 'strict' | 'schema'): void {
  const open: Container[] = []
  let nameIsNext = false
  let at = 0
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    if (unit === quote) {
      const end = endOfString(text, at)
      const container = open.at(-1)
      if (nameIsNext && container !== undefined) addName(container, text.slice(at, end), forbidden)
      nameIsNext = false
      at = end
    } else if (unit === minus || (unit >= zero && unit <= nine)) {
      at = endOfNumber(text, at)
    } else {
      if (unit === openObject || unit === openArray) {
        if (open.length === maxDepth) throw new InvalidJsonError('depth')
        const isObject = unit === openObject
        open.push({ isObject, names: undefined, under: open.at(-1)?.name, name: undefined })
        nameIsNext = isObject
      } else if (unit === closeObject || unit === closeArray) {
        open.pop()
        nameIsNext = false
      } else if (unit === comma) {
        nameIsNext = open.at(-1)?.isObject === true
      }
      at += 1
    }
  }
}

/** @throws InvalidJsonError when the name was there before or is forbidden */
function addName(container: Container, literal: string, forbidden: 'strict' | 'schema'): void {
  const name = literal.includes('\\') ? String(parse(literal)) : literal.slice(1, -1)
  if (isForbidden(name, container.under, forbidden)) throw new InvalidJsonError('forbidden_key')
  container.names ??= new Set()
  const before = container.names.size
  if (container.names.add(name).size === before) throw new InvalidJsonError('duplicate_key')
  container.name = name
}

function isForbidden(name: string, under: string | undefined, forbidden: 'strict' | 'schema'): boolean {
  if (name === '__proto__') return true
  if (forbidden === 'schema') return name === 'prototype' && under === 'constructor'
  return name === 'constructor' || name === 'prototype'
}

/** The place behind the closing quote, or the end of the text. @throws InvalidJsonError for an escaped half pair */
function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    if (unit === quote) return at + 1
    at += unit === backslash ? escapeLength(text, at) : 1
  }
  return at
}

const escapedHigh = /\\u[dD][89abAB][0-9a-fA-F]{2}/y
const escapedLow = /\\u[dD][c-fC-F][0-9a-fA-F]{2}/y

const matchesAt = (pattern: RegExp, text: string, at: number): boolean => {
  pattern.lastIndex = at
  return pattern.test(text)
}

/** How many units an escape takes, a surrogate pair counting as one. */
function escapeLength(text: string, at: number): number {
  // A fourth of all escapes at most reach the patterns: only \ud… can be a surrogate.
  const isSurrogateRange = text.charAt(at + 1) === 'u' && text.charAt(at + 2).toLowerCase() === 'd'
  if (!isSurrogateRange) return 2
  if (matchesAt(escapedLow, text, at)) throw new InvalidJsonError('surrogate')
  if (!matchesAt(escapedHigh, text, at)) return 2
  if (!matchesAt(escapedLow, text, at + 6)) throw new InvalidJsonError('surrogate')
  return 12
}

const numberToken = /[-+.0-9eE]+/y

/** @throws InvalidJsonError for a number that a double cannot hold as it is written, or an integer past 2^53−1 */
function endOfNumber(text: string, start: number): number {
  numberToken.lastIndex = start
  numberToken.test(text)
  const end = numberToken.lastIndex
  // Three characters cannot leave the bounds: 9e9 is the most they say. Longer ones are few enough to convert.
  const token = end - start > 3 ? text.slice(start, end) : ''
  if (Math.abs(Number(token)) > Number.MAX_SAFE_INTEGER) throw new InvalidJsonError('number')
  return end
}
