import type { Clock } from './clock.ts'

/**
 * - `closed`: everybody is let through
 * - `open`: nobody is, for a while
 * - `half_open`: the while is over, and one probe decides
 */
export type BreakerState = 'closed' | 'open' | 'half_open'

/** Leave to ask the upstream once. One of the three is said when it is over; whatever is said later does not count. */
export type Leave = {
  /** It alone decides whether the breaker closes: it should be short, and nobody else is let through until it is over. */
  readonly isProbe: boolean
  /** The upstream answered, be it with a refusal. */
  succeed(): void
  /** It could not be reached, or said nothing in its time. */
  fail(): void
  /** It was left before anything could be told of it. */
  cancel(): void
}

/** Keeps callers away from an upstream that fails, so that they are answered at once and it can recover. */
export type Breaker = {
  /** Undefined: it is not to be asked now. */
  enter(): Leave | undefined
  state(): BreakerState
  /** How long somebody who is kept away should wait before the next try, ms; 0 while it is closed. */
  retryAfterMs(): number
}

export type BreakerOptions = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Told when it opens and when it closes; a failed probe in between is no news. Returns at once, never throws. */
  readonly onChange?: (state: 'open' | 'closed') => void
}

const maxFailuresInRow = 5
const minJudged = 20
const firstOpenMs = 2_000
const maxOpenMs = 30_000
/** A probe that says nothing for so long is given up: its caller must have a fault. */
const maxProbeMs = 30_000
/** What is told to those who come while a probe is out. */
const probeWaitMs = 1_000

/** Where the breaker stands. Leaves of an earlier `era` are too old to say anything. */
type Standing = {
  era: number
  failuresInRow: number
  /** Nobody is let through before; undefined while it is closed. */
  openUntilMs: number | undefined
  /** How long it stays open the next time. */
  nextOpenMs: number
  /** Since when a probe is out. */
  probeSinceMs: number | undefined
}

/**
 * Opens after 5 failures in a row, or when half of at least 20 outcomes within 10 s are failures; for 2 s, then twice as
 * long after each failed probe, at most 30 s. One probe that succeeds closes it.
 */
export function createBreaker({ clock, onChange }: BreakerOptions): Breaker {
  const window = createWindow(clock)
  const now: Standing = {
    era: 0,
    failuresInRow: 0,
    openUntilMs: undefined,
    nextOpenMs: firstOpenMs,
    probeSinceMs: undefined,
  }

  const begin = (openMs: number | undefined, nextOpenMs: number) => {
    const wasOpen = now.openUntilMs !== undefined
    const openUntilMs = openMs === undefined ? undefined : clock.monotonicMs() + openMs
    Object.assign(now, { era: now.era + 1, failuresInRow: 0, openUntilMs, nextOpenMs, probeSinceMs: undefined })
    window.clear()
    if (wasOpen !== (openMs !== undefined)) onChange?.(openMs === undefined ? 'closed' : 'open')
  }
  const open = () => begin(now.nextOpenMs, Math.min(maxOpenMs, now.nextOpenMs * 2))

  const isProbeOut = () => now.probeSinceMs !== undefined && clock.monotonicMs() - now.probeSinceMs < maxProbeMs

  const sendProbe = (): Leave => {
    now.era += 1
    now.probeSinceMs = clock.monotonicMs()
    const free = () => {
      now.probeSinceMs = undefined
    }
    return leave(now, { isProbe: true, succeed: () => begin(undefined, firstOpenMs), fail: open, cancel: free })
  }
  const letThrough = (): Leave => {
    const note = (isFailure: boolean) => {
      now.failuresInRow = isFailure ? now.failuresInRow + 1 : 0
      window.note(isFailure)
      if (isFailure && (now.failuresInRow >= maxFailuresInRow || window.isHalfFailed())) open()
    }
    return leave(now, { isProbe: false, succeed: () => note(false), fail: () => note(true), cancel: () => {} })
  }

  return {
    enter() {
      if (now.openUntilMs === undefined) return letThrough()
      return clock.monotonicMs() < now.openUntilMs || isProbeOut() ? undefined : sendProbe()
    },
    state() {
      if (now.openUntilMs === undefined) return 'closed'
      return clock.monotonicMs() < now.openUntilMs ? 'open' : 'half_open'
    },
    retryAfterMs() {
      if (now.openUntilMs === undefined) return 0
      return Math.max(now.openUntilMs - clock.monotonicMs(), probeWaitMs)
    },
  }
}

/** The first word counts, and only in the era in which the leave was given. */
function leave(standing: Standing, { isProbe, succeed, fail, cancel }: Leave): Leave {
  const { era } = standing
  let isOver = false
  const once = (say: () => void) => () => {
    if (isOver) return
    isOver = true
    if (standing.era === era) say()
  }
  return { isProbe, succeed: once(succeed), fail: once(fail), cancel: once(cancel) }
}

const windowMs = 10_000
const sliceMs = 500

type Slice = { readonly number: number; total: number; failed: number }

/** Outcomes of the last 10 s, to the half second: counting in slices bounds it, however many there are. */
function createWindow(clock: Pick<Clock, 'monotonicMs'>) {
  const slices: Slice[] = [] // oldest first
  const current = (): Slice => {
    const number = Math.floor(clock.monotonicMs() / sliceMs)
    while ((slices[0]?.number ?? number) <= number - windowMs / sliceMs) slices.shift()
    const newest = slices.at(-1)
    if (newest?.number === number) return newest
    const begun = { number, total: 0, failed: 0 }
    slices.push(begun)
    return begun
  }
  return {
    note(isFailure: boolean): void {
      const slice = current()
      slice.total += 1
      if (isFailure) slice.failed += 1
    },
    isHalfFailed(): boolean {
      const total = slices.reduce((sum, slice) => sum + slice.total, 0)
      const failed = slices.reduce((sum, slice) => sum + slice.failed, 0)
      return total >= minJudged && failed * 2 >= total
    },
    clear(): void {
      slices.length = 0
    },
  }
}
