import type { JsonValue } from '../core/json.ts'

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
  close(): Promise<void>
}
