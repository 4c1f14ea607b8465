import type { Clock } from '../core/clock.ts'
import { LlmTimeoutError } from './errors.ts'

/** Watches over waits, one at a time. */
export type Watch = {
  /** From now on somebody waits, and may wait this long. */
  wait(limitMs: number): void
  /** What was waited for has come. */
  rest(): void
  close(): void
}

/** Why a timer is stopped, made once: an abort without a reason costs an exception of its own. */
const notNeeded = new Error('The timer is not needed any more.')

/**
 * Calls `onLate` once when a wait lasts longer than it may. It keeps one timer however many waits there are: an answer
 * has thousands. `tickMs` must not be longer than the shortest limit but the first, which begins with the watch.
 */
export function startWatch(
  clock: Clock,
  { firstMs, tickMs }: { readonly firstMs: number; readonly tickMs: number },
  onLate: (waitedMs: number) => void,
): Watch {
  const closed = new AbortController()
  const waitFrom = (limitMs: number) => ({ limitMs, endsAtMs: clock.monotonicMs() + limitMs })
  let current: ReturnType<typeof waitFrom> | undefined = waitFrom(firstMs)

  // A wait that begins inside a tick ends after it, so looking at every tick is never too late.
  const run = async (): Promise<void> => {
    for (;;) {
      const leftMs = current === undefined ? tickMs : current.endsAtMs - clock.monotonicMs()
      if (current !== undefined && leftMs <= 0) return onLate(current.limitMs)
      await clock.sleep(Math.min(leftMs, tickMs), closed.signal)
    }
  }
  run().catch(() => undefined) // closed

  return {
    wait(limitMs) {
      current = waitFrom(limitMs)
    },
    rest() {
      current = undefined
    },
    close: () => closed.abort(notNeeded),
  }
}

/** Work with a bound on its time as a whole. @throws LlmTimeoutError, or what the work or the signal throws */
export async function withinMs<T>(
  limitMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController()
  const done = new AbortController()
  const onLate = () => late.abort(new LlmTimeoutError(limitMs))
  clock.sleep(limitMs, done.signal).then(onLate, () => undefined)
  try {
    return await work(AbortSignal.any([signal, late.signal]))
  } finally {
    done.abort(notNeeded)
  }
}
