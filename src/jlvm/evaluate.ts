import { Machine } from './machine.ts'
import type { Program } from './program.ts'
import type { Value } from './value.ts'

/** `gasUsed` is the reported cost: what a node attaches to the value, less than what its budget was charged. */
export type Evaluation = { readonly value: Value; readonly gasUsed: number; readonly depth: number }

/** Gas of an evaluation that is given no limit. @see metakit 1.7.0-rc.9 `GasLimit.Default` */
export const defaultGasLimit = 1_000_000

/**
 * Runs a program on data: a pure function of both. The first error ends it.
 * @throws EvaluationError where the expression fails on this data; OutOfGasError where the limit is spent
 */
export function evaluate(program: Program, data: Value, options: { readonly gasLimit?: number } = {}): Evaluation {
  const machine = new Machine(data, options.gasLimit ?? defaultGasLimit)
  const value = program.code(machine, undefined)
  return { value, gasUsed: machine.cost, depth: Math.max(1, machine.depth) }
}
