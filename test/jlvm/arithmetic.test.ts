import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Rounding } from '../../src/jlvm/arithmetic.ts'
import {
  add,
  divide,
  multiply,
  power,
  precision,
  remainder,
  round,
  subtract,
  toInteger,
} from '../../src/jlvm/arithmetic.ts'
import { countDigits, Decimal, parseDecimal } from '../../src/jlvm/decimal.ts'

const of = (text: string): Decimal => parseDecimal(text) ?? new Decimal(-1n, 99)

/** Few digits: sums and products of three fit into the precision. */
const short = fc
  .tuple(fc.bigInt({ min: -(10n ** 10n), max: 10n ** 10n }), fc.integer({ min: 0, max: 9 }))
  .map(([mantissa, scale]) => new Decimal(mantissa, scale))
const long = fc
  .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -50, max: 50 }))
  .map(([mantissa, scale]) => new Decimal(mantissa, scale))
const divisors = long.filter(({ isZero }) => !isZero)

/** A decimal as a fraction of integers. */
const fraction = ({ mantissa, scale }: Decimal): readonly [bigint, bigint] =>
  scale >= 0 ? [mantissa, 10n ** BigInt(scale)] : [mantissa * 10n ** BigInt(-scale), 1n]

const size = (int: bigint): bigint => (int < 0n ? -int : int)

/** Is the decimal the fraction, or as near to it as half a unit of its last digit? */
function isNearest(decimal: Decimal, numerator: bigint, denominator: bigint): boolean {
  const [top, bottom] = fraction(decimal)
  const [unitTop, unitBottom] = fraction(new Decimal(1n, decimal.scale))
  const error = size(top * denominator - numerator * bottom)
  const isExact = error === 0n
  const isHalfUnit = 2n * error * unitBottom <= unitTop * size(denominator) * bottom
  return isExact || (countDigits(decimal.mantissa) === precision && isHalfUnit)
}

describe('against fractions of integers', () => {
  test('law: sums and products of short decimals are exact, in any order', () => {
    fc.assert(
      fc.property(short, short, short, (a, b, c) => {
        expect(add(add(a, b), c)).toEqual(add(a, add(b, c)))
        expect(add(a, b)).toEqual(add(b, a))
        expect(subtract(add(a, b), b).equals(a)).toBe(true)
        const [left, right] = [fraction(a), fraction(b)]
        const product = fraction(multiply(a, b))
        expect(product[0] * left[1] * right[1]).toBe(left[0] * right[0] * product[1])
      }),
    )
  })

  test('law: sums, products and quotients of long ones are the nearest decimals of 34 digits', () => {
    fc.assert(
      fc.property(long, divisors, (a, b) => {
        const [p, q] = fraction(a)
        const [r, s] = fraction(b)
        expect(isNearest(add(a, b), p * s + r * q, q * s)).toBe(true)
        expect(isNearest(multiply(a, b), p * r, q * s)).toBe(true)
        expect(isNearest(divide(a, b), p * s * (r < 0n ? -1n : 1n), q * size(r))).toBe(true)
      }),
    )
  })

  test('law: a remainder is what the cut quotient leaves', () => {
    const nonZero = short.filter(({ isZero }) => !isZero)
    fc.assert(
      fc.property(short, nonZero, (a, b) => {
        const rest = remainder(a, b)
        const [p, q] = fraction(a)
        const [r, s] = fraction(b)
        const exact = (p * s) % (r * q)
        const [top, bottom] = fraction(rest)
        expect(top * q * s).toBe(exact * bottom)
      }),
    )
  })
})

describe('scales and ties follow java.math.BigDecimal', () => {
  test.each([
    { name: 'a quotient keeps the decimals it has', result: divide(of('9.0'), of('3')), text: '3.0' },
    { name: 'an exact quotient drops zeros it need not have', result: divide(of('10'), of('4')), text: '2.5' },
    { name: 'a quotient may end before the point', result: divide(of('100'), of('0.1')), text: '1.00E+3' },
    { name: 'a third has 34 digits', result: divide(of('1'), of('3')), text: `0.${'3'.repeat(34)}` },
    { name: 'two thirds round up', result: divide(of('-2'), of('3')), text: `-0.${'6'.repeat(33)}7` },
    { name: 'zero keeps the scale of the quotient', result: divide(of('0.00'), of('7')), text: '0.00' },
    { name: 'a remainder has the decimals of the dividend', result: remainder(of('7.50'), of('2')), text: '1.50' },
    { name: 'a remainder by a finer divisor', result: remainder(of('7'), of('0.1')), text: '0' },
    { name: 'a remainder by a finer divisor, not zero', result: remainder(of('1'), of('0.3')), text: '0.1' },
    {
      name: 'a tie goes to the even digit below',
      result: round(of(`${'1'.repeat(33)}25`)),
      text: `1.${'1'.repeat(32)}2E+34`,
    },
    {
      name: 'a tie goes to the even digit above',
      result: round(of(`${'1'.repeat(33)}35`)),
      text: `1.${'1'.repeat(32)}4E+34`,
    },
    { name: 'nines carry over', result: round(of('9'.repeat(35))), text: `1.${'0'.repeat(33)}E+35` },
    {
      name: 'a power of a fraction is rounded',
      result: power(of('1.1'), 40),
      text: '45.25925556817595180588935603489692',
    },
    { name: 'anything to the power of zero is one', result: power(of('2.5'), 0), text: '1' },
  ])('$name', ({ result, text }) => {
    expect(result.toString()).toBe(text)
  })

  test.each<{ text: string; rounding: Rounding; int: bigint }>([
    { text: '2.5', rounding: 'round', int: 3n },
    { text: '-2.5', rounding: 'round', int: -3n },
    { text: '2.49', rounding: 'round', int: 2n },
    { text: '-2.1', rounding: 'floor', int: -3n },
    { text: '-2.9', rounding: 'ceil', int: -2n },
    { text: '2.0', rounding: 'ceil', int: 2n },
    { text: '1e3', rounding: 'floor', int: 1000n },
  ])('$text by $rounding is $int', ({ text, rounding, int }) => {
    expect(toInteger(of(text), rounding)).toBe(int)
  })
})

test('refuses zero divisors, quotients too long for a remainder, and results out of range', () => {
  const failures = [
    () => divide(of('1'), of('0.0')),
    () => remainder(of('1'), of('0')),
    () => remainder(of('1e40'), of('3')),
    () => multiply(of('1e9000'), of('1e9000')),
  ]
  for (const failure of failures) expect(failure).toThrow(expect.objectContaining({ code: 'EVALUATION_FAILED' }))
})
