import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import { OverloadedError, ShuttingDownError } from './errors.ts'
import { lastCallAfterMs } from './last-call.ts'

/** For the answers to the last call to be written. */
const answeringMs = 1_500

/** So many refusals within so long are more than a busy moment: the time to come will be no better. */
const swampedAfter = 64
const swampedForMs = 1_000

/** How much is done at once. */
export type AdmissionLimits = {
  /** Requests whose answer is not complete; 256 unless told. */
  readonly maxRequestsInFlight?: number
  /** Streams of live events; 1,000 unless told. */
  readonly maxStreams?: number
  /** Tool calls that may change the ledger, followed to their end even when the caller is gone; 64 unless told. */
  readonly maxWritesInFlight?: number
  /** Can the process not keep up with what it has? Then no new write begins. */
  readonly isLate?: () => boolean
  /** The machine's own unless told. */
  readonly monotonicMs?: () => number
}

/** Counts what is running and lets no more in than the limits; lets no write in once it is closed. */
export type Admission = {
  /** Counts a request until its answer is complete or its connection is gone. @throws OverloadedError */
  enter(response: ServerResponse): void
  /** The same for an answer that ends when its caller likes. @throws ShuttingDownError or OverloadedError */
  enterStream(response: ServerResponse): void
  /** @throws ShuttingDownError or OverloadedError before the work is started */
  write<T>(work: () => Promise<T>): Promise<T>
  /** @returns when the requests and writes that were in flight are complete, or have had their last call */
  close(): Promise<void>
  isClosed(): boolean
  /**
   * Is there no room for one more write, and were so many refused lately that to look at each costs too much? A yes counts
   * as a refusal.
   * @param calls how many calls of tools are under way, those that are yet to be read included
   */
  refusesUnread(calls: number): boolean
  /** Fires when what still runs has to be answered, some time after `close`. */
  readonly lastCall: AbortSignal
}

export function createAdmission({
  maxRequestsInFlight = 256,
  maxStreams = 1_000,
  maxWritesInFlight = 64,
  isLate = () => false,
  monotonicMs = () => performance.now(),
}: AdmissionLimits): Admission {
  const inFlight = new Set<ServerResponse>()
  const streams = new Set<ServerResponse>()
  const writes = new Set<Promise<unknown>>() // some of callers who are gone
  let closed = false
  const lastCall = new AbortController()
  const refused = { count: 0, sinceMs: Number.NEGATIVE_INFINITY, swampedUntilMs: Number.NEGATIVE_INFINITY }

  const noteRefusal = (): void => {
    const nowMs = monotonicMs()
    if (nowMs - refused.sinceMs >= swampedForMs) Object.assign(refused, { count: 0, sinceMs: nowMs })
    refused.count += 1
    if (refused.count >= swampedAfter) refused.swampedUntilMs = nowMs + swampedForMs
  }
  const assertRoom = (): void => {
    const lacking = writes.size >= maxWritesInFlight ? 'writes' : isLate() ? 'loop' : undefined
    if (lacking === undefined) return
    noteRefusal()
    throw new OverloadedError(lacking)
  }
  return {
    lastCall: lastCall.signal,
    enter(response) {
      if (inFlight.size >= maxRequestsInFlight) throw new OverloadedError('requests')
      inFlight.add(response)
      finished(response, () => inFlight.delete(response))
    },
    enterStream(response) {
      if (closed) throw new ShuttingDownError()
      if (streams.size >= maxStreams) throw new OverloadedError('streams')
      streams.add(response)
      finished(response, () => streams.delete(response))
    },
    async write(work) {
      if (closed) throw new ShuttingDownError()
      assertRoom()
      const going = work()
      writes.add(going)
      try {
        return await going
      } finally {
        writes.delete(going)
      }
    },
    async close() {
      closed = true
      const { promise: late, resolve } = Promise.withResolvers<void>()
      const call = setTimeout(() => lastCall.abort(new Error('The service is stopping.')), lastCallAfterMs).unref()
      const end = setTimeout(resolve, lastCallAfterMs + answeringMs).unref()
      await Promise.race([late, Promise.allSettled([...[...inFlight].map(untilFinished), ...writes])])
      clearTimeout(end)
      if (inFlight.size === 0 && writes.size === 0) clearTimeout(call)
    },
    isClosed: () => closed,
    refusesUnread(calls) {
      if (closed) return false // that is another answer
      if (Math.max(calls, writes.size) < maxWritesInFlight || monotonicMs() >= refused.swampedUntilMs) return false
      noteRefusal()
      return true
    },
  }
}

const untilFinished = (response: ServerResponse) => new Promise<void>((resolve) => finished(response, () => resolve()))
