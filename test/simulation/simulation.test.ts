import { expect, test } from 'vitest'
import { runSeed } from './run-seed.ts'
import { simulate } from './simulate.ts'

test('2,000 worlds keep every promise', { timeout: 400_000 }, async () => {
  const reports = await simulate({ from: 1, seeds: 2_000 })
  expect(reports).toHaveLength(2_000)
  expect(reports.flatMap(({ seed, violations }) => violations.map((line) => `seed ${seed}: ${line}`))).toEqual([])
  // Worlds in which nothing happens would keep every promise too.
  const sum = (of: 'requests' | 'applied' | 'deaths') => reports.reduce((total, report) => total + report[of], 0)
  expect(sum('requests')).toBeGreaterThan(20_000)
  expect(sum('applied')).toBeGreaterThan(6_000)
  expect(sum('deaths')).toBeGreaterThan(600)
})

test.each([11, 95, 1_234])('seed %i gives the same trace each time', async (seed) => {
  const first = await runSeed(seed, { keepsTrace: true })
  const second = await runSeed(seed, { keepsTrace: true })
  expect(first.trace.length).toBeGreaterThan(20)
  expect(second).toEqual(first)
})

test('other seeds are other worlds', async () => {
  const traces = await Promise.all(
    [1, 2, 3].map(async (seed) => (await runSeed(seed, { keepsTrace: true })).trace.join()),
  )
  expect(new Set(traces).size).toBe(3)
})
