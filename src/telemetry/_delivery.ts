import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import type { Log } from '../core/log.ts'
import { createRing } from './_ring.ts'
import type { TelemetryEvent } from './event.ts'
import type { Sink } from './sink.ts'

/** Counts of one sink since it came. */
export type SinkStats = {
  readonly name: string
  readonly accepted: number
  /** Given up for newer ones, as the sink was too slow. */
  readonly dropped: number
  /** Events that it refused, or did not take in its time. */
  readonly failed: number
  readonly waiting: number
}

/** How much waits for one sink, and for how long. */
export type DeliveryLimits = {
  readonly queue: number
  /** Of one call to the sink. */
  readonly acceptMs: number
  /** Of all that is left to be done at the end. */
  readonly closeMs: number
  readonly logEveryMs: number
}

export type DeliveryDeps = {
  readonly sink: Sink
  readonly limits: DeliveryLimits
  readonly clock: Clock
  readonly log: Log
}

/** The way to one sink. */
export type Delivery = {
  /** Returns at once. */
  push(event: TelemetryEvent): void
  stats(): SinkStats
  /** Gives up what waits. */
  stop(): void
  /** Delivers what waits, then closes the sink, within `closeMs`. Never throws. */
  close(): Promise<void>
}

/** So many at once; the event loop has a turn between two batches. */
const batchSize = 1_000

/** A queue of its own for each sink, so that one that fails or hangs costs the others nothing. */
export function createDelivery({ sink, limits, clock, log }: DeliveryDeps): Delivery {
  const queue = createRing<TelemetryEvent>(limits.queue)
  const counts = { accepted: 0, dropped: 0, failed: 0 }
  const tellLosses = createLosses({ sink, counts, limits, clock, log })
  let draining: Promise<void> | undefined
  let isStopped = false

  /** @throws what the sink throws, or a TimeoutError */
  const within = async (work: void | Promise<void>, ms: number): Promise<void> => {
    if (work === undefined) return
    const deadline = openDeadline(clock, clock.monotonicMs() + ms)
    await orAborted(work, deadline.signal).finally(deadline.close)
  }
  const deliver = async (batch: readonly TelemetryEvent[]): Promise<void> => {
    let accepted = 0
    let failure: unknown
    for (const event of batch) {
      if (isStopped) return
      try {
        await within(sink.accept(event), limits.acceptMs)
        accepted += 1
      } catch (error) {
        failure = error
      }
    }
    try {
      await within(sink.flush?.(), limits.acceptMs)
    } catch (error) {
      failure = error
      accepted = 0
    }
    counts.accepted += accepted
    counts.failed += batch.length - accepted
    tellLosses(failure)
  }
  const drain = async (): Promise<void> => {
    while (queue.size > 0 && !isStopped) {
      await nextTurn()
      await deliver(queue.take(batchSize))
    }
    draining = undefined
  }
  const finish = async (): Promise<void> => {
    await draining
    await sink.close?.()
  }
  return {
    push(event) {
      if (isStopped) return
      if (queue.push(event)) counts.dropped += 1
      draining ??= drain()
    },
    stats: () => ({ name: sink.name, ...counts, waiting: queue.size }),
    stop() {
      isStopped = true
      queue.take(queue.size)
    },
    async close() {
      await within(finish(), limits.closeMs).catch((error: unknown) => {
        log.warn({ sink: sink.name, waiting: queue.size, err: error }, 'a sink of events did not close')
      })
      isStopped = true
      tellLosses(undefined, true)
    },
  }
}

type Losses = Pick<DeliveryDeps, 'sink' | 'limits' | 'clock' | 'log'> & {
  readonly counts: { readonly dropped: number; readonly failed: number }
}

/** Says what was lost: at once, then once a minute at most with all that were lost since, and at the end. */
function createLosses({ sink, counts, limits, clock, log }: Losses) {
  let told = { dropped: 0, failed: 0 }
  let quietUntilMs = Number.NEGATIVE_INFINITY
  return (error: unknown, isLast = false): void => {
    const dropped = counts.dropped - told.dropped
    const failed = counts.failed - told.failed
    const nowMs = clock.monotonicMs()
    if (dropped + failed === 0 || (nowMs < quietUntilMs && !isLast)) return
    const why = error === undefined ? {} : { err: error }
    log.warn({ sink: sink.name, dropped, failed, ...why }, 'events were lost; the work itself is not affected')
    told = { dropped: counts.dropped, failed: counts.failed }
    quietUntilMs = nowMs + limits.logEveryMs
  }
}
