import { expect, test } from 'vitest'
import { clampUsdPerDay, dayScope } from '../../src/budget/day-scope.ts'
import { recordingLog } from '../db/kit.ts'

const at = (ts: string) => ({ nowMs: () => Date.parse(ts) })

test.each([
  { usd: 0.5, nanoUsd: 500_000_000 },
  { usd: 10, nanoUsd: 10_000_000_000 },
  { usd: 50, nanoUsd: 10_000_000_000 },
  { usd: 0, nanoUsd: 0 },
])('a cap of $usd dollars a day is $nanoUsd', ({ usd, nanoUsd }) => {
  expect(dayScope(at('2026-11-22T23:59:59.999Z'), usd)).toEqual({
    kind: 'day',
    id: '2026-11-22',
    nanoUsd,
    window: 'day',
  })
})

test('a setting above ten dollars is ten, with a warning that names it', () => {
  const log = recordingLog()
  expect([clampUsdPerDay(50, log), clampUsdPerDay(10, log), clampUsdPerDay(0, log)]).toEqual([10, 10, 0])
  expect(log.lines).toEqual([
    'warn: at most 10 dollars a day are spent {"setting":"OTTO_MAX_USD_PER_DAY","wanted":50,"used":10}',
  ])
})
