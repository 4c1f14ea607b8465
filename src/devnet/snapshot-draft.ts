import type { SnapshotLog } from '../dialect/dialect.ts'
import type { Aborted, Committed } from '../fiber/outcome.ts'
import type { EventReceipt, Fiber, Invocation } from '../fiber/records.ts'
import type { Entry } from './image.ts'
import type { Update } from './update.ts'
import type { LedgerView } from './view.ts'
import { entryOf } from './view.ts'

/** A snapshot in the making. */
export type SnapshotDraft = {
  /** Stores what a message did and notes it in the logs. */
  record(update: Update, outcome: Committed | Aborted): void
  finish(): { readonly changes: readonly Entry[]; readonly log: SnapshotLog }
}

/** How many events of a machine and runs of a script are remembered. @see Workchain `Records`, `maxLogSize` */
const maxLogSize = 100

/** A draft over the newest state; `put` stores an entry there at once, for the next message to see. */
export function createSnapshotDraft(view: LedgerView, put: (entry: Entry) => void, ordinal: number): SnapshotDraft {
  const changes = new Map<string, Entry>()
  const receipts: EventReceipt[] = []
  const invocations: Invocation[] = []

  function store(entry: Entry): void {
    changes.set(entry.fiber.fiberId, entry)
    put(entry)
  }

  function storeChanged(fiber: Fiber): void {
    const before = entryOf(view, fiber.fiberId)
    const run = newRun(fiber, before?.fiber)
    const receipt = newReceipt(fiber, before?.fiber)
    if (run !== undefined) invocations.push(run)
    if (receipt !== undefined) receipts.push(receipt)
    const known = before?.invocations ?? []
    store({
      fiber,
      events: before?.events ?? [],
      invocations: run === undefined ? known : [run, ...known].slice(0, maxLogSize),
    })
  }

  return {
    record({ message, hash }, outcome) {
      for (const fiber of outcome.changed) storeChanged(fiber)
      const entry = entryOf(view, message.fiberId)
      if (message.type !== 'TransitionStateMachine' || entry === undefined) return
      const { eventName, payload } = message
      const event = { eventName, payload, hash, ordinal, success: outcome.outcome === 'committed' }
      store({ ...entry, events: [...entry.events, event].slice(-maxLogSize) })
    },
    finish: () => ({ changes: [...changes.values()], log: { receipts, invocations } }),
  }
}

/** The run that a record tells of and its predecessor did not. Records are values: a kept one is the same object. */
function newRun(fiber: Fiber, before: Fiber | undefined): Invocation | undefined {
  const last = fiber.kind === 'script' ? fiber.lastInvocation : null
  const known = before?.kind === 'script' ? before.lastInvocation : null
  return last !== null && last !== known ? last : undefined
}

/** Likewise the receipt. */
function newReceipt(fiber: Fiber, before: Fiber | undefined): EventReceipt | undefined {
  const last = fiber.kind === 'machine' ? fiber.lastReceipt : null
  const known = before?.kind === 'machine' ? before.lastReceipt : null
  return last !== null && last !== known ? last : undefined
}
