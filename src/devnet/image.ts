import type { JsonObject, JsonValue } from '../core/json.ts'
import type { SnapshotLog } from '../dialect/dialect.ts'
import type { Fiber, Invocation } from '../fiber/records.ts'
import type { Signed } from '../signing/signed.ts'

/** An event as the ledger remembers it; the newest 100 of a machine are kept. `hash` is its message's. */
export type LedgerEvent = {
  readonly eventName: string
  readonly payload: JsonValue
  readonly hash: string
  readonly ordinal: number
  readonly success: boolean
}

/** One fiber with what is kept beside its record: a machine's events, oldest first; a script's runs, newest first. */
export type Entry = {
  readonly fiber: Fiber
  readonly events: readonly LedgerEvent[]
  readonly invocations: readonly Invocation[]
}

/** What the newest snapshot was made of, so that it can be shown whole after a start. */
export type Newest = {
  readonly previous: string
  readonly updates: readonly Signed<JsonObject>[]
  readonly log: SnapshotLog
}

/** Everything the ledger holds after one snapshot: what a checkpoint saves and a start begins from. */
export type LedgerImage = {
  readonly ordinal: number
  readonly hash: string
  readonly entries: readonly Entry[]
  /** Used event keys and the hash of the message that used each, oldest first. */
  readonly keys: readonly (readonly [key: string, hash: string])[]
  /** Null where a checkpoint of an earlier version does not tell it. */
  readonly newest: Newest | null
}

/** The state before the first snapshot of the ledger with this hash. It is a snapshot too, made of nothing. */
export const emptyImage = (hash: string): LedgerImage => ({
  ordinal: 0,
  hash,
  entries: [],
  keys: [],
  newest: { previous: '0'.repeat(64), updates: [], log: { receipts: [], invocations: [] } },
})
