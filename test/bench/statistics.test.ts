import fc from 'fast-check'
import { expect, test } from 'vitest'
import { median, quantile, slope } from '../../bench/statistics.ts'

test.each([
  { values: [5], part: 0.99, found: 5 },
  { values: [3, 1, 2], part: 0.5, found: 2 },
  { values: Array.from({ length: 100 }, (_, at) => at + 1), part: 0.99, found: 100 },
])('the $part quantile of $values.length values', ({ values, part, found }) => {
  expect(quantile(values, part)).toBe(found)
})

test('law: the order of values never matters', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
      expect(median(values.toReversed())).toBe(median(values))
    }),
  )
})

test('law: the slope of a straight line is its slope', () => {
  fc.assert(
    fc.property(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 }), (rise, start) => {
      expect(slope([1, 2, 5, 9].map((x) => [x, rise * x + start] as const))).toBeCloseTo(rise)
    }),
  )
})
