import { z } from 'zod'
import type { ErrorOutcome } from '../core/error-table.ts'
import type { JsonObject } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { Caller } from '../tictactoe/caller.ts'
import { InvalidArgumentsError } from './errors.ts'

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
  /** How long the caller wants to wait at most, ms; only ever shortens the deadline of all calls. */
  readonly deadlineMs?: number
  /** The caller takes an answer as soon as the ledger has the message. */
  readonly respondAsync?: true
  /** Told of each step of a write as it is taken; a call that fails takes fewer, and one that was repeated none. */
  readonly onProgress?: (step: ProgressStep) => void
}

/**
 * How far a write has come: it begins; its first message may have left; the Data L1 holds it; the ledger shows what it
 * did.
 */
export type ProgressStep = 'signing' | 'submitted' | 'accepted' | 'confirmed'

/** The answer of every door: the result, or a refusal that a model can act on. */
export type ToolOutcome =
  | { readonly success: true; readonly result: JsonObject; readonly traceId: string; readonly replayed?: true }
  | {
      readonly success: false
      readonly error: string
      readonly code: string
      /** What really happened to the thing asked for. */
      readonly outcome: ErrorOutcome
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

/** A tool's answer; `replayed` when the thing had been done before. */
export type ToolResult = { readonly result: JsonObject; readonly replayed?: boolean }

/** Arguments that fit the schema, and the run that waits for its caller. */
export type ParsedCall = {
  readonly args: JsonObject
  run(caller: Caller): Promise<ToolResult>
}

/** A tool whose types have been closed over: unknown arguments in, a checked result out. */
export type Tool = {
  readonly description: ToolDescription
  /** @throws InvalidArgumentsError naming the path */
  parse(args: unknown): ParsedCall
}

type ToolSpec<Input extends z.ZodType, Output extends z.ZodType> = {
  readonly name: string
  readonly summary: string
  readonly effect: 'read' | 'write'
  readonly input: Input
  readonly output: Output
  run(input: z.output<Input>, caller: Caller): Promise<{ result: z.input<Output>; replayed?: boolean }>
}

/** Keeps a tool's two schemas and its function together. */
export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(spec: ToolSpec<Input, Output>): Tool {
  const { name, summary, effect, input, output } = spec
  const description = { name, summary, effect, inputSchema: schemaOf(input), outputSchema: schemaOf(output) }
  return {
    description,
    parse(args) {
      const parsed = input.safeParse(args)
      if (!parsed.success) throw new InvalidArgumentsError(parsed.error, description.inputSchema)
      return {
        args: toJsonObject(parsed.data),
        async run(caller) {
          const { result, replayed } = await spec.run(parsed.data, caller)
          return { result: toJsonObject(output.parse(result)), ...(replayed ? { replayed } : {}) }
        },
      }
    },
  }
}

/** Made once for each schema: it takes longer than a call of the tool. */
const made = new WeakMap<z.ZodType, JsonObject>()

/** Defaults stay optional: the schema is of what a caller writes. */
function schemaOf(schema: z.ZodType): JsonObject {
  const known = made.get(schema)
  if (known !== undefined) return known
  const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema, { io: 'input' })
  const json = toJsonObject(jsonSchema)
  made.set(schema, json)
  return json
}

/** Schemas and parsed values are JSON objects: `defineTool` is only given object schemas of JSON types. */
function toJsonObject(value: unknown): JsonObject {
  const json = value as JsonObject
  if (!isJsonObject(json)) throw new TypeError('A tool takes and gives JSON objects.')
  return json
}
