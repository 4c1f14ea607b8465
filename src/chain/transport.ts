import type { JsonObject, JsonValue } from '../core/json.ts'
import type { SnapshotLog } from '../dialect/dialect.ts'
import type { Signed } from '../signing/signed.ts'

/** Data L1 takes messages, the metagraph's L0 shows state. */
export type Layer = 'l1' | 'l0'

export type NodeRequest = {
  readonly layer: Layer
  readonly method: 'GET' | 'POST'
  /** Path and query, already escaped. */
  readonly path: string
  readonly body?: JsonValue
  readonly signal: AbortSignal
}

/** A node's answer: `json` is undefined when the body is not JSON (its text then stands in `text`). */
export type NodeAnswer = {
  readonly status: number
  readonly json: JsonValue | undefined
  readonly text: string | undefined
  /** Seconds of a `Retry-After`, where one came. */
  readonly retryAfterSeconds: number | undefined
}

/** What a snapshot was made of, and what it did. */
export type LocalSnapshot = {
  readonly ordinal: number
  /** The hash of the snapshot before. */
  readonly previous: string
  readonly updates: readonly Signed<JsonObject>[]
  readonly changes: readonly { readonly fiber: { readonly fiberId: string } }[]
  readonly log: SnapshotLog
}

/**
 * How requests reach a ledger: over HTTP, or by a call into a devnet of the same process.
 * @throws NotSentError when certainly nothing was received (refused, DNS, TLS), NoAnswerError when nobody can know
 */
export type Transport = {
  request(request: NodeRequest): Promise<NodeAnswer>
  /**
   * Calls back after a snapshot, with the ids of the fibers that it or a refusal touched, and gives a function that ends
   * this. A hint that wakes a waiting poll, never evidence. Undefined where none comes.
   */
  onSnapshot?(listener: (fiberIds: ReadonlySet<string>) => void): () => void
  /**
   * The snapshot of an ordinal or a hash as the ledger of the same process has it, undefined where none is shown. A
   * node's answer holds the whole state beside it: making that costs as much as the ledger has fibers.
   */
  findSnapshot?(name: number | string): LocalSnapshot | undefined
  close(): Promise<void>
}
