import { EvaluationError } from './errors.ts'
import { maxExponent } from './limits.ts'

/**
 * An exact decimal, `mantissa · 10^-scale`. The scale is kept as written or computed (`1.5 + 1.5` is `3.0`) and shows in
 * the text alone: values compare by size.
 * @see java.math.BigDecimal, which metakit computes with
 */
export class Decimal {
  readonly mantissa: bigint
  readonly scale: number

  constructor(mantissa: bigint, scale: number) {
    this.mantissa = mantissa
    this.scale = scale
  }

  get isZero(): boolean {
    return this.mantissa === 0n
  }

  get isWhole(): boolean {
    return this.scale <= 0 || this.mantissa % tenTo(this.scale) === 0n
  }

  /** The power of ten of the first digit. */
  get exponent(): number {
    return countDigits(this.mantissa) - this.scale - 1
  }

  /** Negative, zero or positive, as this is below, equal to or above the other. */
  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale)
    const left = this.mantissa * tenTo(scale - this.scale)
    const right = other.mantissa * tenTo(scale - other.scale)
    return left < right ? -1 : left > right ? 1 : 0
  }

  equals(other: Decimal): boolean {
    return this.compare(other) === 0
  }

  /** The digits in front of the point. */
  toBigInt(): bigint {
    return this.scale <= 0 ? this.mantissa * tenTo(-this.scale) : this.mantissa / tenTo(this.scale)
  }

  /** The nearest double; an infinity beyond them. */
  toNumber(): number {
    return Number(`${this.mantissa}e${-this.scale}`)
  }

  /**
   * Plain where the scale is not negative and at most five zeros follow the point, else scientific.
   * @see java.math.BigDecimal.toString
   * @example new Decimal(1n, -3).toString() // '1E+3'
   */
  toString(): string {
    const digits = String(this.mantissa < 0n ? -this.mantissa : this.mantissa)
    const sign = this.mantissa < 0n ? '-' : ''
    const exponent = digits.length - this.scale - 1
    if (this.scale === 0) return sign + digits
    if (this.scale > 0 && exponent >= -6) return sign + plain(digits, this.scale)
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    const power = exponent === 0 ? '' : `E${exponent > 0 ? '+' : ''}${exponent}`
    return `${sign}${digits.slice(0, 1)}${fraction}${power}`
  }
}

/** Digits of an int without its sign; 0 has one. */
export const countDigits = (int: bigint): number => (int < 0n ? String(-int) : String(int)).length

/** 10 to a power that is not negative. */
export const tenTo = (power: number): bigint => smallPowers[power] ?? 10n ** BigInt(power)

const smallPowers: readonly bigint[] = Array.from({ length: 64 }, (_, power) => 10n ** BigInt(power))

/**
 * The decimal itself, unless its first digit stands too far from the point to be aligned with others in bounded time.
 * @throws EvaluationError
 */
export function inRange(decimal: Decimal): Decimal {
  // Rounded mantissas are short: only an unusual scale is worth counting digits.
  if (Math.abs(decimal.scale) > 1_000 && Math.abs(decimal.exponent) > maxExponent)
    throw new EvaluationError('A number is too large or too small to compute with.')
  return decimal
}

const decimalText = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/

/**
 * Reads a decimal literal: optional sign, digits with at most one point, optional exponent, no blanks.
 * Undefined for anything else, and for a number out of range.
 */
export function parseDecimal(text: string): Decimal | undefined {
  const [, sign, whole = '', fraction = '', power = '0'] = decimalText.exec(text) ?? []
  if (whole + fraction === '') return undefined
  const scale = fraction.length - Number(power)
  if (Math.abs(scale) > 2 * maxExponent) return undefined
  const mantissa = BigInt(whole + fraction)
  const decimal = new Decimal(sign === '-' ? -mantissa : mantissa, scale)
  return Math.abs(decimal.exponent) > maxExponent ? undefined : decimal
}

function plain(digits: string, scale: number): string {
  const padded = digits.padStart(scale + 1, '0')
  return `${padded.slice(0, -scale)}.${padded.slice(-scale)}`
}
