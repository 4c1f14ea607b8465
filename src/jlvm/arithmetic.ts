import { countDigits, Decimal, inRange, tenTo } from './decimal.ts'
import { EvaluationError } from './errors.ts'

/** Significant digits of every computed decimal, rounded half to even. @see IEEE 754-2008 decimal128 */
export const precision = 34

/** The sum, rounded. */
export function add(left: Decimal, right: Decimal): Decimal {
  const scale = Math.max(left.scale, right.scale)
  return round(new Decimal(mantissaAt(left, scale) + mantissaAt(right, scale), scale))
}

/** The difference, rounded. */
export const subtract = (left: Decimal, right: Decimal): Decimal => add(left, negate(right))

/** The product, rounded. */
export const multiply = (left: Decimal, right: Decimal): Decimal =>
  round(new Decimal(left.mantissa * right.mantissa, left.scale + right.scale))

/** The same size on the other side of zero. */
export const negate = ({ mantissa, scale }: Decimal): Decimal => new Decimal(-mantissa, scale)

/**
 * The quotient, rounded; an exact one has as few decimals as it needs, down to the difference of the scales.
 * @throws EvaluationError where the divisor is zero
 * @see java.math.BigDecimal.divide(BigDecimal, MathContext)
 */
export function divide(left: Decimal, right: Decimal): Decimal {
  if (right.isZero) throw new EvaluationError('A number is divided by zero.')
  const preferredScale = left.scale - right.scale
  if (left.isZero) return inRange(new Decimal(0n, preferredScale))
  const shift = Math.max(0, precision + 2 + countDigits(right.mantissa) - countDigits(left.mantissa))
  const dividend = left.mantissa * tenTo(shift)
  const quotient = dividend / right.mantissa
  const isExact = quotient * right.mantissa === dividend
  // An inexact quotient gets one digit more that only says "above": no tie is seen where there is none.
  const sticky = (dividend < 0n ? -1n : 1n) * (right.mantissa < 0n ? -1n : 1n)
  const rounded = isExact
    ? round(new Decimal(quotient, preferredScale + shift))
    : round(new Decimal(quotient * 10n + sticky, preferredScale + shift + 1))
  return isExact ? withoutZeros(rounded, preferredScale) : rounded
}

/**
 * What is left of the dividend, with its sign, by the quotient cut to an integer.
 * @throws EvaluationError where the divisor is zero, or where the quotient has more digits than the precision
 * @see java.math.BigDecimal.remainder(BigDecimal, MathContext)
 */
export function remainder(left: Decimal, right: Decimal): Decimal {
  if (right.isZero) throw new EvaluationError('A number is divided by zero.')
  const scale = Math.max(left.scale, right.scale)
  const dividend = mantissaAt(left, scale)
  const divisor = mantissaAt(right, scale)
  const quotient = dividend / divisor
  if (!round(new Decimal(quotient, 0)).equals(new Decimal(quotient, 0)))
    throw new EvaluationError('The quotient of a remainder has too many digits.')
  // The quotient is held with as few zeros as the scales allow, and the rest takes its scale from there.
  const preferred = left.scale - right.scale
  const kept = quotient === 0n || preferred >= 0 ? preferred : withoutZeros(new Decimal(quotient, 0), preferred).scale
  return atScale(new Decimal(dividend % divisor, scale), Math.max(left.scale, right.scale + kept))
}

/**
 * The base to a whole power from 0 to 999, by squaring with a few digits more than the precision, then rounded.
 * @see java.math.BigDecimal.pow(int, MathContext), which follows ANSI X3.274-1996
 */
export function power(base: Decimal, exponent: number): Decimal {
  const digits = precision + String(exponent).length + 1
  let result = new Decimal(1n, 0)
  for (const bit of exponent === 0 ? '' : exponent.toString(2)) {
    result = round(new Decimal(result.mantissa * result.mantissa, result.scale * 2), digits)
    if (bit === '1') result = round(new Decimal(result.mantissa * base.mantissa, result.scale + base.scale), digits)
  }
  return round(result)
}

/** The integers around a decimal that a rounding may choose. */
export type Rounding = 'floor' | 'ceil' | 'round'

/** A neighbouring integer: below, above, or the nearer one, where a tie goes away from zero. */
export function toInteger(decimal: Decimal, rounding: Rounding): bigint {
  const cut = decimal.toBigInt()
  if (decimal.scale <= 0) return cut
  const rest = decimal.mantissa - cut * tenTo(decimal.scale)
  if (rest === 0n) return cut
  if (rounding === 'floor') return rest < 0n ? cut - 1n : cut
  if (rounding === 'ceil') return rest > 0n ? cut + 1n : cut
  const isHalf = 2n * (rest < 0n ? -rest : rest) >= tenTo(decimal.scale)
  return isHalf ? cut + (rest < 0n ? -1n : 1n) : cut
}

/**
 * The decimal with at most so many significant digits, half to even.
 * @throws EvaluationError where the result is out of range
 */
export function round(decimal: Decimal, digits: number = precision): Decimal {
  if (decimal.mantissa < fewDigits && decimal.mantissa > -fewDigits) return inRange(decimal)
  const excess = countDigits(decimal.mantissa) - digits
  if (excess <= 0) return inRange(decimal)
  const unit = tenTo(excess)
  const cut = decimal.mantissa / unit
  const rest = decimal.mantissa - cut * unit
  const twice = 2n * (rest < 0n ? -rest : rest)
  const isUp = twice > unit || (twice === unit && cut % 2n !== 0n)
  const mantissa = isUp ? cut + (decimal.mantissa < 0n ? -1n : 1n) : cut
  // 9.99… may have become 10.0…: one digit too many, and that one is a zero.
  return round(new Decimal(mantissa, decimal.scale - excess), digits)
}

/** Below this nothing is rounded, and most numbers are: counting digits would take longer than adding them. */
const fewDigits = tenTo(precision)

function mantissaAt({ mantissa, scale }: Decimal, target: number): bigint {
  return mantissa * tenTo(target - scale)
}

/** Only where no digit but zeros is lost. */
const atScale = (decimal: Decimal, scale: number): Decimal =>
  scale >= decimal.scale
    ? new Decimal(mantissaAt(decimal, scale), scale)
    : new Decimal(decimal.mantissa / tenTo(decimal.scale - scale), scale)

function withoutZeros({ mantissa, scale }: Decimal, leastScale: number): Decimal {
  const zeros = /0*$/.exec(String(mantissa))?.[0].length ?? 0
  const dropped = Math.max(0, Math.min(zeros, scale - leastScale))
  return dropped === 0 ? new Decimal(mantissa, scale) : new Decimal(mantissa / tenTo(dropped), scale - dropped)
}
