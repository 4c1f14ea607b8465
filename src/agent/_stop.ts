import type { Clock } from '../core/clock.ts'
import type { KillSwitch } from '../policy/kill-switch.ts'
import { TaskStopped } from './_task-end.ts'

type StopDeps = {
  readonly kill: Pick<KillSwitch, 'onChange'>
  readonly clock: Pick<Clock, 'sleep'>
  /** Fires when whoever asked gives it up. */
  readonly cancelled: AbortSignal
  /** Fires when the service stops. */
  readonly interrupted: AbortSignal
  readonly timeMs: number
}

type Stop = {
  /** Fires with the first wish. */
  readonly signal: AbortSignal
  /** The same for tools, but for the kill switch: what runs when it goes on is seen to its end. */
  readonly cut: AbortSignal
  /** Never fires by a wish: what is under way may come to its end. */
  readonly gone: AbortSignal
  told(): TaskStopped['stop'] | undefined
  close(): void
}

/** The wishes to stop, as one signal that remembers the first of them. */
export function openStop({ kill, clock, cancelled, interrupted, timeMs }: StopDeps): Stop {
  const stop = new AbortController()
  const cut = new AbortController()
  const gone = new AbortController()
  const done = new AbortController()
  const end = (why: TaskStopped['stop']): void => {
    stop.abort(new TaskStopped(why))
    if (why !== 'kill_switch') cut.abort(new TaskStopped(why))
  }
  const listen = (signal: AbortSignal, then: () => void): void => {
    if (signal.aborted) then()
    else signal.addEventListener('abort', then, { once: true, signal: done.signal })
  }
  listen(cancelled, () => end('cancelled'))
  listen(interrupted, () => end('interrupted'))
  const unwatch = kill.onChange(({ isOn }) => {
    if (isOn) end('kill_switch')
  })
  clock.sleep(timeMs, done.signal).then(
    () => end('time'),
    () => {}, // it was done before
  )
  return {
    signal: stop.signal,
    cut: cut.signal,
    gone: gone.signal,
    told: () => (stop.signal.reason instanceof TaskStopped ? stop.signal.reason.stop : undefined),
    close() {
      unwatch()
      done.abort(new Error('The task has ended.'))
    },
  }
}
