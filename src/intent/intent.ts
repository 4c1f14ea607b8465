import type { SignedMessage } from '../chain/chain.ts'
import type { JsonObject } from '../core/json.ts'

/**
 * How far an intent has come. Each word is durable before the next step is taken:
 * - `submitting`: its exact bytes are stored, and they may have reached the ledger
 * - `accepted`: the Data L1 said that it holds them
 * - `confirmed`, `rejected`: final, the ledger shows it
 * - `abandoned`: final, nothing of it left this process
 */
export type IntentState = 'submitting' | 'accepted' | 'confirmed' | 'rejected' | 'abandoned'

/** One thing to be done on the ledger, written down before anything of it is sent. */
export type Intent = {
  readonly id: string
  readonly gameId: string
  /** The place in the game that it is meant for: at most one open intent has it. */
  readonly slot: string
  readonly principal: string
  readonly requestKey: string | undefined
  /** What was asked for, in words that are the same when it is asked for again. */
  readonly wish: string
  readonly traceId: string
  /** Exactly what is sent, in order; sending again means these bytes. */
  readonly messages: readonly SignedMessage[]
  /** What is needed to judge its fate from a state of the ledger. */
  readonly facts: JsonObject
}

/** An intent as the log holds it. */
export type LoggedIntent = Intent & {
  readonly state: IntentState
  /** How often its newest message was sent, and when last; epoch milliseconds. */
  readonly sends: number
  readonly lastSentMs: number
  readonly createdMs: number
  /** Was its outcome told to somebody? */
  readonly isDelivered: boolean
  /** Why it was rejected: the error as a caller is told. */
  readonly reason: JsonObject | undefined
}

/** The newest state of a game that the log knows to be true: nothing older may be shown. */
export type Mark = { readonly scriptSequence: number; readonly machineId: string; readonly machineSequence: number }

/** How an intent ended. */
export type Settlement =
  | { readonly state: 'confirmed'; readonly mark: Mark | undefined }
  | { readonly state: 'rejected'; readonly reason: JsonObject }
  | { readonly state: 'abandoned' }

/**
 * The log of intents, over a database. A row belongs to the bridge that prepared it, until that one's lease lapses.
 * @throws StorageUnavailableError, from what writes durably
 */
export type IntentLog = {
  /**
   * Stores an intent as `submitting`, before its first byte is sent.
   * @returns false when an open intent holds the slot already, or the game's lock is not this bridge's any more; then
   * nothing is stored and nothing may be sent
   * @throws StorageUncertainError where it may be stored: then it is open, and is sent by whoever finds it
   */
  prepare(intent: Intent): Promise<boolean>
  /** Stores that it is sent once more, before it is. */
  sending(id: string): Promise<void>
  /** Notes that the Data L1 holds it; may be lost. */
  accepted(id: string): void
  /** Stores its end. Settling what is final already changes nothing. */
  settle(id: string, settlement: Settlement): Promise<void>
  /** Notes that somebody was told its outcome; may be lost. */
  delivered(id: string): void
  /**
   * The intents of a game that are open, oldest first; several where an end could not be stored. The newest intent of the
   * game is the last of them also where it is confirmed and nobody was told yet.
   */
  owedIn(gameId: string): Promise<readonly LoggedIntent[]>
  /** The newest intent made for a request key. */
  underKey(principal: string, requestKey: string): Promise<LoggedIntent | undefined>
  /** The newest confirmed state of a game; undefined where the log knows none. */
  markOf(gameId: string): Promise<Mark | undefined>
  /** Open intents of this bridge and of those whose lease has lapsed, oldest first; theirs become ours. */
  adoptOpen(limit: number): Promise<readonly LoggedIntent[]>
  /** How many are open, and since when the oldest is, epoch milliseconds. */
  countOpen(): Promise<{ readonly open: number; readonly oldestMs: number | undefined }>
  /** Deletes final intents and keys that are older than a day and not among the newest 100,000. */
  prune(): Promise<void>
}

/** Whose request a key stands for. */
export type KeyClaim =
  /** Nobody's yet: it is now ours, until `settle` or `release`. `isTakenOver` when a dead bridge had begun it. */
  | { readonly kind: 'ours'; readonly isTakenOver: boolean }
  /** Another bridge is at it. */
  | { readonly kind: 'running' }
  /** Done: the answer as it was given. */
  | { readonly kind: 'final'; readonly outcome: JsonObject }
  /** It stands for another request. */
  | { readonly kind: 'other' }

/** Request keys of callers, kept for a day. @throws StorageUnavailableError */
export type KeyStore = {
  claim(principal: string, key: string, fingerprint: string): Promise<KeyClaim>
  /** Stores the answer, which is from now on the answer to this key. */
  settle(principal: string, key: string, outcome: JsonObject): Promise<void>
  /** Nothing came of it: the key may be used for anything. */
  release(principal: string, key: string): Promise<void>
  /** What came of it is not known, and we are not at it any more: the same request goes on wherever it comes next. */
  leave(principal: string, key: string): Promise<void>
}

/** Keeps writers of one game apart, across bridges. */
export type GameLocks = {
  /**
   * Waits until the game is ours. Resolves with what gives it back.
   * @throws the signal's reason when it fires first; StorageUnavailableError
   */
  hold(gameId: string, signal: AbortSignal): Promise<() => Promise<void>>
}
