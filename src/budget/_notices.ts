import type { BoundedMap } from '../core/bounded-map.ts'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import type { Publish, WorkIds } from '../telemetry/event.ts'
import type { Bound, Tightest } from './_bounds.ts'
import type { Amount } from './budget.ts'
import { nanoUsdPerUsd } from './budget.ts'

/** Tells what happens to bounds, without saying it again and again. */
export type Notices = {
  /** What is used of a bound went from `before` to `after`. */
  used(bound: Bound, before: Amount, after: Amount, ids: WorkIds): void
  refused(tightest: Tightest, ids: WorkIds): void
}

/** From this part of a limit on there is a warning. */
const warnedPart = 0.8
const refusedEveryMs = 1_000
/** Scopes remembered; the one that was told of longest ago may be told of again. */
const maxRemembered = 10_000

/** `budget.warning` once for each scope and period, `budget.exceeded` once a second for each. */
export function createNotices({
  publish,
  clock,
}: {
  readonly publish: Publish
  readonly clock: Pick<Clock, 'monotonicMs'>
}): Notices {
  const warned: BoundedMap<string, true> = createBoundedMap(maxRemembered)
  const refusedMs: BoundedMap<string, number> = createBoundedMap(maxRemembered)
  return {
    used(bound, before, after, ids) {
      const crossed = (['tokens', 'nanoUsd'] as const).find((unit) => {
        const from = (bound[unit] ?? Number.POSITIVE_INFINITY) * warnedPart
        return before[unit] < from && after[unit] >= from
      })
      if (crossed === undefined || warned.get(bound.key)) return
      warned.set(bound.key, true)
      const what = crossed === 'tokens' ? 'tokens' : 'usd'
      publish(
        'budget.warning',
        { ...describe(bound), what, limit: limitOf(bound, what), used: inUnit(after, what) },
        ids,
      )
    },
    refused({ bound, what }, ids) {
      const nowMs = clock.monotonicMs()
      if (nowMs - (refusedMs.get(bound.key) ?? Number.NEGATIVE_INFINITY) < refusedEveryMs) return
      refusedMs.set(bound.key, nowMs)
      publish('budget.exceeded', { ...describe(bound), what, limit: limitOf(bound, what) }, ids)
    },
  }
}

const describe = ({ kind, id, period }: Bound) => ({ scope: kind, id, period })

const inUnit = ({ tokens, nanoUsd }: Amount, what: 'tokens' | 'usd'): number =>
  what === 'tokens' ? tokens : nanoUsd / nanoUsdPerUsd

/** Tokens, or dollars. */
export const limitOf = ({ tokens = 0, nanoUsd = 0 }: Bound, what: 'tokens' | 'usd'): number =>
  inUnit({ tokens, nanoUsd }, what)
