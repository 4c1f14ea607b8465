import type { JsonValue } from '../core/json.ts'

/** What an entry is about. */
export type ContextMeta = {
  readonly sessionId?: string
  readonly taskId?: string
  readonly agentId?: string
  readonly parentWorkflow?: string
}

/** An entry as it stands. Its value is a snapshot: nobody changes it, a write puts another in its place. */
export type ContextEntry = {
  readonly value: JsonValue
  readonly meta: ContextMeta
  readonly createdAtMs: number
  readonly updatedAtMs: number
  readonly bytes: number
}

/**
 * Working memory of sessions, in this process alone: each entry until its time is over, all together within a bound of
 * bytes, whatever was used longest ago going first. Reads never wait; writes to one entry come one after the other.
 */
export type ContextStore = {
  get(id: string): JsonValue | undefined
  entry(id: string): ContextEntry | undefined
  /** @throws TooLargeError for what alone is over the bound */
  put(id: string, value: JsonValue, options?: { readonly ttlMs?: number; readonly meta?: ContextMeta }): void
  /**
   * Changes one entry after all changes asked for before; the value given back takes its place.
   * @throws what `change` throws, and nothing is changed then; ContextMissingError
   */
  update(id: string, change: (value: JsonValue) => JsonValue | Promise<JsonValue>): Promise<JsonValue>
  /** Dotted paths (`messages.0.text`). @throws ContextPathError for one that leads nowhere or through `__proto__` */
  read(id: string, path: string): JsonValue | undefined
  set(id: string, path: string, value: JsonValue): Promise<void>
  append(id: string, path: string, ...values: readonly JsonValue[]): Promise<void>
  merge(id: string, path: string, value: JsonValue): Promise<void>
  delete(id: string): boolean
  /** Every entry of an agent or a session that has ended. @returns how many */
  drop(of: { readonly agentId: string } | { readonly sessionId: string }): number
  stats(): {
    readonly entries: number
    readonly bytes: number
    readonly maxBytes: number
    readonly evicted: number
    readonly expired: number
  }
  close(): void
}
