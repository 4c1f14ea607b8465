import { maxValueDepth } from '../jlvm/limits.ts'
import type { Value } from '../jlvm/value.ts'
import { isList, isMap, toJson } from '../jlvm/value.ts'
import type { Phase } from './errors.ts'
import { evaluationFailed, TransactionAbortedError } from './errors.ts'
import type { Limits } from './limits.ts'

/** What a walk has left to spend. */
type Walk = { bytes: number; readonly phase: Phase }

/**
 * Refuses what could not be stored: more than the limit of canonical bytes, deeper than the machine's values go, a number outside the
 * doubles, or text with half a surrogate pair. The walk ends at the limit, so that a value which shares its parts, and
 * would be astronomical as JSON, costs no more than the largest that passes.
 * @throws TransactionAbortedError `StateSizeTooLarge`, or `EvaluationError` with the phase
 */
export function assertStorable(value: Value, { stateBytes }: Limits, phase: Phase): void {
  const walk: Walk = { bytes: stateBytes, phase }
  spendValue(value, walk, 0)
  if (walk.bytes < 0) throw tooLarge(stateBytes)
}

/** The failure of a result, or of state data, that is too large to keep. */
export const tooLarge = (limit: number): TransactionAbortedError =>
  new TransactionAbortedError('StateSizeTooLarge', `The resulting state is larger than ${limit} bytes.`)

function spendValue(value: Value, walk: Walk, depth: number): void {
  if (walk.bytes < 0) return
  if (depth > maxValueDepth) throw evaluationFailed(walk.phase, `the result nests deeper than ${maxValueDepth} levels`)
  if (typeof value === 'string') spendText(value, walk)
  else if (isList(value)) {
    walk.bytes -= Math.max(2, value.length + 1) // brackets and commas
    for (const item of value) spendValue(item, walk, depth + 1)
  } else if (isMap(value)) {
    walk.bytes -= Math.max(2, 2 * value.size + 1) // braces, colons and commas
    for (const [key, item] of value) {
      spendText(key, walk)
      spendValue(item, walk, depth + 1)
    }
  } else spendScalar(value, walk)
}

/** What JSON writes as it stands, a byte a character. */
const plainText = /^[ !#-[\]-~]*$/

function spendText(text: string, walk: Walk): void {
  if (plainText.test(text)) {
    walk.bytes -= text.length + 2
    return
  }
  if (!text.isWellFormed()) throw evaluationFailed(walk.phase, 'the result holds half a surrogate pair')
  walk.bytes -= Buffer.byteLength(JSON.stringify(text))
}

function spendScalar(value: Value, walk: Walk): void {
  const json = toJson(value)
  if (typeof json === 'number' && !Number.isFinite(json))
    throw evaluationFailed(walk.phase, 'the result holds a number that JSON cannot carry')
  walk.bytes -= String(json).length
}
