import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { dayOf } from './_bounds.ts'
import type { BudgetScope } from './budget.ts'
import { maxNanoUsdPerDay, nanoUsdPerUsd } from './budget.ts'

const maxUsd = maxNanoUsdPerDay / nanoUsdPerUsd

/** What everything together may cost on the UTC day that it is now: `maxUsdPerDay` dollars, and never more than ten. */
export const dayScope = (clock: Pick<Clock, 'nowMs'>, maxUsdPerDay: number): BudgetScope => ({
  kind: 'day',
  id: dayOf(clock.nowMs()),
  nanoUsd: toNanoUsd(Math.min(maxUsdPerDay, maxUsd)),
  window: 'day',
})

/** Dollars as whole billionths. */
export const toNanoUsd = (usd: number): number => Math.round(usd * nanoUsdPerUsd)

/** A setting of dollars a day as it holds: above ten it is ten, with a warning. */
export function clampUsdPerDay(usd: number, log: Log): number {
  if (usd <= maxUsd) return usd
  log.warn({ setting: 'OTTO_MAX_USD_PER_DAY', wanted: usd, used: maxUsd }, `at most ${maxUsd} dollars a day are spent`)
  return maxUsd
}
