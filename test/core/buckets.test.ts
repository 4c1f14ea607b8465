import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rates } from '../../src/core/buckets.ts'
import { createMemoryBuckets } from '../../src/core/buckets.ts'

const rates: Rates = {
  write: { perSecond: 10, burst: 40 },
  read: { perSecond: 100, burst: 300 },
  chat: { perSecond: 2, burst: 10 },
}

const started = (more: Partial<Rates> = {}) => {
  const time = { ms: 1_000 }
  const buckets = createMemoryBuckets({ rates: { ...rates, ...more }, clock: { monotonicMs: () => time.ms } })
  return { time, take: (principal = 'a', kind: keyof Rates = 'write') => buckets.take(principal, kind) }
}

test('lets a burst through, then says how long until the next', async () => {
  const { take, time } = started()
  for (let call = 0; call < 40; call++) expect(await take()).toEqual({ ok: true })
  expect(await take()).toEqual({ ok: false, retryAfterMs: 100 })
  time.ms += 60
  expect(await take()).toEqual({ ok: false, retryAfterMs: 40 })
  time.ms += 40
  expect(await take()).toEqual({ ok: true })
  expect(await take()).toEqual({ ok: false, retryAfterMs: 100 })
})

test('is never fuller than its burst, however long nobody calls', async () => {
  const { take, time } = started()
  await take()
  time.ms += 86_400_000
  for (let call = 0; call < 40; call++) expect((await take()).ok).toBe(true)
  expect((await take()).ok).toBe(false)
})

test('callers and kinds are apart', async () => {
  const { take } = started()
  for (let call = 0; call < 41; call++) await take()
  expect((await take('a', 'write')).ok).toBe(false)
  expect((await take('b', 'write')).ok).toBe(true)
  expect((await take('a', 'read')).ok).toBe(true)
  expect((await take('a', 'chat')).ok).toBe(true)
})

test('law: in any window no more pass than its burst and what it brings', async () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 200 })
  const rate = fc.record({ perSecond: fc.integer({ min: 1, max: 50 }), burst: fc.integer({ min: 1, max: 20 }) })
  await fc.assert(
    fc.asyncProperty(gaps, rate, async (waits, write) => {
      const { take, time } = started({ write })
      const passedAt: number[] = []
      for (const wait of waits) {
        time.ms += wait
        const taken = await take()
        if (taken.ok) passedAt.push(time.ms)
        else expect(taken.retryAfterMs).toBeLessThanOrEqual(Math.ceil(1_000 / write.perSecond))
      }
      for (const [first, from] of passedAt.entries())
        for (const [last, to] of passedAt.entries())
          if (last >= first)
            expect(last - first + 1).toBeLessThanOrEqual(write.burst + ((to - from) * write.perSecond) / 1_000 + 1e-6)
    }),
    { numRuns: 50 },
  )
})

test('who waits as long as told is let through', async () => {
  const { take, time } = started({ write: { perSecond: 3, burst: 1 } })
  await take()
  for (let call = 0; call < 20; call++) {
    const taken = await take()
    if (taken.ok) throw new Error('It was full.')
    time.ms += taken.retryAfterMs
    expect(await take()).toEqual({ ok: true })
  }
})
