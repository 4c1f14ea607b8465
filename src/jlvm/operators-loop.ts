import { Decimal } from './decimal.ts'
import { EvaluationError } from './errors.ts'
import type { Code, Machine } from './machine.ts'
import { toPosition } from './numeric.ts'
import type { Loop, Operators } from './operator.ts'
import { listOf } from './operators-array.ts'
import type { Value } from './value.ts'
import { isTruthy } from './value.ts'

/** Operators that run a callback over the elements of an array: all but `find` over every one, whatever it gives. */
export const loopOperators: Operators = {
  map: loop('map', 10, 'callbacks', (list, callback, machine) => list.map((item) => machine.visit(callback, item))),
  filter: loop('filter', 10, 'nothing', (list, callback, machine) =>
    list.filter((item) => isTruthy(machine.visit(callback, item))),
  ),
  reduce: { ...loop('reduce', 15, 'callbacks', reduce), most: 3 },
  all: { ...loop('all', 10, 'everything', every), apply: everyOrNull },
  some: { ...loop('some', 10, 'nothing', some), most: 3 },
  none: loop('none', 10, 'callbacks', (list, callback, machine) => countMatches(list, callback, machine) === 0),
  find: loop('find', 10, 'nothing', (list, callback, machine) => {
    for (const item of list) if (isTruthy(machine.visit(callback, item))) return item
    return null
  }),
  // Without a callback every element matches.
  count: {
    ...loop('count', 5, 'nothing', (list, callback, machine) => BigInt(countMatches(list, callback, machine))),
    least: 1,
  },
}

type Run = (list: readonly Value[], callback: Code, machine: Machine, third: Value | undefined) => Value

function loop(operator: string, gas: number, keeps: Loop['keeps'], run: Run): Loop {
  return {
    shape: 'loop',
    gas,
    least: 2,
    most: 2,
    keeps,
    apply: (items, callback, machine, third) => run(listOf(items, operator), callback, machine, third),
  }
}

function countMatches(list: readonly Value[], callback: Code, machine: Machine): number {
  let matches = 0
  for (const item of list) if (isTruthy(machine.visit(callback, item))) matches += 1
  return matches
}

function every(list: readonly Value[], callback: Code, machine: Machine): Value {
  return countMatches(list, callback, machine) === list.length
}

/** Null is false here, where the other operators refuse it; an empty array is true. */
function everyOrNull(items: Value, callback: Code, machine: Machine): Value {
  return items !== null && every(listOf(items, 'all'), callback, machine)
}

function some(list: readonly Value[], callback: Code, machine: Machine, least: Value | undefined): Value {
  const threshold = least === undefined ? 1 : toPosition(least)
  return countMatches(list, callback, machine) >= threshold
}

/** From the first element where no initial value is given; the callback's context is `{current, accumulator}`. */
function reduce(list: readonly Value[], callback: Code, machine: Machine, initial: Value | undefined): Value {
  if (initial !== undefined && !isPrimitive(initial))
    throw new EvaluationError('`reduce` starts from a bool, an int, a float or a text.')
  let accumulator = initial ?? list[0] ?? null
  for (const current of initial === undefined ? list.slice(1) : list)
    accumulator = machine.visit(callback, frame(current, accumulator))
  return accumulator
}

const frame = (current: Value, accumulator: Value): Value =>
  new Map([
    ['current', current],
    ['accumulator', accumulator],
  ])

const isPrimitive = (value: Value): boolean => (value !== null && typeof value !== 'object') || value instanceof Decimal
