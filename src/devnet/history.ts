import type { LedgerState } from '../dialect/dialect.ts'
import type { Entry } from './image.ts'
import type { Snapshot } from './ledger.ts'
import type { LedgerView } from './view.ts'
import { entryOf } from './view.ts'

/** A snapshot that L0 can still show, with the state as it was then. */
export type PastSnapshot = { readonly snapshot: Snapshot; state(): LedgerState }

/** The newest snapshots: at most 100, and at most 1,000 messages in them. */
export type History = {
  /** Call it before the view moves on. */
  note(snapshot: Snapshot, view: LedgerView): void
  latest(): PastSnapshot | undefined
  /** By ordinal or by hash. */
  find(name: number | string): PastSnapshot | undefined
}

/** `before` is what the snapshot replaced: the state of earlier ones is found by going back. */
type Noted = {
  readonly snapshot: Snapshot
  readonly before: readonly (readonly [id: string, entry: Entry | undefined])[]
}

const maxSnapshots = 100
const maxUpdates = 1_000

/** A history that begins empty. `view` is the state after the newest snapshot noted. */
export function createHistory(view: LedgerView): History {
  const noted: Noted[] = []
  let updates = 0

  function at(index: number): PastSnapshot | undefined {
    const found = noted[index]
    return found && { snapshot: found.snapshot, state: () => stateAfter(view, noted.slice(index)) }
  }

  return {
    note(snapshot, before) {
      noted.push({
        snapshot,
        before: snapshot.changes.map(({ fiber: { fiberId } }) => [fiberId, entryOf(before, fiberId)]),
      })
      updates += snapshot.updates.length
      while (noted.length > maxSnapshots || (noted.length > 1 && updates > maxUpdates))
        updates -= noted.shift()?.snapshot.updates.length ?? 0
    },
    latest: () => at(noted.length - 1),
    find: (name) => at(noted.findIndex(({ snapshot: { ordinal, hash } }) => name === ordinal || name === hash)),
  }
}

/** The state after the first of these snapshots, which are the newest ones. */
function stateAfter(newest: LedgerView, [first, ...later]: readonly Noted[]): LedgerState {
  const fibers = new Map(newest.fibers)
  const invocations = new Map(newest.invocations)
  for (const { before } of later.toReversed())
    for (const [id, entry] of before) {
      if (entry === undefined) fibers.delete(id)
      else fibers.set(id, entry.fiber)
      if (entry?.invocations.length) invocations.set(id, entry.invocations)
      else invocations.delete(id)
    }
  return { ordinal: first?.snapshot.ordinal ?? 0, fibers, invocations }
}
