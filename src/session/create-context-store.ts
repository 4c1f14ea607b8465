import type { Clock } from '../core/clock.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { ToolTimeoutError } from '../sandbox/errors.ts'
import type { ChangePart } from './_context-path.ts'
import { changeAt, parseContextPath, readAt, toAppended, toMerged, toSet } from './_context-path.ts'
import type { Entries, Node } from './_entries.ts'
import { bytesOf, createEntries } from './_entries.ts'
import { createLanes } from './_lanes.ts'
import type { ContextStore } from './context.ts'
import { ContextMissingError } from './errors.ts'

export type ContextStoreDeps = {
  readonly clock: Clock
  /** Of all entries together, as they are counted: names and values by an estimate, and 256 for each entry. */
  readonly maxBytes: number
  /** How often what is over is cleared away; until then it only cannot be read any more. */
  readonly cleanupMs?: number
  /** How long a change may take that gives a promise. */
  readonly changeMs?: number
  /** Told how many went for the sake of newer ones. */
  readonly publish?: (type: 'context.evicted', data: JsonObject) => void
}

const maxWaiting = 1_000

/** An empty working memory. An entry's time counts from its `put`; changes do not make it longer. */
export function createContextStore(deps: ContextStoreDeps): ContextStore {
  const { clock, maxBytes, cleanupMs = 60_000, changeMs = 30_000, publish } = deps
  const entries = createEntries({ clock, maxBytes, publish })
  const timer = setInterval(entries.removeOver, cleanupMs).unref()
  return {
    get: (id) => entries.find(id)?.entry.value,
    entry: (id) => entries.find(id)?.entry,
    put: (id, value, { ttlMs = Infinity, meta = {} } = {}) => entries.put(id, value, { ttlMs, meta }),
    read(id, pathText) {
      const path = parseContextPath(pathText)
      const node = entries.find(id)
      return node === undefined ? undefined : readAt(node.entry.value, path)
    },
    ...createChanges(entries, { clock, changeMs }),
    delete(id) {
      const node = entries.find(id)
      if (node !== undefined) entries.remove(node)
      return node !== undefined
    },
    drop(of) {
      const dropped =
        'agentId' in of ? entries.ofOwner('agentId', of.agentId) : entries.ofOwner('sessionId', of.sessionId)
      dropped.forEach(entries.remove)
      return dropped.length
    },
    stats: entries.stats,
    close() {
      clearInterval(timer)
      entries.removeAll()
    },
  }
}

type Timing = { readonly clock: Clock; readonly changeMs: number }

/** What changes an entry that is there, one change after the other. */
function createChanges(entries: Entries, timing: Timing): Pick<ContextStore, 'update' | 'set' | 'append' | 'merge'> {
  const lanes = createLanes(maxWaiting)
  const need = (id: string): Node => {
    const node = entries.find(id)
    if (node === undefined) throw new ContextMissingError(id)
    return node
  }
  const changePart = async (id: string, pathText: string, change: ChangePart) => {
    const path = parseContextPath(pathText)
    await lanes.enter(id, () => {
      const node = need(id)
      const { value, addedBytes } = changeAt(node.entry.value, path, change)
      entries.replace(node, value, node.entry.bytes + addedBytes)
    })
  }
  return {
    update: (id, change) =>
      lanes.enter(id, async () => {
        const node = need(id)
        const changed = change(node.entry.value)
        const value = changed instanceof Promise ? await withinTime(changed, timing) : changed
        // Deleted or put anew while the change was thought about: it was about something that is no more.
        if (entries.find(id) !== node) throw new ContextMissingError(id)
        entries.replace(node, value, bytesOf(id, value))
        return value
      }),
    set: (id, path, value) => changePart(id, path, toSet(value)),
    append: (id, path, ...values) => changePart(id, path, toAppended(values)),
    merge: (id, path, value) => changePart(id, path, toMerged(value)),
  }
}

/** @throws ToolTimeoutError */
async function withinTime(change: Promise<JsonValue>, { clock, changeMs }: Timing): Promise<JsonValue> {
  const deadline = openDeadline(clock, clock.monotonicMs() + changeMs)
  try {
    return await orAborted(change, deadline.signal)
  } catch (error) {
    const isLate = deadline.signal.aborted && error === deadline.signal.reason
    throw isLate ? new ToolTimeoutError(changeMs) : error
  } finally {
    deadline.close()
  }
}
