import { z } from 'zod'
import type { ErrorOutcome } from '../core/error-table.ts'
import type { JsonObject } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { Permission, PolicyAgent } from '../policy/authorize.ts'
import type { CommandProfile, Sandbox } from '../sandbox/sandbox.ts'
import type { WorkIds } from '../telemetry/event.ts'
import type { Caller } from '../tictactoe/caller.ts'
import { InvalidArgumentsError, problemsOf } from './errors.ts'

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
  /** The agent that calls; undefined for a person or a program at a door, whom the door has let in. */
  readonly agent?: AgentContext
}

/** An agent at work: what it may do, where, and for which task. */
export type AgentContext = PolicyAgent & {
  readonly ids: WorkIds
  readonly sandbox: Sandbox
  /** What is left of its budgets now; undefined: without bound. */
  readonly budget: { remaining(): { readonly tokens?: number; readonly costUsd?: number; readonly ms?: number } }
  /** Programs that `test.run` may start. */
  readonly commands: Readonly<Record<string, CommandProfile>>
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

/** Where a tool comes from: the game, the base tools of this service, or a file of the project. */
export type ToolOrigin = 'game' | 'base' | 'project'

/** How far a tool may reach. The bus hands it what is declared here, and nothing else. */
export type SandboxConfig = {
  /** `agent`: works in the folder of an agent, so only agents call it; `none`: touches no files. */
  readonly root: 'agent' | 'none'
  /** It opens connections to the hosts on the agent's list. */
  readonly network: boolean
  /** It starts programs in the agent's folder. */
  readonly shell: boolean
  /** How long a call may take, ms; the deadline of all tools unless told. */
  readonly timeoutMs?: number
  /** Of the arguments' JSON text, and of the result's. */
  readonly maxBytes: number
}

/** A tool as operators see it. */
export type ListedTool = {
  readonly description: ToolDescription
  readonly permission: Permission
  readonly sandbox: SandboxConfig
  readonly origin: ToolOrigin
  /** Other names that find it. */
  readonly aliases: readonly string[]
}

/** What was counted of one tool since the start. */
export type ToolStats = {
  readonly tool: string
  readonly calls: number
  readonly failures: number
  readonly denials: number
  readonly running: number
  readonly totalMs: number
  readonly maxMs: number
}

/**
 * Holds every tool: the game's, the base tools, the project's own. Doors, agents and workflows all call through it, and
 * nothing else holds a tool's function.
 */
export type ToolBus = ToolCatalog & {
  /**
   * Takes a tool; with `replace` in the place of one of that name, whose running calls end as they began.
   * @throws ToolExistsError
   */
  register(tool: Tool, options?: { readonly replace?: boolean }): void
  /** @returns whether there was one */
  unregister(name: string): boolean
  all(): readonly ListedTool[]
  /** Lets an agent call a tool, by its name or an alias. @throws UnknownToolError */
  grant(agentId: string, name: string): void
  revoke(agentId: string, name: string): void
  /** Names of tools, sorted. */
  grants(agentId: string): readonly string[]
  stats(): readonly ToolStats[]
}

/** All tools, for every door. `call` never throws: a bug becomes INTERNAL_ERROR without its text. */
export type ToolCatalog = {
  /** Those offered to models. */
  list(): readonly ToolDescription[]
  /** By name or alias, offered or not: as it stands now. */
  find(name: string): ListedTool | undefined
  call(name: string, args: unknown, context: ToolCallContext): Promise<ToolOutcome>
}

/** Does the tool of that name change anything? Asked at each call: tools come and go. */
export const isWrite = (tools: Pick<ToolCatalog, 'find'>, name: string): boolean =>
  tools.find(name)?.description.effect === 'write'

/** A tool's answer; `replayed` when the thing had been done before. */
export type ToolResult = { readonly result: JsonObject; readonly replayed?: boolean }

/** What a tool is told of its call. `sandbox` is there for a tool that declares one and is called by an agent. */
export type ToolContext = Caller & {
  readonly agent: AgentContext | undefined
  /** @throws PermissionDeniedError where the tool did not declare it, or no agent calls */
  readonly sandbox: Sandbox
  /** Fires when the caller is gone or the time is over. */
  readonly signal: AbortSignal
  readonly log: Log
}

/** Arguments that fit the schema, and the run that waits for its caller. */
export type ParsedCall = {
  readonly args: JsonObject
  /** Capabilities that an agent needs for just these arguments. */
  readonly scopes: readonly string[]
  run(context: ToolContext): Promise<ToolResult>
}

/** A tool whose types have been closed over: unknown arguments in, a checked result out. */
export type Tool = ListedTool & {
  /** @throws InvalidArgumentsError naming the path */
  parse(args: unknown): ParsedCall
}

/** What a tool takes and gives, by its definition. */
export type ToolArgs<Spec> = Spec extends ToolSpec<infer Input, z.ZodType> ? z.output<Input> : never

export type ToolSpec<Input extends z.ZodType, Output extends z.ZodType> = {
  readonly name: string
  readonly summary: string
  readonly effect: 'read' | 'write'
  /** As `effect` unless told: `exec` for one that runs programs. */
  readonly permission?: Permission
  readonly origin?: ToolOrigin
  readonly aliases?: readonly string[]
  readonly sandbox?: Partial<SandboxConfig>
  /** Capabilities that an agent needs for these arguments; none unless told. */
  scopes?(input: z.output<Input>): readonly string[]
  readonly input: Input
  readonly output: Output
  run(input: z.output<Input>, context: ToolContext): Promise<{ result: z.input<Output>; replayed?: boolean }>
}

/** Reaches nothing; arguments and results as the game's tools have them. */
export const noSandbox: SandboxConfig = { root: 'none', network: false, shell: false, maxBytes: 16 * 1024 }

/**
 * Keeps a tool's two schemas and its function together. Everything else has a default: a tool reaches nothing that it
 * does not declare.
 */
export function defineTool<Input extends z.ZodType, Output extends z.ZodType>(spec: ToolSpec<Input, Output>): Tool {
  const { name, summary, effect, input, output } = spec
  const description = { name, summary, effect, inputSchema: schemaOf(input), outputSchema: schemaOf(output) }
  return {
    description,
    permission: spec.permission ?? effect,
    sandbox: { ...noSandbox, ...spec.sandbox },
    origin: spec.origin ?? 'project',
    aliases: spec.aliases ?? [],
    parse(args) {
      const parsed = input.safeParse(args)
      if (!parsed.success) throw new InvalidArgumentsError(problemsOf(parsed.error), description.inputSchema)
      return {
        args: toJsonObject(parsed.data),
        scopes: spec.scopes?.(parsed.data) ?? [],
        async run(context) {
          const { result, replayed } = await spec.run(parsed.data, context)
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
