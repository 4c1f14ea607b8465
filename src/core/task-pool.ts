import type { Clock } from './clock.ts'
import { openDeadline, orAborted } from './deadline.ts'
import { BaseError } from './errors.ts'
import type { Log } from './log.ts'
import { silentLog } from './log.ts'

/** As much runs and waits as may. */
export class PoolFullError extends BaseError {
  override readonly code = 'OVERLOADED'
  override readonly kind = 'exhausted'
  constructor(waiting: number) {
    super(`${waiting} tasks wait already.`, { details: { waiting, retryAfterSeconds: 1 } })
  }
}

/** Nothing new is begun. */
export class PoolClosedError extends BaseError {
  override readonly code = 'SHUTTING_DOWN'
  override readonly kind = 'unavailable'
  constructor() {
    super('No task is begun any more.')
  }
}

/** Its signal fires when the caller cancels, and when the pool gives up waiting for it. */
export type PoolWork<T> = (signal: AbortSignal) => Promise<T>

/** `failed`: since it was made; what was cancelled is none of them. */
export type PoolStats = { readonly running: number; readonly waiting: number; readonly failed: number }

/** Runs work in the background: some of it at once, the rest in the order of its coming. */
export type TaskPool = {
  /**
   * The work's outcome. Nobody has to wait for it: a rejection that nobody hears harms nothing.
   * @throws PoolFullError, PoolClosedError, the signal's reason when it fires before the work began
   */
  run<T>(work: PoolWork<T>, options?: { readonly signal?: AbortSignal }): Promise<T>
  stats(): PoolStats
  /**
   * Takes nothing new and waits for what runs and waits; after `graceMs` all of it is cancelled, and has a second to end.
   * @returns how many had not ended then
   */
  drain(graceMs: number): Promise<number>
}

export type TaskPoolDeps = {
  readonly clock: Clock
  /** How many run at once (≥ 1). */
  readonly concurrency: number
  /** How many may wait (≥ 0). */
  readonly queue: number
  readonly log?: Log
}

const lingerMs = 1_000

/** A pool in this process's one event loop: it bounds how much is under way, not how long a loop may spin. */
export function createTaskPool({ clock, concurrency, queue, log = silentLog }: TaskPoolDeps): TaskPool {
  const end = new AbortController()
  const waiting = new Set<() => void>()
  const tasks = new Set<Promise<unknown>>()
  const counts = { running: 0, failed: 0 }
  let isClosed = false

  /** Resolves when there is room, which is then taken. */
  const enter = async (signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (counts.running < concurrency) {
      counts.running += 1
      return
    }
    if (waiting.size >= queue) throw new PoolFullError(waiting.size)
    const { promise, resolve } = Promise.withResolvers<void>()
    waiting.add(resolve)
    await orAborted(promise, signal).catch((error: unknown) => {
      if (!waiting.delete(resolve)) leave() // the room came together with the signal: the next one gets it
      throw error
    })
  }
  /** Hands the room to the one that waits longest, at once: it is never free in between. */
  const leave = (): void => {
    const [next] = waiting
    if (next === undefined) {
      counts.running -= 1
      return
    }
    waiting.delete(next)
    next()
  }
  const note = (error: unknown): void => {
    counts.failed += 1
    // What is ours is told to the caller; anything else is a bug, and perhaps nobody listens.
    if (!(error instanceof BaseError)) log.error({ err: error }, 'a background task failed')
  }
  const runOne = async <T>(work: PoolWork<T>, signal: AbortSignal): Promise<T> => {
    await enter(signal)
    try {
      signal.throwIfAborted()
      return await work(signal)
    } catch (error) {
      if (!signal.aborted) note(error)
      throw error
    } finally {
      leave()
    }
  }
  const untilEnd = async (ms: number): Promise<void> => {
    const deadline = openDeadline(clock, clock.monotonicMs() + ms)
    await orAborted(Promise.allSettled(tasks), deadline.signal).catch(() => {})
    deadline.close()
  }
  return {
    run(work, { signal } = {}) {
      if (isClosed) return Promise.reject(new PoolClosedError())
      const task = runOne(work, signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]))
      tasks.add(task)
      task.catch(() => {}).finally(() => tasks.delete(task))
      return task
    },
    stats: () => ({ ...counts, waiting: waiting.size }),
    async drain(graceMs) {
      isClosed = true
      await untilEnd(graceMs)
      if (tasks.size === 0) return 0
      end.abort(new PoolClosedError())
      await untilEnd(lingerMs)
      return tasks.size
    },
  }
}
