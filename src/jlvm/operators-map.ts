import { Decimal } from './decimal.ts'
import { EvaluationError } from './errors.ts'
import type { Machine } from './machine.ts'
import type { Operators } from './operator.ts'
import { anyCount, binary, unary, variadic } from './operator.ts'
import { lookUp, parsePath, pathWork } from './scope.ts'
import { textOf } from './text.ts'
import type { Value } from './value.ts'
import { isList, isMap, typeName } from './value.ts'

/** Maps, and what is there at all. The order of keys is that of their UTF-16 units; a node leaves it open. */
export const mapOperators: Operators = {
  keys: unary(5, (value, machine) => (value === null ? null : sortedKeys(value, 'keys', machine, 1))),
  values: unary(5, (value, machine) =>
    value === null
      ? null
      : sortedKeys(value, 'values', machine, 1).map((key) => mapOf(value, 'values').get(key) ?? null),
  ),
  entries: unary(10, (value, machine) =>
    sortedKeys(value, 'entries', machine, 2).map((key) => [key, mapOf(value, 'entries').get(key) ?? null]),
  ),
  get: binary(3, (map, key) => {
    const found = mapOf(map, 'get').get(keyOf(key, 'get'))
    if (found === undefined) throw new EvaluationError('`get` finds no such key.')
    return found
  }),
  has: binary(3, (map, key) => mapOf(map, 'has').has(keyOf(key, 'has'))),
  typeof: unary(1, typeName),
  exists: variadic(5, anyCount, (values, machine) => {
    const list = spread(values)
    machine.strain(list.length)
    return !list.includes(null)
  }),
  missing: variadic(5, anyCount, (values, machine) => missingOf(spread(values), machine)),
  missing_some: variadic(15, [1, 2], missingSome),
}

function mapOf(value: Value, operator: string): ReadonlyMap<string, Value> {
  if (isMap(value)) return value
  throw new EvaluationError(`\`${operator}\` takes a map, not a ${typeName(value)}.`)
}

function keyOf(value: Value, operator: string): string {
  if (typeof value === 'string') return value
  throw new EvaluationError(`\`${operator}\` takes a text as key, not a ${typeName(value)}.`)
}

function sortedKeys(value: Value, operator: string, machine: Machine, gasPerKey: number): readonly string[] {
  const map = mapOf(value, operator)
  machine.reserve(gasPerKey * map.size)
  return [...map.keys()].sort()
}

/** A single array stands for its elements. */
function spread(values: readonly Value[]): readonly Value[] {
  const [only] = values
  return values.length === 1 && isList(only) ? only : values
}

/** The paths that find nothing or null in the root data, whatever the context; anything that is no path counts too. */
function missingOf(paths: readonly Value[], machine: Machine): readonly Value[] {
  machine.strain(paths.length)
  return paths.filter((path) => {
    if (typeof path !== 'string' && typeof path !== 'bigint' && !(path instanceof Decimal)) return true
    const text = textOf(path, machine)
    machine.strain(pathWork(text))
    return lookUp(parsePath(text), machine.root, undefined) === null
  })
}

/** The missing ones, unless the wanted number of paths is there; an array alone wants one. */
function missingSome([first = null, second]: readonly Value[], machine: Machine): Value {
  const paths = second ?? first
  const wanted = second === undefined ? 1n : first
  if (!isList(paths) || typeof wanted !== 'bigint' || wanted <= 0n || BigInt.asIntN(32, wanted) !== wanted)
    throw new EvaluationError('`missing_some` takes a number above zero and an array of paths.')
  const missing = missingOf(paths, machine)
  return BigInt(paths.length - missing.length) >= wanted ? [] : missing
}
