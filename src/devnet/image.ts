import type { JsonValue } from '../core/json.ts'
import type { Fiber, Invocation } from '../fiber/records.ts'

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

/** Everything the ledger holds after one snapshot: what a checkpoint saves and a start begins from. */
export type LedgerImage = {
  readonly ordinal: number
  readonly hash: string
  readonly entries: readonly Entry[]
  /** Used event keys and the hash of the message that used each, oldest first. */
  readonly keys: readonly (readonly [key: string, hash: string])[]
}
