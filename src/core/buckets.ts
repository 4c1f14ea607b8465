import { createBoundedMap } from './bounded-map.ts'
import type { Clock } from './clock.ts'

/** What is counted of a caller, each by itself. */
export const rateKinds = ['write', 'read', 'chat'] as const
export type RateKind = (typeof rateKinds)[number]

/** A token bucket: refilled evenly, never fuller than `burst`. */
export type Rate = { readonly perSecond: number; readonly burst: number }
export type Rates = Readonly<Record<RateKind, Rate>>

/** Let through, or after how many milliseconds (at least 1) the next one would be. */
export type Taken = { readonly ok: true } | { readonly ok: false; readonly retryAfterMs: number }

/** Who has called how often. Never throws: a limit that cannot be asked must not become an outage. */
export type Buckets = { take(principal: string, kind: RateKind): Promise<Taken> }

/** Callers remembered at once; whoever called longest ago is forgotten first, and begins anew. */
const maxBuckets = 100_000

const passed: Taken = { ok: true }

/** How long until there is a whole token again. */
export const refusedWith = (tokens: number, { perSecond }: Rate): Taken => ({
  ok: false,
  retryAfterMs: Math.max(1, Math.ceil(((1 - tokens) * 1_000) / perSecond)),
})

/** The callers of one process. */
export function createMemoryBuckets({
  rates,
  clock: { monotonicMs },
}: {
  rates: Rates
  clock: Pick<Clock, 'monotonicMs'>
}): Buckets {
  const buckets = createBoundedMap<string, { tokens: number; atMs: number }>(maxBuckets)
  return {
    async take(principal, kind) {
      const rate = rates[kind]
      const key = `${kind} ${principal}`
      const nowMs = monotonicMs()
      const bucket = buckets.get(key)
      if (bucket === undefined) {
        buckets.set(key, { tokens: rate.burst - 1, atMs: nowMs })
        return passed
      }
      bucket.tokens = Math.min(rate.burst, bucket.tokens + ((nowMs - bucket.atMs) * rate.perSecond) / 1_000)
      bucket.atMs = nowMs
      if (bucket.tokens < 1) return refusedWith(bucket.tokens, rate)
      bucket.tokens -= 1
      return passed
    },
  }
}
