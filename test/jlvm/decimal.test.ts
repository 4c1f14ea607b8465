import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Decimal, parseDecimal } from '../../src/jlvm/decimal.ts'

describe('the text form', () => {
  test.each([
    { mantissa: 30n, scale: 1, text: '3.0' },
    { mantissa: -5n, scale: 1, text: '-0.5' },
    { mantissa: 1n, scale: 6, text: '0.000001' },
    { mantissa: 1n, scale: 7, text: '1E-7' },
    { mantissa: 123n, scale: 10, text: '1.23E-8' },
    { mantissa: 1n, scale: -3, text: '1E+3' },
    { mantissa: -12n, scale: -3, text: '-1.2E+4' },
    { mantissa: 0n, scale: 2, text: '0.00' },
    { mantissa: 0n, scale: 8, text: '0E-8' },
    { mantissa: 42n, scale: 0, text: '42' },
  ])('of $mantissa at scale $scale is $text', ({ mantissa, scale, text }) => {
    expect(new Decimal(mantissa, scale).toString()).toBe(text)
  })

  test('law: reads back as it was, scale included', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: -400, max: 400 }), (mantissa, scale) => {
        expect(parseDecimal(new Decimal(mantissa, scale).toString())).toEqual(new Decimal(mantissa, scale))
      }),
    )
  })
})

describe('parseDecimal', () => {
  test.each(['', '.', '+', 'e5', '1e', '1.2.3', ' 1', '1 ', '0x1', '1_000', 'NaN', 'Infinity', '--1', '1e99999'])(
    'reads no number in "%s"',
    (text) => {
      expect(parseDecimal(text)).toBeUndefined()
    },
  )

  test.each([
    { text: '5.', mantissa: 5n, scale: 0 },
    { text: '.5', mantissa: 5n, scale: 1 },
    { text: '+1.50', mantissa: 150n, scale: 2 },
    { text: '-1e3', mantissa: -1n, scale: -3 },
    { text: '1.5E-2', mantissa: 15n, scale: 3 },
  ])('reads $text', ({ text, mantissa, scale }) => {
    expect(parseDecimal(text)).toEqual(new Decimal(mantissa, scale))
  })

  test('law: every double reads as the decimal it is written with', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (double) => {
        expect(parseDecimal(String(double))?.toNumber()).toBe(double + 0)
      }),
    )
  })
})

test('law: decimals compare by size, whatever their scales', () => {
  const decimals = fc.tuple(fc.bigInt({ min: -99n, max: 99n }), fc.integer({ min: -3, max: 3 }))
  fc.assert(
    fc.property(decimals, decimals, ([a, scaleA], [b, scaleB]) => {
      const difference = a * 10n ** BigInt(3 - scaleA) - b * 10n ** BigInt(3 - scaleB)
      const sign = difference < 0n ? -1 : difference > 0n ? 1 : 0
      expect(new Decimal(a, scaleA).compare(new Decimal(b, scaleB))).toBe(sign)
    }),
  )
})
