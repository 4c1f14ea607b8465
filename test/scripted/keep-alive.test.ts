import { expect, test } from 'vitest'
import { keepAliveMs } from '../../src/scripted/keep-alive.ts'

test.each([
  { value: undefined, ms: 300_000 },
  { value: null, ms: 300_000 },
  { value: 0, ms: 0 },
  { value: '0', ms: 0 },
  { value: 90, ms: 90_000 },
  { value: '5m', ms: 300_000 },
  { value: '1h30m', ms: 5_400_000 },
  { value: '1.5s', ms: 1_500 },
  { value: '250ms', ms: 250 },
  { value: 'soon', ms: undefined },
  { value: '5', ms: undefined },
])('$value keeps a model for $ms ms', ({ value, ms }) => {
  expect(keepAliveMs(value)).toBe(ms)
})

test.each([{ value: -1 }, { value: '-1m' }])('$value keeps it for as good as ever', ({ value }) => {
  expect(keepAliveMs(value)).toBeGreaterThan(50 * 365 * 86_400_000)
})
