import type { Code, Machine } from './machine.ts'
import type { Value } from './value.ts'

/** How a call of an operator is run. Arguments are evaluated first, all of them, left to right. */
export type Operator = Unary | Binary | Variadic | Loop | Special

/** `gas` is the base price; the function reserves the extra. @throws EvaluationError from every function */
type Priced = { readonly gas: number }

/** Takes one argument; any other count is an error. */
type Unary = Priced & { readonly shape: 'unary'; apply(value: Value, machine: Machine): Value }

/** Takes two arguments; any other count is an error, or gives `otherwise`. */
type Binary = Priced & {
  readonly shape: 'binary'
  readonly otherwise?: Value
  apply(left: Value, right: Value, machine: Machine): Value
}

/** Takes `least` to `most` arguments; `pair` is the same for two of them. */
type Variadic = Priced & {
  readonly shape: 'variadic'
  readonly least: number
  readonly most: number
  apply(values: readonly Value[], machine: Machine): Value
  pair?(left: Value, right: Value, machine: Machine): Value
}

/**
 * Takes items, a callback that is its second argument, and perhaps a third argument. The extra is the number of items.
 * `keeps` says which costs its result carries.
 */
export type Loop = Priced & {
  readonly shape: 'loop'
  readonly least: number
  readonly most: number
  readonly keeps: 'nothing' | 'callbacks' | 'everything'
  apply(items: Value, callback: Code, machine: Machine, third: Value | undefined): Value
}

/** Runs its arguments itself, and costs nothing. */
type Special = Priced & { readonly shape: 'if' | 'noop' }

/** A family of operators by name. */
export type Operators = Readonly<Record<string, Operator>>

/** An operator of one argument. */
export const unary = (gas: number, apply: Unary['apply']): Unary => ({ shape: 'unary', gas, apply })

/** An operator of two arguments. */
export const binary = (gas: number, apply: Binary['apply']): Binary => ({ shape: 'binary', gas, apply })

/** An operator of `least` to `most` arguments. */
export const variadic = (
  gas: number,
  [least, most]: readonly [number, number],
  apply: Variadic['apply'],
): Variadic => ({
  shape: 'variadic',
  gas,
  least,
  most,
  apply,
})

/** Any number of arguments. */
export const anyCount = [0, Number.POSITIVE_INFINITY] as const
