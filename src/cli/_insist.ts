import { setTimeout as sleep } from 'node:timers/promises'
import { backOffMs } from '../core/retry.ts'

/** How long a command waits in all for a service that is away, or that does not know yet what became of a request. */
const patienceMs = 60_000

const pace = { firstMs: 200, factor: 1.6, maxMs: 2_000, jitter: 0.2 }

/** One answer to a request that may be sent again. */
export type Attempt<T> = {
  readonly value: T
  /** Is it an answer that stays? Else the same request is due again. */
  readonly isFinal: boolean
  /** How long the service asked to be left alone, 0 where it did not say. */
  readonly retryAfterMs: number
}

export type InsistOptions = {
  /** Ends the waiting. */
  readonly signal: AbortSignal
  /** Told once when the waiting begins, with the reason in words. */
  readonly onWait: (why: string) => void
  /** Bound of the whole wait; a minute unless told. */
  readonly patienceMs?: number
}

/**
 * Sends the same request until it is answered for good. Only for what may be sent again: a read, or a write with its key.
 * @returns the last answer where none was for good within a minute
 * @throws what `ask` threw last where nobody answered within a minute; the signal's reason
 */
export async function insist<T>(ask: () => Promise<Attempt<T>>, options: InsistOptions): Promise<T> {
  const { signal, onWait } = options
  const untilMs = performance.now() + (options.patienceMs ?? patienceMs)
  for (let failures = 0; ; failures++) {
    const attempt = await ask().catch((error: unknown) => ({ error }))
    signal.throwIfAborted()
    if ('value' in attempt && attempt.isFinal) return attempt.value
    const askedMs = 'value' in attempt ? attempt.retryAfterMs : 0
    const waitMs = Math.max(askedMs, backOffMs(failures, pace, Math.random))
    if (performance.now() + waitMs > untilMs) {
      if ('error' in attempt) throw attempt.error
      return attempt.value
    }
    if (failures === 0) onWait('error' in attempt ? 'The service does not answer' : 'The service cannot say yet')
    await sleep(waitMs, undefined, { signal })
  }
}
