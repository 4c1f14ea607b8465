import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { BackOff } from '../../src/core/retry.ts'
import { backOffMs } from '../../src/core/retry.ts'

const policy: BackOff = { firstMs: 100, factor: 2, maxMs: 2000, jitter: 0.5 }

test.each([
  { attempt: 0, random: 0.5, ms: 100 },
  { attempt: 1, random: 0.5, ms: 200 },
  { attempt: 4, random: 0.5, ms: 1600 },
  { attempt: 5, random: 0.5, ms: 2000 },
  { attempt: 5000, random: 0.5, ms: 2000 },
  { attempt: 0, random: 0, ms: 50 },
  { attempt: 9, random: 0, ms: 1000 },
])('after try $attempt, with the dice at $random, waits $ms ms', ({ attempt, random, ms }) => {
  expect(backOffMs(attempt, policy, () => random)).toBe(ms)
})

test('law: stays within the spread around a value that never shrinks', () => {
  const dice = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(fc.nat({ max: 60 }), dice, (attempt, random) => {
      const middle = backOffMs(attempt, policy, () => 0.5)
      const ms = backOffMs(attempt, policy, () => random)
      expect(ms).toBeGreaterThanOrEqual(middle * 0.5)
      expect(ms).toBeLessThanOrEqual(middle * 1.5)
      expect(backOffMs(attempt + 1, policy, () => 0.5)).toBeGreaterThanOrEqual(middle)
    }),
  )
})
