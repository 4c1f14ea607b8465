import { monitorEventLoopDelay } from 'node:perf_hooks'

/** Whether the event loop is so late that nothing new should be begun. */
export type LoopDelay = { isLate(): boolean; close(): void }

/** How often the loop is looked at, and over how long a hundredth of its turns is judged. */
const sampleMs = 10
const windowMs = 1_000

/**
 * Watches the event loop: late is a p99 above `maxDelayMs` over the last second. One long turn in a second is not enough,
 * since a start or a first chat has one. Holds no process open.
 */
export function watchLoopDelay(maxDelayMs: number): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: sampleMs })
  histogram.enable()
  const state = { isLate: false }
  const timer = setInterval(() => {
    // What it records is the time between two looks, the wanted pause included.
    state.isLate = histogram.percentile(99) / 1e6 - sampleMs > maxDelayMs
    histogram.reset()
  }, windowMs)
  timer.unref()
  return {
    isLate: () => state.isLate,
    close() {
      clearInterval(timer)
      histogram.disable()
    },
  }
}
