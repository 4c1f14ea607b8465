import type { Machine } from './machine.ts'
import { compareNumbers, looselyEqual, promote } from './numeric.ts'
import type { Operator, Operators } from './operator.ts'
import { anyCount, binary, unary, variadic } from './operator.ts'
import type { Value } from './value.ts'
import { isTruthy, typeName, valuesEqual } from './value.ts'

/** Branches, truth, equality and order. `and` and `or` see all their arguments evaluated. */
export const logicOperators: Operators = {
  noop: { shape: 'noop', gas: 0 },
  if: { shape: 'if', gas: 0 }, // a node's table says 10, and its runtime never asks the table
  default: variadic(5, anyCount, (values) => values.find(isTruthy) ?? null),
  '!': unary(1, (value) => !isTruthy(value)),
  '!!': unary(1, isTruthy),
  and: decision(true),
  or: decision(false),
  '==': binary(3, looselyEqual),
  '!=': binary(3, (left, right, machine) => !looselyEqual(left, right, machine)),
  '===': { shape: 'binary', gas: 2, otherwise: false, apply: valuesEqual },
  // Values of two types are not "not equal" on a node, nor is null to anything.
  '!==': {
    shape: 'binary',
    gas: 2,
    otherwise: false,
    apply: (left, right, machine) => typeName(left) === typeName(right) && !valuesEqual(left, right, machine),
  },
  '<': chain((order) => order < 0),
  '<=': chain((order) => order <= 0),
  '>': binary(3, (left, right, machine) => order(left, right, machine) > 0),
  '>=': binary(3, (left, right, machine) => order(left, right, machine) >= 0),
}

/** The first value that is not as wanted, else the last; of no values, what is wanted. */
function decision(wanted: boolean): Operator {
  const decide = (values: readonly Value[]): Value => {
    for (const value of values) if (isTruthy(value) !== wanted) return value
    return values.at(-1) ?? wanted
  }
  return { ...variadic(2, anyCount, decide), pair: (left, right) => (isTruthy(left) === wanted ? right : left) }
}

/** Two or three numbers in order. Each is read, whatever the others are. */
function chain(isOrdered: (order: number) => boolean): Operator {
  return variadic(3, [2, 3], (values, machine) => {
    const [first = 0n, ...rest] = values.map((value) => promote(value, machine))
    let last = first
    let ordered = true
    for (const number of rest) {
      ordered &&= isOrdered(compareNumbers(last, number))
      last = number
    }
    return ordered
  })
}

const order = (left: Value, right: Value, machine: Machine): number =>
  compareNumbers(promote(left, machine), promote(right, machine))
