import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'

/** Told of spans that nobody will see, and why. */
export type NoteLoss = (spans: number, reason: string) => void

export type LossesDeps = {
  readonly log: Log
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** No two lines come within this time, milliseconds. */
  readonly everyMs?: number
}

/** Says that spans were lost: at once, and then once a minute at most, with all that were lost since. */
export function createLosses({ log, clock, everyMs = 60_000 }: LossesDeps): NoteLoss {
  let lost = 0
  let quietUntilMs = Number.NEGATIVE_INFINITY
  return (spans, reason) => {
    lost += spans
    const nowMs = clock.monotonicMs()
    if (nowMs < quietUntilMs) return
    log.warn({ spans: lost, reason }, 'trace spans were lost; the calls themselves are not affected')
    lost = 0
    quietUntilMs = nowMs + everyMs
  }
}
