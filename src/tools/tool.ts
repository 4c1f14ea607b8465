import type { z } from 'zod'
import type { JsonObject } from '../core/json.ts'

/** Where a call comes from: ids for logs, the caller's key, and when to give up. */
export type ToolCallContext = {
  /** One id from the HTTP request to the ledger message. */
  readonly traceId: string
  /** Whose keys and limits count: an address or a token's name. */
  readonly principal: string
  /** The `Idempotency-Key` header as it came, undefined without one. */
  readonly idempotencyKey?: string
  /** Fires when the caller hangs up. */
  readonly signal: AbortSignal
}

/** What really happened to the thing asked for. @see docs/errors.md */
export type CallOutcome = 'not_submitted' | 'rejected' | 'unknown' | 'pending'

/** The answer of every door: the result, or a refusal that a model can act on. */
export type ToolOutcome =
  | { readonly success: true; readonly result: JsonObject; readonly traceId: string; readonly replayed?: true }
  | {
      readonly success: false
      readonly error: string
      readonly code: string
      readonly outcome: CallOutcome
      readonly retryable: boolean
      readonly hint: string
      readonly details: JsonObject
      readonly idempotencyKey?: string
      readonly traceId: string
    }

/** A tool as the doors list it: name, what it does, and JSON Schemas of what goes in and comes out. */
export type ToolDescription = {
  readonly name: string
  readonly summary: string
  /** A `write` signs and submits; a `read` never changes anything. */
  readonly effect: 'read' | 'write'
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject
}

/** All tools, for every door. `call` never throws: a bug becomes INTERNAL_ERROR without its text. */
export type ToolCatalog = {
  /** Those offered to models. */
  list(): readonly ToolDescription[]
  call(name: string, args: unknown, context: ToolCallContext): Promise<ToolOutcome>
}

/** Keeps the types of a tool's two schemas and its function together. */
export type Tool<Input = unknown, Output extends JsonObject = JsonObject> = {
  readonly name: string
  readonly summary: string
  readonly effect: 'read' | 'write'
  readonly input: z.ZodType<Input>
  readonly output: z.ZodType<Output>
  run(input: Input, context: ToolCallContext): Promise<{ readonly result: Output; readonly replayed?: boolean }>
}
