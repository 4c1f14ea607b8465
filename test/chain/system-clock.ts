import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../src/core/clock.ts'

/** The time of this machine, for tests over real sockets. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
}
