import type { Clock } from './clock.ts'
import { openDeadline, orAborted } from './deadline.ts'
import { createMachine } from './fsm.ts'
import type { Log } from './log.ts'
import { backOffMs } from './retry.ts'
import type { ChildChange, ChildNode, ChildSpec, ChildState, Running, SupervisorLimits } from './supervised.ts'

export type ChildDeps = {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly limits: SupervisorLimits
  readonly onState: (change: ChildChange) => void
  /** Told once, when it has ended and will not be started again, unless somebody stopped it. */
  readonly onGone: (state: 'stopped' | 'failed') => void
}

/** One supervised part: what runs, and what happens when it does not. */
export type Child = {
  /** @throws what its start throws, or a TimeoutError; then it is `failed` */
  begin(): Promise<void>
  /** Ends it, whatever it does. Never throws. */
  stop(): Promise<void>
  node(): ChildNode
}

const transitions = {
  starting: ['running', 'waiting', 'stopping', 'failed'],
  running: ['waiting', 'stopping', 'stopped', 'failed'],
  waiting: ['starting', 'stopping'],
  stopping: ['stopped'],
  stopped: [],
  failed: ['stopping'],
} satisfies Readonly<Record<ChildState, readonly ChildState[]>>

const stopped = new Error('It is being stopped.')

/** Runs, and is started again by its policy: after 1 s, then twice as long each time. */
export function createChild(spec: ChildSpec, { clock, random, log, limits, onState, onGone }: ChildDeps): Child {
  const { id, policy } = spec
  const life = new AbortController()
  /** When it was started again, monotonic; those of the last window. */
  let restartsMs: readonly number[] = []
  let restarts = 0
  let error: string | undefined
  let running: Running | undefined
  let watching: Promise<void> = Promise.resolve()
  /** The end of a start that came too late. */
  let leaving: Promise<void> = Promise.resolve()
  let stopping: Promise<void> | undefined
  const machine = createMachine<ChildState>(transitions, {
    name: id,
    initial: 'starting',
    onTransition: ({ from, to }) => onState({ id, from, to, restarts, ...(error === undefined ? {} : { error }) }),
  })

  const startOnce = async (): Promise<void> => {
    const deadline = openDeadline(clock, clock.monotonicMs() + limits.startMs)
    const signal = AbortSignal.any([life.signal, deadline.signal])
    const starting = Promise.try(() => spec.start(signal))
    try {
      const started = await orAborted(starting, signal)
      life.signal.throwIfAborted()
      running = started
    } catch (cause) {
      leaving = starting.then((late) => late.stop()).catch(() => {}) // what failed has nothing to stop
      throw cause
    } finally {
      deadline.close()
    }
    machine.go('running')
  }
  const note = (cause: unknown): void => {
    error = cause instanceof Error ? cause.message.slice(0, 200) : 'unknown'
    log.warn({ component: id, restarts, err: cause }, 'a part of the service has crashed')
  }
  /** @returns whether it runs again */
  const restart = async (): Promise<boolean> => {
    for (;;) {
      const nowMs = clock.monotonicMs()
      restartsMs = restartsMs.filter((atMs) => nowMs - atMs < limits.windowMs)
      if (restartsMs.length >= limits.maxRestarts) return giveUp()
      machine.go('waiting')
      await clock.sleep(backOffMs(restartsMs.length, limits.backOff, random), life.signal)
      restartsMs = [...restartsMs, clock.monotonicMs()]
      restarts += 1
      machine.go('starting')
      try {
        await startOnce()
        return true
      } catch (cause) {
        if (life.signal.aborted) throw cause
        note(cause)
      }
    }
  }
  const giveUp = (): false => {
    machine.go('failed')
    log.error({ component: id, restarts, error }, 'a part of the service has failed for good')
    onGone('failed')
    return false
  }
  /** After its end. @returns whether it runs again */
  const goOn = async (hasCrashed: boolean): Promise<boolean> => {
    running = undefined
    if (policy === 'permanent' || (policy === 'transient' && hasCrashed)) return restart()
    if (hasCrashed) return giveUp()
    machine.go('stopped')
    onGone('stopped')
    return false
  }
  /** @throws once it is stopped */
  const watch = async (): Promise<void> => {
    for (let isRunning = true; isRunning; ) {
      if (running?.ended === undefined) return
      const hasCrashed = await orAborted(running.ended, life.signal).then(
        () => false,
        (cause: unknown) => {
          if (life.signal.aborted) throw cause
          note(cause)
          return true
        },
      )
      isRunning = await goOn(hasCrashed)
    }
  }
  const stopRunning = async (): Promise<void> => {
    const deadline = openDeadline(clock, clock.monotonicMs() + limits.stopMs)
    await orAborted(Promise.all([Promise.try(() => running?.stop()), leaving]), deadline.signal).catch(
      (cause: unknown) => {
        log.warn({ component: id, err: cause }, 'a part of the service did not stop as it should')
      },
    )
    deadline.close()
  }
  const stopOnce = async (): Promise<void> => {
    if (machine.state() === 'stopped') return
    life.abort(stopped)
    machine.go('stopping')
    await watching
    await stopRunning()
    machine.go('stopped')
  }
  return {
    begin() {
      const starting = startOnce().catch((cause: unknown) => {
        if (!life.signal.aborted) machine.go('failed')
        throw cause
      })
      watching = starting.then(watch).catch(() => {}) // its start failed, which the caller is told, or it was stopped
      return starting
    },
    stop() {
      stopping ??= stopOnce()
      return stopping
    },
    node: () => ({
      id,
      policy,
      state: machine.state(),
      restarts,
      ...(error === undefined ? {} : { error }),
      children: running?.tree?.() ?? [],
    }),
  }
}
