import { round } from './arithmetic.ts'
import { Decimal, parseDecimal, tenTo } from './decimal.ts'
import { EvaluationError } from './errors.ts'
import { maxLooseNumberText, maxNumberText } from './limits.ts'
import type { Machine } from './machine.ts'
import type { Value } from './value.ts'
import { isList, isMap, typeName } from './value.ts'

/** An int or a float. */
export type Numeric = bigint | Decimal

const intText = /^[+-]?\d+$/

/**
 * What a value counts as in arithmetic and comparisons: booleans are 1 and 0, null, the empty text and empty collections
 * 0, texts the literals they hold, collections of one element that element.
 * @throws EvaluationError for any other text, and for larger collections
 * @see metakit 1.7.0-rc.9 `NumericOps.promoteToNumeric`
 */
export function promote(value: Value, machine: Machine): Numeric {
  const inner = unwrap(value, machine)
  if (inner === null || inner === false || inner === '') return 0n
  if (inner === true) return 1n
  const number = typeof inner === 'string' ? parseNumber(inner, maxNumberText, machine) : inner
  if (typeof number !== 'bigint' && !(number instanceof Decimal))
    throw new EvaluationError(`A ${typeName(inner)} is used as a number that is none.`)
  weigh(number, machine)
  return number
}

/** An int or float literal, the whole text. */
function parseNumber(text: string, maxLength: number, machine: Machine): Numeric | undefined {
  if (text.length > maxLength) return undefined
  machine.strain(10 * text.length)
  return intText.test(text) ? BigInt(text.replace('+', '')) : parseDecimal(text)
}

/** Takes single elements out of their collections; an empty collection is 0, a larger one stays. */
function unwrap(value: Value, machine: Machine): Value {
  let inner = value
  while (isList(inner) || isMap(inner)) {
    const size: number = isList(inner) ? inner.length : inner.size
    if (size > 1) return inner
    const [only = 0n]: Iterable<Value> = inner.values()
    machine.strain(1)
    inner = only
  }
  return inner
}

const lightInt = 1n << 128n
const lightScale = 1_000

/** Counts the work that a number of unusual length makes: its digits are gone through several times. */
function weigh(number: Numeric, machine: Machine): void {
  const digits = typeof number === 'bigint' ? number : number.mantissa
  if (digits > lightInt || digits < -lightInt) machine.strain(bitsOf(digits))
  if (number instanceof Decimal && Math.abs(number.scale) > lightScale) machine.strain(20 * Math.abs(number.scale))
}

/** Bits of an int, to within four. */
export const bitsOf = (int: bigint): number => 4 * int.toString(16).length

/** The same number as a float. */
export const toDecimal = (number: Numeric): Decimal => (typeof number === 'bigint' ? new Decimal(number, 0) : number)

/** Negative, zero or positive, by size alone. */
export function compareNumbers(left: Numeric, right: Numeric): number {
  if (typeof left === 'bigint' && typeof right === 'bigint') return left < right ? -1 : left > right ? 1 : 0
  return toDecimal(left).compare(toDecimal(right))
}

/** Is it a whole number that 64 signed bits hold? */
export const isLong = (int: bigint): boolean => BigInt.asIntN(64, int) === int

/** An int where the decimal is whole and 64 signed bits hold it, else the decimal. */
export function toIntIfLong(decimal: Decimal): Numeric {
  if (!decimal.isWhole) return decimal
  const int = decimal.toBigInt()
  return isLong(int) ? int : decimal
}

/** Rounds what ints came to as a decimal would be rounded. */
export const roundedInt = (int: bigint): Numeric =>
  int < exactInts && int > -exactInts ? int : round(new Decimal(int, 0))

const exactInts = tenTo(34)

/**
 * `==` between any two values, after both were reduced to primitives.
 * @throws EvaluationError where a collection has more than one element
 * @see metakit 1.7.0-rc.9 `CoercionOps.compareCoercedValues`
 */
export function looselyEqual(left: Value, right: Value, machine: Machine): boolean {
  const a = coerce(left, machine)
  const b = coerce(right, machine)
  if (a === null || b === null) return a === b
  if (typeof a === 'string') return typeof b === 'string' ? a === b : equalsText(b, a, machine)
  if (typeof b === 'string') return equalsText(a, b, machine)
  if (typeof a === 'boolean' && typeof b === 'boolean') return a === b
  return compareNumbers(asNumber(a), asNumber(b)) === 0
}

type Primitive = null | boolean | string | Numeric

function coerce(value: Value, machine: Machine): Primitive {
  const inner = unwrap(value, machine)
  if (isList(inner) || isMap(inner)) throw new EvaluationError(`A larger ${typeName(inner)} is compared with \`==\`.`)
  if (inner === '') return 0n
  if (typeof inner === 'bigint' || inner instanceof Decimal) weigh(inner, machine)
  if (typeof inner !== 'string' || inner.length > maxLooseNumberText || !intText.test(inner)) return inner
  machine.strain(10 * inner.length)
  return BigInt(inner.replace('+', ''))
}

const asNumber = (value: boolean | Numeric): Numeric => (typeof value === 'boolean' ? (value ? 1n : 0n) : value)

/** Against a text that is no int: a boolean by its name in any case, a float by its literal; an int never. */
function equalsText(value: boolean | Numeric, text: string, machine: Machine): boolean {
  if (typeof value === 'boolean') return text.length < 6 && text.toLowerCase() === String(value)
  if (typeof value === 'bigint') return false
  const number = parseNumber(text, maxLooseNumberText, machine)
  return number !== undefined && compareNumbers(number, value) === 0
}

/**
 * A position, threshold or length: an int of 32 signed bits.
 * @throws EvaluationError for anything else
 */
export function toPosition(value: Value | undefined): number {
  if (typeof value === 'bigint' && BigInt.asIntN(32, value) === value) return Number(value)
  throw new EvaluationError('A position is not an int of 32 bits.')
}
