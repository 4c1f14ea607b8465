import { jsonrepair } from 'jsonrepair'
import { decodeJson, InvalidJsonError } from '../core/decode-json.ts'
import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'

/** What a bracketed text says; `isRepaired` when it was not quite JSON. */
export type BracketReading = { readonly value: JsonObject | JsonArray; readonly isRepaired: boolean }

/** A repair costs more than a read, and no call of a tool is longer. */
const maxRepairChars = 16_384

/**
 * The place behind the bracket that closes the one at `start`. Undefined when none does before `limit`: such a text was
 * cut off, and nobody may complete it. Also undefined when a bracket of the other kind comes first. Linear in the length.
 */
export function endOfBracket(text: string, start: number, limit = text.length): number | undefined {
  const open: string[] = []
  let before = '' // the last character that is not a blank
  let at = start
  while (at < limit) {
    const unit = text.charAt(at)
    if (unit === '"' || (unit === "'" && isBeforeValue(before))) {
      at = endOfString(text, at, limit)
      before = unit
      continue
    }
    if (unit === '{') open.push('}')
    else if (unit === '[') open.push(']')
    else if (unit === '}' || unit === ']') {
      if (open.pop() !== unit) return undefined
      if (open.length === 0) return at + 1
    }
    if (unit.trim() !== '') before = unit
    at += unit === '\\' ? 2 : 1 // `{\"name\": …}`: those quotes are part of the escape, they open nothing
  }
  return undefined
}

/** Elsewhere a single quote is an apostrophe. */
const isBeforeValue = (before: string): boolean => before === '{' || before === '[' || before === ',' || before === ':'

const afterString = /\s*(?:[,:}\]]|$)/y

/** The place behind the closing quote, or `limit`. A single quote closes only where a string may end. */
function endOfString(text: string, start: number, limit: number): number {
  const quote = text.charAt(start)
  let at = start + 1
  while (at < limit) {
    const unit = text.charAt(at)
    at += unit === '\\' ? 2 : 1
    if (unit !== quote) continue
    afterString.lastIndex = at
    if (quote === '"' || afterString.test(text)) return at
  }
  return limit
}

/**
 * Reads a text that is one object or one list, whole: as JSON, or after one repair of quotes, commas, comments and
 * Python's words. Undefined for anything else: a text cut off, one that only a guess could complete, a member named
 * twice or named `__proto__`, nesting past 32.
 */
export function readBrackets(text: string): BracketReading | undefined {
  if (endOfBracket(text, 0) !== text.length) return undefined
  const strict = decode(text)
  if (strict !== 'syntax') return bracketed(strict, false)
  const isGuess = isElided.test(text) || isDangling.test(text) || hasOpenQuote(text)
  if (text.length > maxRepairChars || isGuess) return undefined
  return bracketed(repair(text) ?? repair(withoutOuterBraces(text)), true)
}

/** A text with parts left out. The repair would drop the dots and call the rest the whole. */
const isElided = /(?<![\w.])\.\.\.|…/

/** Half a number: a sign or an exponent without digits. The repair would make one up. */
const isDangling = /[:,[]\s*(?:-|-?[\d.]+[eE][-+]?)\s*[,}\]]/

/** A string that nothing closes, in the quotes that `endOfBracket` does not follow. The repair would close it. */
const hasOpenQuote = (text: string): boolean =>
  count(text, '“') !== count(text, '”') || (/^[{[\s]*\\"/.test(text) && count(text, '\\"') % 2 === 1)

const count = (text: string, part: string): number => text.split(part).length - 1

/** `{{"name": …}}`, from templates in which braces are doubled. */
function withoutOuterBraces(text: string): string {
  const inner = text.slice(1, -1).trim()
  return inner.startsWith('{') && endOfBracket(inner, 0) === inner.length ? inner : ''
}

function repair(text: string): JsonValue | undefined {
  try {
    const value = decode(jsonrepair(text))
    return value === 'syntax' ? undefined : value
  } catch {
    return undefined // beyond repair; for a very deep text the parser's stack ends first
  }
}

/** `syntax` where a repair may help; undefined where the text is refused for what it says. */
function decode(text: string): JsonValue | undefined {
  try {
    return decodeJson(text)
  } catch (error) {
    return error instanceof InvalidJsonError && error.details['reason'] === 'syntax' ? 'syntax' : undefined
  }
}

/** Prose repairs to a string, and that is no call. */
const bracketed = (value: JsonValue | undefined, isRepaired: boolean): BracketReading | undefined =>
  isJsonObject(value) || isJsonArray(value) ? { value, isRepaired } : undefined
