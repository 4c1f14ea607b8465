import { Decimal } from './decimal.ts'
import type { Machine } from './machine.ts'
import { bitsOf } from './numeric.ts'
import type { Value } from './value.ts'
import { isList, isMap } from './value.ts'

const smallInt = 1n << 64n

/**
 * How a primitive is written in a text: null as nothing, ints in decimal digits, floats with the zeros of their scale.
 * Undefined for an array or a map.
 * @see metakit 1.7.0-rc.9 `JsonLogicSemantics.handleCatOp`
 */
export function writeText(value: Value, machine: Machine): string | undefined {
  if (typeof value === 'string') return value
  if (value === null) return ''
  if (isList(value) || isMap(value)) return undefined
  const digits = value instanceof Decimal ? value.mantissa : value
  if (typeof digits === 'bigint' && (digits > smallInt || digits < -smallInt)) machine.strain(bitsOf(digits))
  if (value instanceof Decimal) machine.strain(Math.abs(value.scale))
  return String(value)
}

/** The text of a primitive; of an array or a map nothing. */
export const textOf = (value: Value, machine: Machine): string => writeText(value, machine) ?? ''
