import { BaseError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { Decimal } from '../../src/jlvm/decimal.ts'
import { evaluate } from '../../src/jlvm/evaluate.ts'
import type { Program } from '../../src/jlvm/program.ts'
import { compile } from '../../src/jlvm/program.ts'
import type { Value } from '../../src/jlvm/value.ts'
import { fromJson, isList, isMap, toJson } from '../../src/jlvm/value.ts'

type Outcome = { readonly value: JsonValue; readonly gasUsed: number; readonly depth: number }

/** Evaluates an expression on JSON data and gives JSON. */
export function run(expression: JsonValue, data: JsonValue = {}, gasLimit = 1_000_000): Outcome {
  const { value, gasUsed, depth } = evaluate(compile(expression), fromJson(data), { gasLimit })
  return { value: toJson(value), gasUsed, depth }
}

/** The value alone. */
export const resultOf = (expression: JsonValue, data: JsonValue = {}): JsonValue => run(expression, data).value

/** The code of the error that an evaluation ends with; `none` where it succeeds. */
export function errorOf(expression: JsonValue, data: JsonValue = {}, gasLimit = 1_000_000): string {
  try {
    run(expression, data, gasLimit)
    return 'none'
  } catch (error) {
    if (error instanceof BaseError) return error.code
    throw error
  }
}

/** Everything an evaluation gives, types and order included, or the code of its error. */
export function outcomeOf(program: Program, data: JsonValue): string {
  try {
    const { value, gasUsed, depth } = evaluate(program, fromJson(data))
    return `${show(value)} gas ${gasUsed} depth ${depth}`
  } catch (error) {
    if (error instanceof BaseError) return error.code
    throw error
  }
}

/** The smallest gas limit with which an evaluation succeeds. */
export function leastGas(expression: JsonValue, data: JsonValue = {}): number {
  let failing = -1
  let passing = 1_000_000
  while (passing - failing > 1) {
    const limit = Math.floor((passing + failing) / 2)
    if (errorOf(expression, data, limit) === 'none') passing = limit
    else failing = limit
  }
  return passing
}

/** A value with its types. */
export function show(value: Value): string {
  if (value instanceof Decimal) return `${value}d`
  if (typeof value === 'bigint') return `${value}n`
  if (isList(value)) return `[${value.map(show).join()}]`
  if (isMap(value)) return `{${[...value].map(([key, item]) => `${JSON.stringify(key)}:${show(item)}`).join()}}`
  return JSON.stringify(value)
}
