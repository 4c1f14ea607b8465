import type { Buckets, RateKind } from '../core/buckets.ts'
import type { Clock } from '../core/clock.ts'
import { RateLimitedError } from './errors.ts'

/** Counts a caller's calls before any work is done for them. */
export type RateLimits = {
  /** @throws RateLimitedError naming when to come again */
  assertFew(principal: string, kind: RateKind): Promise<void>
  /**
   * The same, but waits up to two seconds for its turn: a chat's own calls come in a row, and a model that is refused one
   * only asks again.
   * @throws RateLimitedError, also once `signal` fires
   */
  waitForTurn(principal: string, kind: RateKind, signal: AbortSignal): Promise<void>
}

/** How long a call of a chat waits for its turn. */
const patienceMs = 2_000

/** Nobody is counted. */
export const noRateLimits: RateLimits = { assertFew: async () => {}, waitForTurn: async () => {} }

export function createRateLimits(buckets: Buckets, clock: Pick<Clock, 'monotonicMs' | 'sleep'>): RateLimits {
  return {
    async assertFew(principal, kind) {
      const taken = await buckets.take(principal, kind)
      if (!taken.ok) throw new RateLimitedError(kind, taken.retryAfterMs)
    },
    async waitForTurn(principal, kind, signal) {
      const untilMs = clock.monotonicMs() + patienceMs
      for (;;) {
        const taken = await buckets.take(principal, kind)
        if (taken.ok) return
        if (signal.aborted || clock.monotonicMs() + taken.retryAfterMs > untilMs)
          throw new RateLimitedError(kind, taken.retryAfterMs)
        await clock.sleep(taken.retryAfterMs, signal).catch(() => {}) // who has gone is refused above
      }
    },
  }
}
