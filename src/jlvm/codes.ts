import { EvaluationError } from './errors.ts'
import type { Code, Machine } from './machine.ts'
import type { Path } from './scope.ts'
import { lookUp } from './scope.ts'
import type { Value } from './value.ts'
import { isTruthy } from './value.ts'

/** A value that is always the same, and costs nothing. */
export const constantCode =
  (value: Value): Code =>
  (machine) =>
    free(machine, value)

/** A variable with a literal path. A default costs nothing, and stands in for null; the empty path has none. */
export function pathCode(path: Path, fallback: Value | undefined): Code {
  if (path.kind === 'context')
    return (machine, context) => paid(machine, path.gas, context === undefined ? machine.root : context)
  if (fallback === undefined) return (machine, context) => paid(machine, path.gas, lookUp(path, machine.root, context))
  return (machine, context) => {
    const found = lookUp(path, machine.root, context)
    return found === null ? free(machine, fallback) : paid(machine, path.gas, found)
  }
}

/** An array expression: carries the costs of its elements. */
export function listCode(items: readonly Code[]): Code {
  return (machine, context) => {
    machine.strain(5 * items.length)
    const values: Value[] = []
    let cost = 0
    let depth = 0
    for (const item of items) {
      values.push(item(machine, context))
      cost += machine.cost
      if (machine.depth > depth) depth = machine.depth
    }
    machine.cost = cost
    machine.depth = depth
    return values
  }
}

/** An object literal: drops the costs of its members. */
export function mapCode(members: readonly (readonly [string, Code])[]): Code {
  return (machine, context) => {
    machine.strain(10 * members.length)
    const map = new Map<string, Value>()
    for (const [key, member] of members) map.set(key, member(machine, context))
    return free(machine, map)
  }
}

/**
 * Conditions in order, and the branch of the first true one: the only arguments that run. Costs what the branch costs.
 * @param branches condition, branch, condition, branch, …, and perhaps a last branch
 */
export function ifCode(branches: readonly Code[]): Code {
  return (machine, context) => {
    if (branches.length < 2) throw new EvaluationError('`if` takes at least two arguments.')
    machine.strain(branches.length)
    for (let at = 0; at < branches.length; at += 2) {
      const condition = branches[at]
      const branch = branches[at + 1]
      if (branch === undefined) return condition === undefined ? null : condition(machine, context)
      if (condition !== undefined && isTruthy(condition(machine, context))) return branch(machine, context)
    }
    return free(machine, null)
  }
}

/** Code that may stand in several places of one expression; `places` is final once the expression is compiled. */
export type Repeated = { readonly code: Code; places: number }

/**
 * Code outside callbacks that an evaluation runs once, however often the expression repeats it: without a way to name a
 * value, expressions repeat their longest parts.
 */
export const repeatedCode =
  (repeated: Repeated): Code =>
  (machine, context) =>
    repeated.places > 1 ? machine.once(repeated.code) : repeated.code(machine, context)

/** Always fails, where it is reached. @throws EvaluationError */
export const failingCode =
  (message: string): Code =>
  () => {
    throw new EvaluationError(message)
  }

const free = (machine: Machine, value: Value): Value => paid(machine, 0, value)

function paid(machine: Machine, cost: number, value: Value): Value {
  machine.cost = cost
  machine.depth = 0
  return value
}
