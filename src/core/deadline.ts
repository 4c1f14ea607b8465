import type { Clock } from './clock.ts'

/** A signal that fires at one moment of the monotonic clock. `close` frees its timer and leaves the signal as it is. */
export type Deadline = { readonly signal: AbortSignal; close(): void }

/** Why a timer is stopped, made once: an abort without a reason costs an exception of its own. */
const notNeeded = new Error('The deadline is not needed any more.')

/** Opens a deadline; for a moment that is not in the future the signal has fired already. */
export function openDeadline(clock: Clock, atMs: number): Deadline {
  const over = new AbortController()
  const timer = new AbortController()
  const end = () => over.abort(new DOMException('Time is up.', 'TimeoutError'))
  const leftMs = atMs - clock.monotonicMs()
  if (leftMs <= 0) end()
  else clock.sleep(leftMs, timer.signal).then(end, () => undefined)
  return { signal: over.signal, close: () => timer.abort(notNeeded) }
}

/** The promise's outcome, or a rejection with the signal's reason when that fires first. The work itself goes on. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: first, resolve, reject } = Promise.withResolvers<T>()
  const stop = () => reject(signal.reason)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  return first
}
