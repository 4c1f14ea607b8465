import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'

/** Does a step again and again while there is work, one at a time, and tries a failed one until it succeeds. */
export type Runner = {
  /** There may be work. */
  wake(): void
  /** Why the last step failed; undefined where it did not. */
  failure(): unknown
  /** Resolves once nothing runs: all work is done, or closing ended the tries. */
  settled(): Promise<void>
}

export type RunnerDeps = {
  readonly step: () => Promise<void>
  readonly hasWork: () => boolean
  /** Aborted when no more than one last try is wanted. */
  readonly closing: AbortSignal
  readonly clock: Pick<Clock, 'sleep'>
  readonly log: Log
}

const retryMs = 1_000

export function createRunner({ step, hasWork, closing, clock, log }: RunnerDeps): Runner {
  let failure: unknown
  let isBusy = false
  let running = Promise.resolve()

  async function run(): Promise<void> {
    while (failure !== undefined || hasWork()) {
      try {
        await step()
        if (failure !== undefined) log.info({}, 'the audit log can be written again')
        failure = undefined
      } catch (error) {
        if (failure === undefined) log.error({ err: error }, 'the audit log cannot be written')
        failure = error
        if (closing.aborted) break
        await clock.sleep(retryMs, closing).catch(() => {}) // closing ends the wait, not the last try
      }
    }
    isBusy = false // in the same turn as the look at the work, so that none is left lying
  }

  return {
    wake() {
      if (isBusy) return
      isBusy = true
      running = run()
    },
    failure: () => failure,
    settled: () => running,
  }
}
