import { InvalidJsonError } from '../core/decode-json.ts'
import type { JsonValue } from '../core/json.ts'
import { isJsonArray } from '../core/json.ts'

const containerBytes = 16
const scalarBytes = 8
/** Deeper than any message or plan; a circle ends here, too. */
const maxDepth = 100

/** What a text counts for. */
export const textBytes = (text: string): number => Buffer.byteLength(text)

/**
 * Freezes a value to its depth and gives what it counts for in memory, bytes: an estimate that is a sum of its parts, so
 * that a change of a part is a change of the sum. 16 a list or an object, 8 a scalar, texts and names by their UTF-8.
 * @throws InvalidJsonError past a depth of 100
 */
export function weigh(value: JsonValue, depth = 0): number {
  if (typeof value === 'string') return scalarBytes + textBytes(value)
  if (typeof value !== 'object' || value === null) return scalarBytes
  if (depth >= maxDepth) throw new InvalidJsonError('depth')
  let bytes = containerBytes
  if (isJsonArray(value)) for (const item of value) bytes += weigh(item, depth + 1)
  else for (const [name, item] of Object.entries(value)) bytes += textBytes(name) + weigh(item, depth + 1)
  Object.freeze(value)
  return bytes
}
