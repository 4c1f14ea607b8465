import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { silentLog } from '../core/log.ts'
import type { Database } from '../db/database.ts'
import type { Publish, WorkIds } from '../telemetry/event.ts'
import type { Bound, Fit, Used } from './_bounds.ts'
import { assertCountable, bears, costOf, dayOf, fitOf, minus, nothing, plus, toBounds, usedOf } from './_bounds.ts'
import { createNotices, limitOf } from './_notices.ts'
import type { ReservationParts } from './_reservation.ts'
import { createReservation } from './_reservation.ts'
import { listStandings } from './_standings.ts'
import type { Stored, Taken } from './_stored-scopes.ts'
import { forgetDaysBefore, takeRoom } from './_stored-scopes.ts'
import type { Amount, Budgets, Reservation, ScopeKind, ScopePath, WorstCase } from './budget.ts'
import { BudgetExceededError } from './budget.ts'
import { dayScope } from './day-scope.ts'
import { TooManyScopesError } from './errors.ts'

export type BudgetsDeps = {
  readonly database: Pick<Database, 'engine' | 'query' | 'write' | 'later'>
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly publish: Publish
  /** Dollars a day over everything; more than ten counts as ten, and 0 stops every call. */
  readonly maxUsdPerDay: number
  readonly log?: Log
}

/** Scopes of this process that are counted at once. None is forgotten before its end: that would lift its bounds. */
const maxProcessScopes = 100_000
/** Scopes of the database whose standing is remembered, for who asks what is left. */
const maxSeen = 10_000
const daysKept = 35
const dayMs = 24 * 3_600_000

type Parts = ReservationParts & {
  readonly notices: ReturnType<typeof createNotices>
  readonly own: Map<string, Stored>
}

/**
 * Budgets over a process, a day and all time. The cap of the day stands over every path, named or not. What lasts is
 * counted in the database, where processes that share it take turns; the rest in memory, where nobody comes between the
 * look and the hold.
 */
export function createBudgets({ log = silentLog, ...deps }: BudgetsDeps): Budgets {
  const { database, clock, maxUsdPerDay } = deps
  const own = new Map<string, Stored>()
  const parts: Parts = { database, clock, log, own, seen: createBoundedMap(maxSeen), notices: createNotices(deps) }
  const boundsOf = (path: ScopePath) => toBounds([dayScope(clock, maxUsdPerDay), ...path], clock.nowMs())
  const cleaning = { day: '' }
  const forgetOldDays = (nowMs: number): void => {
    if (cleaning.day === dayOf(nowMs)) return
    cleaning.day = dayOf(nowMs)
    database.later(forgetDaysBefore(dayOf(nowMs - daysKept * dayMs)))
  }
  return {
    async reserve(path, worst, ids = {}) {
      assertCountable(worst)
      forgetOldDays(clock.nowMs())
      return reserve(parts, boundsOf(path), { worst, ids })
    },
    remaining: (path) => remaining(parts, boundsOf(path)),
    standings: () => listStandings(parts, boundsOf([])),
    end: (kind, id) => void own.delete(processKey(kind, id)),
  }
}

const isStored = ({ window }: Bound): boolean => window !== 'process'

/** As `toBounds` makes it. */
const processKey = (kind: ScopeKind, id: string): string => `${kind} process ${id}`

type Asked = { readonly worst: WorstCase; readonly ids: WorkIds }

async function reserve(parts: Parts, bounds: readonly Bound[], { worst, ids }: Asked): Promise<Reservation> {
  const own = bounds.filter((bound) => !isStored(bound)).map((bound) => ownOf(parts, bound))
  const stored = bounds.filter(isStored)
  // As if nothing of what is stored were used: this finds limits that are too low for the call on any day.
  const unused = stored.map((bound) => ({ bound, tally: { spent: nothing, held: nothing } }))
  const fit = fitOf([...unused, ...own].map(toUsed), worst)
  if (fit.outputTokens < worst.leastOutput) throw refusal(parts, fit, ids)

  const lasting = stored.filter((bound) => bears(bound, worst))
  const most = costOf(worst, fit.outputTokens)
  hold(own, most)
  const taken = await take(parts, lasting, { ...worst, mostOutput: fit.outputTokens }).catch((error) => {
    hold(own, minus(nothing, most))
    throw error
  })
  const reserved = taken.isTaken ? costOf(worst, taken.outputTokens) : nothing
  hold(own, minus(reserved, most))
  for (const one of taken.before) parts.seen.set(one.bound.key, heldMore(one, reserved))
  if (!taken.isTaken) throw refusal(parts, taken, ids)

  for (const { bound, used } of taken.before.map(toUsed)) parts.notices.used(bound, used, plus(used, reserved), ids)
  for (const { bound, used } of own.map(toUsed)) parts.notices.used(bound, minus(used, reserved), used, ids)
  return createReservation(parts, { own, lasting, reserved, outputTokens: taken.outputTokens })
}

/** Room on what lasts; none of it is written down where nothing of it bounds the call. @throws StorageUnavailableError */
async function take({ database, clock }: Parts, lasting: readonly Bound[], worst: WorstCase): Promise<Taken> {
  if (lasting.length === 0) return { outputTokens: worst.mostOutput, tightest: undefined, isTaken: true, before: [] }
  return database.write(takeRoom(database.engine, lasting, { worst, nowMs: clock.nowMs() }))
}

/** A scope of this process, counted from now on. @throws TooManyScopesError */
function ownOf({ own }: Parts, bound: Bound): Stored {
  const known = own.get(bound.key)
  if (known === undefined && own.size >= maxProcessScopes) throw new TooManyScopesError(maxProcessScopes)
  const one = { bound, tally: known?.tally ?? { spent: nothing, held: nothing } }
  own.set(bound.key, one)
  return one
}

function hold(own: readonly Stored[], amount: Amount): void {
  for (const { tally } of own) tally.held = plus(tally.held, amount)
}

const heldMore = ({ bound, tally: { spent, held } }: Stored, amount: Amount): Stored => ({
  bound,
  tally: { spent, held: plus(held, amount) },
})

const toUsed = ({ bound, tally }: Stored): Used => ({ bound, used: usedOf(tally) })

function refusal({ notices }: Parts, { tightest }: Fit, ids: WorkIds): Error {
  if (tightest === undefined) return new TypeError('More output tokens are needed than are wanted.')
  notices.refused(tightest, ids)
  const { bound, what } = tightest
  return new BudgetExceededError(bound, what, limitOf(bound, what))
}

/** What the tightest bound leaves, by what this process has seen of it. */
function remaining({ own, seen }: Parts, bounds: readonly Bound[]): ReturnType<Budgets['remaining']> {
  const left = (unit: keyof Amount): number =>
    Math.min(
      ...bounds.map((bound) => {
        const known = own.get(bound.key) ?? seen.get(bound.key)
        return (bound[unit] ?? Number.POSITIVE_INFINITY) - (known === undefined ? 0 : usedOf(known.tally)[unit])
      }),
    )
  const [tokens, nanoUsd] = [left('tokens'), left('nanoUsd')].map((amount) => Math.max(0, amount))
  return { ...bounded('tokens', tokens), ...bounded('nanoUsd', nanoUsd) }
}

const bounded = (unit: keyof Amount, left = Number.POSITIVE_INFINITY): Partial<Amount> =>
  left === Number.POSITIVE_INFINITY ? {} : { [unit]: left }
