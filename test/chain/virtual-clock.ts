import type { Clock } from '../../src/core/clock.ts'

/** A clock that stands still until somebody runs it. */
export type VirtualClock = Clock & {
  /** Lets time jump from one timer to the next until the work is done, and gives its outcome. */
  run<T>(work: Promise<T>): Promise<T>
}

type Timer = { readonly atMs: number; readonly fire: () => void }

/** Time as a number: begins at 0 on the monotonic side, and moves only inside `run`. */
export function createVirtualClock(): VirtualClock {
  let nowMs = 0
  const timers = new Set<Timer>()

  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = { atMs: nowMs + ms, fire: resolve }
    const stop = () => {
      timers.delete(timer)
      reject(signal?.reason)
    }
    if (signal?.aborted) stop()
    else timers.add(timer)
    signal?.addEventListener('abort', stop, { once: true })
    return promise
  }

  const run = async <T>(work: Promise<T>): Promise<T> => {
    let isDone = false
    const end = () => {
      isDone = true
    }
    work.then(end, end)
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve)) // every promise that can move has moved
      if (isDone) return work
      const next = [...timers].sort((left, right) => left.atMs - right.atMs)[0]
      if (next === undefined) throw new Error('The work waits for something that is not a timer.')
      timers.delete(next)
      nowMs = next.atMs
      next.fire()
    }
  }

  return { nowMs: () => 1_763_700_000_000 + nowMs, monotonicMs: () => nowMs, sleep, run }
}
