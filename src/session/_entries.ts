import type { Clock } from '../core/clock.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { TooLargeError } from '../sandbox/errors.ts'
import type { Linked } from './_recency.ts'
import { createRecency } from './_recency.ts'
import { textBytes, weigh } from './_weigh.ts'
import type { ContextEntry, ContextMeta } from './context.ts'

/** An entry in its place: another `put` makes another node of the same id. */
export interface Node extends Linked<Node> {
  readonly id: string
  readonly expiresAtMs: number
  entry: ContextEntry
}

export type EntriesDeps = {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly maxBytes: number
  readonly publish: ((type: 'context.evicted', data: JsonObject) => void) | undefined
}

/** What each entry counts for beside its id and its value. */
const entryBytes = 256

/** Entries by id, by age, by use and by owner, and what they weigh; nothing here waits. */
export type Entries = ReturnType<typeof createEntries>

export function createEntries({ clock, maxBytes, publish }: EntriesDeps) {
  const nodes = new Map<string, Node>()
  const recency = createRecency<Node>()
  const owners = createOwners()
  const counts = { bytes: 0, evicted: 0, expired: 0 }

  const remove = (node: Node) => {
    nodes.delete(node.id)
    recency.remove(node)
    owners.remove(node)
    counts.bytes -= node.entry.bytes
  }
  const add = (node: Node) => {
    nodes.set(node.id, node)
    recency.add(node)
    owners.add(node)
    counts.bytes += node.entry.bytes
    makeRoom()
  }
  const makeRoom = () => {
    const before = { ...counts }
    // The newest is never reached: alone it fits.
    for (let node = recency.oldest(); node !== undefined && counts.bytes > maxBytes; node = recency.oldest()) {
      remove(node)
      counts.evicted += 1
    }
    const entries = counts.evicted - before.evicted
    if (entries > 0) publish?.('context.evicted', { entries, bytes: before.bytes - counts.bytes })
  }
  const expireIfOver = (node: Node): boolean => {
    // Most have no end: those cost no look at the clock.
    const isOver = node.expiresAtMs !== Infinity && node.expiresAtMs <= clock.monotonicMs()
    if (isOver) {
      remove(node)
      counts.expired += 1
    }
    return isOver
  }
  const assertFits = (bytes: number) => {
    if (bytes > maxBytes) throw new TooLargeError('The context', maxBytes)
  }

  return {
    /** A use of it. */
    find(id: string): Node | undefined {
      const node = nodes.get(id)
      if (node === undefined || expireIfOver(node)) return undefined
      recency.touch(node)
      return node
    },
    /** @throws TooLargeError, InvalidJsonError */
    put(id: string, value: JsonValue, { ttlMs, meta }: { readonly ttlMs: number; readonly meta: ContextMeta }): void {
      const bytes = bytesOf(id, value)
      assertFits(bytes)
      const old = nodes.get(id)
      if (old !== undefined) remove(old)
      const nowMs = clock.nowMs()
      const entry = { value, meta: { ...meta }, createdAtMs: nowMs, updatedAtMs: nowMs, bytes }
      add({ id, expiresAtMs: clock.monotonicMs() + ttlMs, entry, older: undefined, newer: undefined })
    },
    /** @param bytes of the whole entry, by `bytesOf`. @throws TooLargeError */
    replace(node: Node, value: JsonValue, bytes: number): void {
      assertFits(bytes)
      remove(node)
      node.entry = { ...node.entry, value, bytes, updatedAtMs: clock.nowMs() }
      add(node)
    },
    remove,
    ofOwner: owners.of,
    removeOver: () => void [...nodes.values()].forEach(expireIfOver),
    removeAll: () => void [...nodes.values()].forEach(remove),
    stats: () => ({ entries: nodes.size, maxBytes, ...counts }),
  }
}

/** Freezes the value. @throws InvalidJsonError */
export const bytesOf = (id: string, value: JsonValue): number => entryBytes + textBytes(id) + weigh(value)

/** Which entries belong to whom. */
function createOwners() {
  const owned = { agentId: new Map<string, Set<Node>>(), sessionId: new Map<string, Set<Node>>() }
  const kinds = ['agentId', 'sessionId'] as const
  return {
    add(node: Node) {
      for (const kind of kinds) {
        const owner = node.entry.meta[kind]
        if (owner !== undefined) owned[kind].set(owner, (owned[kind].get(owner) ?? new Set()).add(node))
      }
    },
    remove(node: Node) {
      for (const kind of kinds) {
        const owner = node.entry.meta[kind] ?? ''
        const nodes = owned[kind].get(owner)
        nodes?.delete(node)
        if (nodes?.size === 0) owned[kind].delete(owner)
      }
    },
    of: (kind: (typeof kinds)[number], owner: string): readonly Node[] => [...(owned[kind].get(owner) ?? [])],
  }
}
