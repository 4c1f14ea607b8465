import type { Clock } from '../core/clock.ts'

/** Does work again and again, `ms` after it ended, until what this returns is called. @param work never rejects */
export function every(clock: Pick<Clock, 'sleep'>, ms: number, work: () => Promise<void> | void): () => void {
  const stopped = new AbortController()
  const { signal } = stopped
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      // A rejection only says that it was stopped.
      await clock.sleep(ms, signal).catch(() => undefined)
      if (!signal.aborted) await work()
    }
  }
  void run()
  return () => stopped.abort(new Error('Nobody watches any more.'))
}
