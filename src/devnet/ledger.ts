import type { JsonObject } from '../core/json.ts'
import type { Engine } from '../fiber/engine.ts'
import type { SnapshotContext } from '../fiber/lookup.ts'
import type { Aborted, Committed } from '../fiber/outcome.ts'
import type { Fiber } from '../fiber/records.ts'
import { canonicalize } from '../signing/canonical.ts'
import { plainHash } from '../signing/digest.ts'
import type { Signed } from '../signing/signed.ts'
import { createEventKeys, eventKeyOf, keyUsed } from './event-keys.ts'
import type { Entry, LedgerImage } from './image.ts'
import { emptyImage } from './image.ts'
import type { Refusal } from './refusal.ts'
import { createSnapshotDraft } from './snapshot-draft.ts'
import type { Update } from './update.ts'
import { envelopeOf } from './update.ts'
import type { LedgerView, Step } from './view.ts'
import { createView } from './view.ts'

/** A message that was refused when its turn came. */
export type Rejection = { readonly update: Update; readonly refusals: readonly Refusal[] }

/** One executed snapshot: what goes to the log, and what it changes. */
export type Snapshot = Step & { readonly previous: string; readonly updates: readonly Signed<JsonObject>[] }

/** What a batch came to. */
export type Executed = {
  /** Of the snapshot that the batch was run for. */
  readonly ordinal: number
  /** Undefined where nothing was let in, unless an empty one was asked for. */
  readonly snapshot: Snapshot | undefined
  /** Hashes of the messages in the snapshot. */
  readonly accepted: readonly string[]
  readonly rejections: readonly Rejection[]
}

export type ExecuteOptions = {
  /** Refuse a second event under one key? Not while replaying: what is in the log was let in. */
  readonly dedupe: boolean
  /** Make a snapshot of nothing too. */
  readonly allowEmpty: boolean
}

/** The newest state, snapshots that nobody may see yet included. */
export type Ledger = {
  readonly view: LedgerView
  /** Runs messages in order as one snapshot. A message that is refused leaves no trace in it. */
  execute(updates: readonly Update[], options: ExecuteOptions): Executed
  /** Who used an event key, by the hash of the message. */
  keyUser(key: string): string | undefined
  image(): LedgerImage
}

/** The state before the first snapshot. Its hash names this very ledger, so that two never share a chain of hashes. */
export const genesisOf = (ledgerId: string): LedgerImage =>
  emptyImage(plainHash(canonicalize({ ordinal: 0, ledgerId })))

/** A ledger that goes on from an image. The engine decides; this keeps what it decided. */
export function createLedger({ engine, image }: { engine: Engine; image: LedgerImage }): Ledger {
  const moving = createView({ ...image, entries: image.entries.map((entry) => adopted(engine, entry)) })
  let { newest } = image
  const keys = createEventKeys(image.keys)
  const { view } = moving

  /** Undefined when the same message was executed before: a second copy is dropped in silence. */
  function decide(
    update: Update,
    dedupe: boolean,
    snapshot: SnapshotContext,
  ): Committed | Aborted | Refusal[] | undefined {
    const key = eventKeyOf(update.message)
    const user = dedupe && key !== undefined ? keys.userOf(key) : undefined
    if (user !== undefined) return user === update.hash ? undefined : [keyUsed(update.message)]
    try {
      const outcome = engine.apply(view.fibers, update.message, update.proofs, snapshot)
      return outcome.outcome === 'rejected' ? [...outcome.problems] : outcome
    } catch (error) {
      return [{ code: 'EngineFailure', message: String(error) }]
    }
  }

  return {
    view,
    execute(updates, { dedupe, allowEmpty }) {
      const context = { ordinal: view.ordinal + 1, lastSnapshotHash: view.hash, epochProgress: view.ordinal + 1 }
      const draft = createSnapshotDraft(view, moving.put, context.ordinal)
      const accepted: Update[] = []
      const rejections: Rejection[] = []
      for (const update of updates) {
        const decision = decide(update, dedupe, context)
        if (Array.isArray(decision)) rejections.push({ update, refusals: decision })
        if (decision === undefined || Array.isArray(decision)) continue
        draft.record(update, decision)
        accepted.push(update)
        const key = eventKeyOf(update.message)
        if (key !== undefined && decision.outcome === 'committed') keys.use(key, update.hash)
      }
      const { ordinal, lastSnapshotHash: previous } = context
      if (accepted.length === 0 && !allowEmpty) return { ordinal, snapshot: undefined, accepted: [], rejections }
      const { changes, log } = draft.finish()
      const updateHashes = accepted.map(({ hash }) => hash)
      const changed = changes.map(({ fiber }) => fiber)
      const hash = snapshotHash({ ordinal, previous, updateHashes, changed })
      const step = { ordinal, hash, changes, log }
      moving.advance(step)
      newest = { previous, updates: accepted.map(envelopeOf), log }
      return { ordinal, snapshot: { ...step, ...newest }, accepted: updateHashes, rejections }
    },
    keyUser: keys.userOf,
    image: () => ({
      ordinal: view.ordinal,
      hash: view.hash,
      entries: [...view.fibers.values()].map((fiber) => ({
        fiber,
        events: view.events.get(fiber.fiberId) ?? [],
        invocations: view.invocations.get(fiber.fiberId) ?? [],
      })),
      keys: keys.entries(),
      newest,
    }),
  }
}

/** The records of a file know nothing of each other: what they have in common is one object again. */
const adopted = (engine: Engine, entry: Entry): Entry => ({ ...entry, fiber: engine.adopt(entry.fiber) })

/** Names everything before it and everything it did: two ledgers with one hash hold the same. */
function snapshotHash(parts: {
  ordinal: number
  previous: string
  updateHashes: readonly string[]
  changed: readonly Fiber[]
}): string {
  const commits = parts.changed.map(({ fiberId, stateDataHash, sequenceNumber }) => [
    fiberId,
    { stateDataHash, sequenceNumber },
  ])
  return plainHash(
    canonicalize({
      ordinal: parts.ordinal,
      lastSnapshotHash: parts.previous,
      updates: parts.updateHashes,
      commits: Object.fromEntries(commits),
    }),
  )
}
