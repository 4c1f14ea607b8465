import type { Rounding } from './arithmetic.ts'
import { add, divide, multiply, negate, power, remainder, subtract, toInteger } from './arithmetic.ts'
import { Decimal, parseDecimal } from './decimal.ts'
import { EvaluationError } from './errors.ts'
import { maxIntBits } from './limits.ts'
import type { Machine } from './machine.ts'
import type { Numeric } from './numeric.ts'
import { bitsOf, compareNumbers, isLong, promote, roundedInt, toDecimal, toIntIfLong } from './numeric.ts'
import type { Operator, Operators } from './operator.ts'
import { anyCount, binary, unary, variadic } from './operator.ts'
import type { Value } from './value.ts'
import { isList } from './value.ts'

/** Arithmetic. Ints give an int while 64 signed bits hold it, else a float; only powers of ints stay ints. */
export const numericOperators: Operators = {
  '+': variadic(5, anyCount, sum),
  '*': variadic(8, anyCount, (values, machine) =>
    combine(spread(values, machine, 1), machine, (left, right) => left * right, multiply),
  ),
  '-': variadic(5, [1, 2], minus),
  '/': binary(10, (left, right, machine) => quotient(promote(left, machine), promote(right, machine))),
  '%': binary(10, (left, right, machine) => rest(promote(left, machine), promote(right, machine))),
  max: extreme((order) => order > 0),
  min: extreme((order) => order < 0),
  abs: unary(2, (value, machine) => absolute(promote(value, machine))),
  round: unary(3, (value, machine) => whole(promote(value, machine), 'round')),
  floor: unary(3, (value, machine) => whole(promote(value, machine), 'floor')),
  ceil: unary(3, (value, machine) => whole(promote(value, machine), 'ceil')),
  pow: binary(20, toPower),
}

function sum(values: readonly Value[], machine: Machine): Value {
  const [left, right] = values
  if (values.length === 2 && typeof left === 'bigint' && typeof right === 'bigint' && isLong(left + right)) {
    machine.reserve(1)
    return left + right
  }
  const list = spread(values, machine, 1)
  const [first] = list
  // A single text is read and not computed with: it may be an int of any size.
  if (list.length === 1 && typeof first === 'string') return promote(first, machine)
  return combine(list, machine, (a, b) => a + b, add)
}

/** A single array stands for its elements. The extra is its length, or the number of arguments less `discount`. */
function spread(values: readonly Value[], machine: Machine, discount: 0 | 1): readonly Value[] {
  const [only] = values
  const isSpread = values.length === 1 && isList(only)
  const list = isSpread ? only : values
  if (list.length === 0) throw new EvaluationError('A list of numbers is empty.')
  machine.reserve(isSpread ? list.length : list.length - discount)
  return list
}

function combine(
  list: readonly Value[],
  machine: Machine,
  ofInts: (left: bigint, right: bigint) => bigint,
  ofDecimals: (left: Decimal, right: Decimal) => Decimal,
): Value {
  const numbers = list.map((value) => promote(value, machine))
  const result = numbers.reduce((left, right) =>
    typeof left === 'bigint' && typeof right === 'bigint'
      ? roundedInt(ofInts(left, right))
      : ofDecimals(toDecimal(left), toDecimal(right)),
  )
  return numbers.every(isInt) ? toIntIfLong(toDecimal(result)) : result
}

const isInt = (number: Numeric): number is bigint => typeof number === 'bigint'

/** An int that 64 signed bits hold, else a float. */
const intOrFloat = (int: bigint): Numeric => (isLong(int) ? int : new Decimal(int, 0))

function minus(values: readonly Value[], machine: Machine): Value {
  const [first = null] = values
  machine.reserve(values.length === 1 && isList(first) ? first.length : values.length - 1)
  if (values.length > 1) return combine(values, machine, (a, b) => a - b, subtract)
  const number = promote(first, machine)
  return isInt(number) ? intOrFloat(-number) : negate(number)
}

function quotient(left: Numeric, right: Numeric): Value {
  if (!isInt(left) || !isInt(right)) return divide(toDecimal(left), toDecimal(right))
  return right !== 0n && left % right === 0n && isLong(left / right)
    ? left / right
    : toIntIfLong(divide(toDecimal(left), toDecimal(right)))
}

function rest(left: Numeric, right: Numeric): Value {
  if (!isInt(left) || !isInt(right)) return remainder(toDecimal(left), toDecimal(right))
  return right !== 0n && isLong(left) ? left % right : toIntIfLong(remainder(toDecimal(left), toDecimal(right)))
}

/** Of equal numbers the first, which decides the decimals of a float. */
function extreme(isBetter: (order: number) => boolean): Operator {
  return variadic(5, anyCount, (values, machine) => {
    const numbers = spread(values, machine, 0).map((value) => promote(value, machine))
    const best = numbers.reduce((held, number) => (isBetter(compareNumbers(number, held)) ? number : held))
    return numbers.every(isInt) ? toIntIfLong(toDecimal(best)) : toDecimal(best)
  })
}

const absolute = (number: Numeric): Value =>
  isInt(number) ? (number < 0n ? -number : number) : number.mantissa < 0n ? negate(number) : number

/** An int as it is, of any size; a float's neighbour as an int while 64 bits hold it. */
function whole(number: Numeric, rounding: Rounding): Value {
  return isInt(number) ? number : intOrFloat(toInteger(number, rounding))
}

/** The largest exponent in size. @see metakit 1.7.0-rc.9 `JsonLogicSemantics.handlePowOp` */
const maxPower = 999

function toPower(base: Value, exponent: Value, machine: Machine): Value {
  const root = promote(base, machine)
  const degree = toDecimal(promote(exponent, machine)).toNumber()
  if (Math.abs(degree) > maxPower) throw new EvaluationError(`An exponent is beyond ${maxPower}.`)
  // A node reads the size off numbers only, and cuts it; an exponent in a text is free.
  machine.reserve(typeof exponent === 'bigint' || exponent instanceof Decimal ? Math.trunc(Math.abs(degree)) : 0)
  if (degree < 0 || !Number.isInteger(degree)) return powerOfDoubles(toDecimal(root).toNumber(), degree)
  const decimal = toDecimal(root)
  return decimal.isWhole ? powerOfInt(decimal.toBigInt(), degree, machine) : toIntIfLong(power(decimal, degree))
}

function powerOfInt(base: bigint, degree: number, machine: Machine): bigint {
  const bits = bitsOf(base) * degree
  if (bits > maxIntBits) throw new EvaluationError(`A power has more than ${maxIntBits} bits.`)
  machine.strain(bits + (bits >> 6) ** 2) // multiplying goes over all pairs of 64-bit digits
  return base ** BigInt(degree)
}

function powerOfDoubles(base: number, degree: number): Value {
  const result = base ** degree
  if (!Number.isFinite(result)) throw new EvaluationError('A power is infinite or no number.')
  return Number.isInteger(result) && Math.abs(result) <= 0x7fff_ffff ? BigInt(result) : decimalOfDouble(result)
}

/**
 * The shortest decimal that reads as the double, with at least one digit behind the point: of the number between 10^-3
 * and 10^7, else of its first digits.
 * @see java.lang.Double.toString
 */
function decimalOfDouble(double: number): Decimal {
  const [digits = '', exponent = '0'] = double.toExponential().split('e')
  const first = Number(exponent)
  const isPlain = first >= -3 && first < 7
  const places = digits.replace(/^-?\d\.?/, '').length - first
  const least = isPlain ? 1 : 1 - first
  const decimal = parseDecimal(`${digits}e${exponent}`) ?? new Decimal(0n, 1)
  return places >= least ? decimal : new Decimal(decimal.mantissa * 10n ** BigInt(least - places), least)
}
