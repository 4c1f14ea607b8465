import type { Clock } from '../../src/core/clock.ts'

/** Time that moves only inside `run`, from one due moment to the next. Everything in a world waits for it. */
export type Time = {
  nowMs(): number
  /** Calls back after `ms`, unless what it gives is called before. */
  after(ms: number, due: () => void): () => void
  sleep(ms: number): Promise<void>
  /**
   * Moves on until `isOver`, or until this moment. One callback at a time, and every promise that can move has moved
   * before the next: so the order of everything follows from the callbacks alone.
   */
  run(untilMs: number, isOver: () => boolean): Promise<void>
  /** How many callbacks there were. */
  moments(): number
}

/** A clock whose sleepers can be silenced for ever, as if their process were gone. */
export type MortalClock = Clock & { stop(): void }

type Due = { readonly atMs: number; readonly order: number; readonly call: () => void; isOff: boolean }

/** Moments that one world may have: far above what any needs, so that one that never rests ends. */
const maxMoments = 400_000

/** When a world begins, by every wall clock. */
export const epochMs = 1_763_700_000_000

export function createTime(): Time {
  let nowMs = 0
  let count = 0
  let moments = 0
  const heap: Due[] = []

  const after = (ms: number, call: () => void): (() => void) => {
    const due = { atMs: nowMs + Math.max(0, ms), order: count++, call, isOff: false }
    push(heap, due)
    return () => {
      due.isOff = true
    }
  }
  return {
    nowMs: () => nowMs,
    after,
    moments: () => moments,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
    async run(untilMs, isOver) {
      await settled()
      for (let next = heap[0]; next !== undefined && next.atMs <= untilMs && !isOver(); next = heap[0]) {
        pop(heap)
        if (next.isOff) continue
        if (++moments > maxMoments) throw new Error('The world does not come to rest.')
        nowMs = next.atMs
        next.call()
        await settled()
      }
      if (!isOver()) nowMs = Math.max(nowMs, untilMs)
    },
  }
}

/** Every promise that can move has moved. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The time of one process. @param skewMs how far its wall clock is off, now: it may jump */
export function createMortalClock(time: Time, skewMs: () => number): MortalClock {
  let isStopped = false
  return {
    nowMs: () => epochMs + Math.floor(time.nowMs() + skewMs()),
    monotonicMs: () => time.nowMs(),
    sleep(ms, signal) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      if (isStopped) return promise
      const stop = () => {
        cancel()
        if (!isStopped) reject(signal?.reason)
      }
      const cancel = time.after(ms, () => {
        signal?.removeEventListener('abort', stop)
        if (!isStopped) resolve()
      })
      if (signal?.aborted) stop()
      else signal?.addEventListener('abort', stop, { once: true })
      return promise
    },
    stop() {
      isStopped = true
    },
  }
}

const isBefore = (left: Due, right: Due): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order)

function push(heap: Due[], due: Due): void {
  let at = heap.length
  heap.push(due)
  for (let up = (at - 1) >> 1; at > 0; up = (at - 1) >> 1) {
    const parent = heap[up]
    if (parent === undefined || !isBefore(due, parent)) break
    heap[at] = parent
    at = up
  }
  heap[at] = due
}

function pop(heap: Due[]): void {
  const last = heap.pop()
  if (last === undefined || heap.length === 0) return
  let at = 0
  for (let down = 1; down < heap.length; down = 2 * at + 1) {
    const left = heap[down]
    const right = heap[down + 1]
    const child = right !== undefined && left !== undefined && isBefore(right, left) ? right : left
    if (child === undefined || !isBefore(child, last)) break
    heap[at] = child
    at = child === right ? down + 1 : down
  }
  heap[at] = last
}
