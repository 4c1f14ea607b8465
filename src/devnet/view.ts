import type { LedgerState, SnapshotLog } from '../dialect/dialect.ts'
import type { Fiber, Invocation } from '../fiber/records.ts'
import type { Entry, LedgerEvent, LedgerImage } from './image.ts'

/** The ledger after one snapshot, as somebody sees it. It moves on; its records and lists never change. */
export type LedgerView = LedgerState & {
  readonly hash: string
  readonly events: ReadonlyMap<string, readonly LedgerEvent[]>
  readonly invocations: ReadonlyMap<string, readonly Invocation[]>
  /** Of the newest snapshot alone. */
  readonly log: SnapshotLog
}

/** What one snapshot does to a view. */
export type Step = {
  readonly ordinal: number
  readonly hash: string
  readonly changes: readonly Entry[]
  readonly log: SnapshotLog
}

/** A view of its own, which `advance` moves from snapshot to snapshot without copying the state. */
export type MovingView = { readonly view: LedgerView; advance(step: Step): void; put(entry: Entry): void }

const nothing: SnapshotLog = { receipts: [], invocations: [] }

/** A view that begins at an image, with the log of its snapshot where that is known. */
export function createView({ ordinal, hash, entries }: Omit<LedgerImage, 'keys'>, log = nothing): MovingView {
  const fibers = new Map<string, Fiber>()
  const events = new Map<string, readonly LedgerEvent[]>()
  const invocations = new Map<string, readonly Invocation[]>()
  const view = { ordinal, hash, fibers, events, invocations, log }

  function put(entry: Entry): void {
    const { fiberId } = entry.fiber
    fibers.set(fiberId, entry.fiber)
    if (entry.events.length > 0) events.set(fiberId, entry.events)
    if (entry.invocations.length > 0) invocations.set(fiberId, entry.invocations)
  }

  for (const entry of entries) put(entry)
  return {
    view,
    put,
    advance(step) {
      for (const entry of step.changes) put(entry)
      view.ordinal = step.ordinal
      view.hash = step.hash
      view.log = step.log
    },
  }
}

/** A fiber with what is kept beside it, undefined when there is none. */
export function entryOf({ fibers, events, invocations }: LedgerView, fiberId: string): Entry | undefined {
  const fiber = fibers.get(fiberId)
  return fiber && { fiber, events: events.get(fiberId) ?? [], invocations: invocations.get(fiberId) ?? [] }
}
