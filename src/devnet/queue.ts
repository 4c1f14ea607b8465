import { eventKeyOf } from './event-keys.ts'
import type { Update } from './update.ts'

/** Messages that were let in and wait for a snapshot, in order. */
export type Queue = {
  /** False when it is full: 10,000 messages or 64 Mi characters of them. */
  add(update: Update): boolean
  /** The next ones: at most 256, or 4 Mi characters of them, but one at least where there is one. */
  take(): readonly Update[]
  /** Those that wait under an event key. */
  underKey(key: string): readonly Update[]
  all(): readonly Update[]
  isFull(): boolean
  isEmpty(): boolean
}

const maxUpdates = 10_000
const maxSize = 64 * 1024 * 1024
const maxBatch = 256 // some 25 ms of work, so that answers do not wait for longer
const maxBatchSize = 4 * 1024 * 1024

export function createQueue(): Queue {
  let updates: Update[] = []
  let size = 0
  const byKey = new Map<string, readonly Update[]>()

  function forgetKey(update: Update): void {
    const key = eventKeyOf(update.message)
    const others = key === undefined ? [] : (byKey.get(key) ?? []).filter((other) => other !== update)
    if (key === undefined) return
    if (others.length > 0) byKey.set(key, others)
    else byKey.delete(key)
  }

  const isFull = () => updates.length >= maxUpdates || size >= maxSize
  return {
    add(update) {
      if (isFull()) return false
      updates.push(update)
      size += update.size
      const key = eventKeyOf(update.message)
      if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), update])
      return true
    },
    take() {
      const batch = updates.slice(0, batchLength(updates))
      updates = updates.slice(batch.length)
      for (const update of batch) {
        size -= update.size
        forgetKey(update)
      }
      return batch
    },
    underKey: (key) => byKey.get(key) ?? [],
    all: () => updates,
    isFull,
    isEmpty: () => updates.length === 0,
  }
}

function batchLength(updates: readonly Update[]): number {
  let size = 0
  for (const [index, update] of updates.slice(0, maxBatch).entries()) {
    size += update.size
    if (size > maxBatchSize) return Math.max(index, 1)
  }
  return Math.min(updates.length, maxBatch)
}
