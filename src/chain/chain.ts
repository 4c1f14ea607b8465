import type { JsonObject } from '../core/json.ts'
import type { Dialect, MachineView, ScriptView } from '../dialect/dialect.ts'
import type { Message } from '../fiber/messages.ts'
import type { Signed, Signer } from '../signing/signed.ts'
import type { HeldSnapshot } from './snapshots.ts'

/** A message with its proofs, ready to send and to be sent again unchanged. `hash` is the transaction hash. */
export type SignedMessage = {
  readonly message: Message
  readonly hash: string
  readonly envelope: Signed<JsonObject>
}

/** An event as the ledger still remembers it; a real node remembers none or only its newest snapshot's. */
export type LedgerEvent = {
  readonly eventName: string
  readonly payload: JsonObject
  readonly hash: string
  readonly ordinal: number
  readonly success: boolean
}

/** What reading the ledger shows about a message that was sent: settled either way, or still open. */
export type Look<T> = { readonly settled: true; readonly value: T } | { readonly settled: false }

/** How a delivery ended. Only `settled`, `refused` and `not_sent` are proven; the other two name what is not known. */
export type Delivery<T> =
  | { readonly outcome: 'settled'; readonly value: T }
  /** The ledger refused it and no attempt is unproven. `reason` is the node's own text. */
  | { readonly outcome: 'refused'; readonly reason: string }
  /** Nothing was received by anyone before the deadline. */
  | { readonly outcome: 'not_sent'; readonly cause: unknown }
  /** Queued by the L1, not yet seen on the L0 at the deadline. */
  | { readonly outcome: 'pending' }
  /** Sent, fate unproven at the deadline. */
  | { readonly outcome: 'unknown' }

export type ReadOptions = { readonly signal: AbortSignal }

export type DeliverOptions<T> = {
  /** Reads the ledger and says whether the message's fate shows there. May throw when the L0 is down: asked again. */
  readonly look: () => Promise<Look<T>>
  /** End of the wait on the monotonic clock, milliseconds. */
  readonly deadlineMs: number
  /** When the fiber was created, monotonic milliseconds: within 60 s of it a lagging L1 may not know it yet. */
  readonly createdMs?: number
  /**
   * Writes down that a send follows, the first being 1. Where it rejects, nothing is sent any more: the delivery ends
   * as `not_sent`, or only looks on.
   */
  readonly beforeSend?: (send: number) => Promise<void>
  /** Told after each answer, or the lack of one; `isQueued` when the L1 said that it holds the message. */
  readonly afterSend?: (isQueued: boolean) => void
  /** What was done with the same bytes before this delivery: it then begins by looking. */
  readonly earlier?: EarlierSends | undefined
  /** Sends within this delivery, 5 unless told; with 0, after earlier ones, it only looks. */
  readonly maxSends?: number
}

/** Sends of the same bytes that are over: when the last one was, and whether the L1 said that it holds them. */
export type EarlierSends = { readonly agoMs: number; readonly isQueued: boolean }

/** Submit, read, wait: a ledger in any dialect, over any transport. */
export type Chain = {
  readonly dialect: Dialect
  /** Encodes, hashes and signs; nothing is sent. */
  sign(message: Message, signers: readonly Signer[]): Promise<SignedMessage>
  /** @throws LedgerUnreachableError when no L0 address answers within the deadline of the signal */
  readMachine(fiberId: string, options: ReadOptions): Promise<MachineView | null>
  readScript(fiberId: string, options: ReadOptions): Promise<ScriptView | null>
  /** All scripts of the ledger, in no order. */
  listScripts(options: ReadOptions): Promise<readonly ScriptView[]>
  /** Newest last; empty where the ledger keeps none. */
  readEvents(machineId: string, options: ReadOptions): Promise<readonly LedgerEvent[]>
  /** The newest snapshot's ordinal. */
  readOrdinal(options: ReadOptions): Promise<number>
  /** By ordinal or by hash; null where the ledger shows none, or none any more. @throws LedgerUnreachableError */
  readSnapshot(name: number | string, options: ReadOptions): Promise<HeldSnapshot | null>
  /** Is the L1 answering? For health. */
  pingL1(options: ReadOptions): Promise<void>
  /** Sends, looks, sends the same bytes again only as the answer table allows. Never throws for a fate. */
  deliver<T>(signed: SignedMessage, options: DeliverOptions<T>): Promise<Delivery<T>>
  close(): Promise<void>
}
