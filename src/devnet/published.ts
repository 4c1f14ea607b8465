import { createBoundedMap } from '../core/bounded-map.ts'
import type { JsonObject } from '../core/json.ts'
import type { History } from './history.ts'
import { createHistory } from './history.ts'
import type { LedgerImage } from './image.ts'
import type { Executed, Rejection, Snapshot } from './ledger.ts'
import { blockNotAccepted } from './refusal.ts'
import type { LedgerView } from './view.ts'
import { createView } from './view.ts'

/** What the two layers show: only what is durable. */
export type Published = {
  /** As the Data L1 knows it: the newest. */
  readonly l1: LedgerView
  /** As the metagraph L0 shows it: some snapshots behind, where that is asked for. */
  readonly l0: LedgerView
  readonly history: History
  /** Why a message was refused; null where it was not, as far as this process remembers. */
  refusalOf(hash: string): JsonObject | null
  publish(executed: Executed): void
  /** Does L0 still hold back a snapshot with changes? */
  isBehind(): boolean
  onSnapshot(listener: OnSnapshot): () => void
}

/** Told which fibers a snapshot or a refusal touched, once that shows. */
export type OnSnapshot = (fiberIds: ReadonlySet<string>) => void

/** What is told to the world: snapshots that L0 shows from now on, and messages refused in the one of this ordinal. */
export type News = {
  readonly shown: readonly Snapshot[]
  readonly rejections: readonly Rejection[]
  readonly ordinal: number
  readonly view: LedgerView
}

/** Called before anybody else is told. Never throws. */
export type Announce = (news: News) => void

const maxRemembered = 10_000

/** Begins at an image, whose snapshot is shown too. L0 shows the state of `lagOrdinals` snapshots ago. */
export function createPublished(
  { image, lagOrdinals }: { image: LedgerImage; lagOrdinals: number },
  announce: Announce = () => {},
): Published {
  const l1 = createView(image, image.newest?.log)
  const l0 = lagOrdinals === 0 ? l1 : createView(image, image.newest?.log)
  const history = createHistory(l0.view)
  const { ordinal, hash, newest } = image
  if (newest !== null) history.note({ ordinal, hash, ...newest, changes: [] }, l0.view)
  const held: Snapshot[] = []
  const refusals = createBoundedMap<string, JsonObject>(maxRemembered)
  const acceptances = createBoundedMap<string, true>(maxRemembered)
  const listeners = new Set<OnSnapshot>()

  /** The snapshots that L0 shows from now on. */
  function show(snapshot: Snapshot): readonly Snapshot[] {
    if (l0 !== l1) l1.advance(snapshot)
    held.push(snapshot)
    const shown = held.splice(0, held.length - lagOrdinals)
    for (const due of shown) {
      history.note(due, l0.view)
      l0.advance(due)
    }
    return shown
  }

  return {
    l1: l1.view,
    l0: l0.view,
    history,
    refusalOf: (hash) => refusals.get(hash) ?? null,
    publish({ ordinal, snapshot, accepted, rejections }) {
      for (const hash of accepted) {
        acceptances.set(hash, true)
        refusals.delete(hash)
      }
      // A second copy of a message that was let in says nothing about the first.
      for (const { update, refusals: reasons } of rejections)
        if (acceptances.get(update.hash) === undefined) refusals.set(update.hash, blockNotAccepted(reasons))
      const shown = snapshot === undefined ? [] : show(snapshot)
      announce({ shown, rejections, ordinal, view: l0.view })
      const changed = shown.flatMap(({ changes }) => changes.map(({ fiber }) => fiber.fiberId))
      const fiberIds = new Set([...changed, ...rejections.map(({ update }) => update.message.fiberId)])
      tell([...listeners], fiberIds)
    },
    isBehind: () => held.some(({ changes }) => changes.length > 0),
    onSnapshot(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

/** Tells all, also when one throws. @throws AggregateError with what was thrown, for the log */
function tell(listeners: readonly OnSnapshot[], fiberIds: ReadonlySet<string>): void {
  const failures: unknown[] = []
  for (const listener of listeners) {
    try {
      listener(fiberIds)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'A listener of snapshots failed.')
}
