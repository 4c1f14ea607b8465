import { EvaluationError } from './errors.ts'
import type { Machine } from './machine.ts'
import { toPosition } from './numeric.ts'
import type { Operators } from './operator.ts'
import { anyCount, binary, unary, variadic } from './operator.ts'
import { structureKey } from './structure-key.ts'
import { textOf } from './text.ts'
import type { Value } from './value.ts'
import { isList, isMap, typeName, valuesEqual } from './value.ts'

/** Arrays, without the operators that run a callback. */
export const arrayOperators: Operators = {
  merge: variadic(5, anyCount, merge),
  in: binary(8, isIn),
  intersect: binary(15, isSubset),
  unique: unary(20, unique),
  slice: variadic(5, [2, 3], slice),
  reverse: unary(5, (value, machine) => {
    const list = listOf(value, 'reverse')
    machine.reserve(list.length)
    return list.toReversed()
  }),
  flatten: unary(10, (value, machine) => concatenate(listOf(value, 'flatten'), machine)),
  length: unary(1, (value) => {
    if (typeof value === 'string' || isList(value)) return BigInt(value.length)
    throw new EvaluationError(`\`length\` takes an array or a text, not a ${typeName(value)}.`)
  }),
}

/** The value as an array. @throws EvaluationError for any other type */
export function listOf(value: Value, operator: string): readonly Value[] {
  if (isList(value)) return value
  throw new EvaluationError(`\`${operator}\` takes an array, not a ${typeName(value)}.`)
}

/** Of maps alone, none included, one map; of anything else one array, to which a single array gives its elements. */
function merge(values: readonly Value[], machine: Machine): Value {
  if (values.every(isMap)) return mergeMaps(values, machine)
  const [only] = values
  return concatenate(values.length === 1 && isList(only) ? only : values, machine)
}

function mergeMaps(maps: readonly ReadonlyMap<string, Value>[], machine: Machine): Value {
  // The extra is the size of the result, which is at least that of any argument.
  for (const map of maps) {
    machine.reserve(map.size)
    machine.strain(10 * map.size) // a key is hashed and looked up
  }
  const merged = new Map<string, Value>()
  for (const map of maps) for (const [key, value] of map) merged.set(key, value)
  machine.reserve(merged.size)
  return merged
}

/** Puts the elements of arrays, and everything else as it is, into one array. */
function concatenate(values: readonly Value[], machine: Machine): readonly Value[] {
  machine.strain(values.length)
  machine.reserve(values.reduce((sum, value) => sum + (isList(value) ? value.length : 1), 0))
  // Not `flat`, which takes ten times as long: a list that doubles again and again is stopped by gas, not by time.
  const joined: Value[] = []
  for (const value of values) {
    if (isList(value)) for (const item of value) joined.push(item)
    else joined.push(value)
  }
  return joined
}

function isIn(needle: Value, haystack: Value, machine: Machine): Value {
  if (isList(haystack)) machine.reserve(haystack.length)
  if (typeof haystack === 'string') machine.reserve(Math.trunc(haystack.length / 10))
  if (needle === null) return false
  if (isList(haystack)) return haystack.some((item) => valuesEqual(item, needle, machine))
  if (typeof haystack !== 'string' || isList(needle) || isMap(needle))
    throw new EvaluationError(`\`in\` cannot look for a ${typeName(needle)} in a ${typeName(haystack)}.`)
  const part = textOf(needle, machine)
  machine.strain(haystack.length + part.length)
  return haystack.includes(part)
}

/** Is every element of the first among the second? Null first counts as no element, null second as no array. */
function isSubset(part: Value, whole: Value, machine: Machine): Value {
  if (part === null) return true
  if (isList(part) && whole === null) return false
  const wanted = listOf(part, 'intersect')
  const present = listOf(whole, 'intersect')
  machine.reserve(wanted.length + present.length)
  const keys = new Set(present.map((item) => structureKey(item, machine)))
  return wanted.every((item) => keys.has(structureKey(item, machine)))
}

function unique(value: Value, machine: Machine): Value {
  const list = listOf(value, 'unique')
  machine.reserve(list.length)
  const seen = new Map<string, Value>()
  for (const item of list) {
    const key = structureKey(item, machine)
    if (!seen.has(key)) seen.set(key, item)
  }
  return [...seen.values()]
}

function slice([value = null, start, end]: readonly Value[], machine: Machine): Value {
  const list = listOf(value, 'slice')
  const from = clamp(toPosition(start), list.length)
  const to = end === undefined ? list.length : clamp(toPosition(end), list.length)
  machine.reserve(Math.max(0, to - from))
  return list.slice(from, to)
}

/** Negative positions count from the end, and stop at the beginning. */
const clamp = (position: number, length: number): number =>
  Math.min(length, position < 0 ? Math.max(0, length + position) : position)
