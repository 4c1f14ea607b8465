import { resolve } from 'node:path'
import type { FastifyPluginAsync, FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { pino } from 'pino'
import type { SpecFault } from './agent/errors.ts'
import type { UsageLedger, UsageRow } from './budget/usage.ts'
import { parseConfig, seeEnvironment } from './config.ts'
import type { ErrorKind } from './core/errors.ts'
import { BaseError } from './core/errors.ts'
import type { JsonObject } from './core/json.ts'
import { toRefusal } from './http/problem.ts'
import { sendProblem } from './http/send.ts'
import type { AgentParts } from './http/v1/v1.ts'
import { registerV1 } from './http/v1/v1.ts'
import { openAgents } from './open-agents.ts'
import { openAudit } from './open-audit.ts'
import { openEvents } from './open-events.ts'
import { loadRules, loadScripted } from './open-games.ts'
import { openKillSwitch } from './open-kill-switch.ts'
import { openModels } from './open-models.ts'
import { openRecords } from './open-records.ts'
import { openSpending } from './open-spending.ts'
import { permissions } from './policy/authorize.ts'
import type { KillSwitch } from './policy/kill-switch.ts'
import { createSandbox } from './sandbox/create-sandbox.ts'
import type { Checkpoints } from './session/artifact.ts'
import { randomId, systemClock } from './system.ts'
import type { EventBus } from './telemetry/event-bus.ts'
import { createToolBus } from './tools/bus.ts'
import { createRequestKeys } from './tools/request-keys.ts'
import type { Tool, ToolBus, ToolOutcome } from './tools/tool.ts'

/** How agents run inside another program. Everything has a default. */
export type OttoOptions = {
  /**
   * Settings by the names of the environment variables; the process's own environment unless given, which stays as it is.
   * DATABASE_URL is the program's own: records of agents are in a file in OTTO_DATA_DIR.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Tools of the program, which agents may be granted. @see defineTool in `otto/tool` */
  readonly tools?: readonly Tool[]
  /** A pino logger; one that says only warnings unless given. */
  readonly log?: Logger
  /** Who asks, for the audit log and for idempotency keys; the address of the caller unless given. */
  readonly principalOf?: (request: FastifyRequest) => string
}

/** The parts of a started Otto. */
export type StartedOtto = Omit<AgentParts, 'usage'> & {
  readonly tools: ToolBus & {
    /**
     * Calls a tool for an agent that was granted it.
     * @throws ToolCallError with the code of the refusal
     */
    execute(name: string, args: JsonObject, caller: ExecuteCaller): Promise<JsonObject>
  }
  readonly usage: Omit<UsageLedger, 'record'> & {
    /** Takes a row and returns at once; what it does not name is nothing, and its code `OK`. */
    record(row: RecordedUsage): void
  }
  /** What is wrong with files of agents: these do not run, the others do. */
  readonly faults: readonly SpecFault[]
  readonly checkpoints: Checkpoints
  readonly kill: KillSwitch
  readonly events: EventBus
}

export type RecordedUsage = Pick<UsageRow, 'kind'> & Partial<Omit<UsageRow, 'id' | 'atMs'>>

export type ExecuteCaller = { readonly agentId: string; readonly sessionId?: string; readonly signal?: AbortSignal }

/** Agents inside another program: no bridge, no wallets, no port of its own. */
export type EmbeddedOtto = {
  /** Builds the parts in their order. @throws what stops the start */
  start(): Promise<StartedOtto>
  /** The routes below /api/v1, for a Fastify app that lets in whom it lets in. Register it once it is started. */
  readonly plugin: FastifyPluginAsync
  /** Lets tasks end or interrupts them, and closes the parts in the reverse order. */
  stop(): Promise<void>
}

/** A tool did not do what it was asked for; code, hint and details are those of the refusal. */
export class ToolCallError extends BaseError {
  override readonly code: Uppercase<string>
  override readonly kind: ErrorKind
  constructor({ error, code, retryable, hint, details }: Extract<ToolOutcome, { success: false }>) {
    super(error, { hint, details })
    this.code = code as Uppercase<string> // codes of the table
    this.kind = retryable ? 'unavailable' : 'invalid'
  }
}

/** Otto was asked for something before it was started, or started twice. */
class LifeCycleError extends BaseError {
  override readonly code = 'LIFE_CYCLE'
  override readonly kind = 'invalid'
}

/**
 * Agents, their tools and their budgets, for a program of your own.
 * @example
 * const otto = createOtto()
 * const { agents } = await otto.start()
 * await app.register(otto.plugin)
 */
export function createOtto(options: OttoOptions = {}): EmbeddedOtto {
  const { principalOf = ({ ip }) => ip } = options
  let opening: Promise<Opened> | undefined
  let parts: StartedOtto | undefined
  return {
    async start() {
      if (opening !== undefined)
        throw new LifeCycleError('Otto is started already.', { hint: 'Call start() once, and again after stop().' })
      opening = open(options)
      try {
        parts = (await opening).parts
        return parts
      } catch (error) {
        opening = undefined
        throw error
      }
    },
    plugin: async (instance) => {
      if (parts === undefined)
        throw new LifeCycleError('Otto is not started.', { hint: 'Await start() before you register the plugin.' })
      instance.setErrorHandler((error, request, reply) => {
        if (isOfTheApp(error)) throw error // for the handler of the app
        return sendProblem(reply, toRefusal(error, { traceId: request.id, log: request.log }))
      })
      registerV1(instance, { parts, kill: parts.kill, principalOf, clock: systemClock })
    },
    async stop() {
      const stopping = opening
      opening = undefined
      const opened = await stopping?.catch(() => undefined) // start() tells of its failure
      parts = undefined
      await opened?.stop()
    },
  }
}

/** A refusal by a hook of the app: it says its status, and is neither ours nor of Fastify itself. */
const isOfTheApp = (error: unknown): boolean =>
  error instanceof Error &&
  !(error instanceof BaseError) &&
  'statusCode' in error &&
  !('code' in error && String(error.code).startsWith('FST_ERR_'))

type Opened = { readonly parts: StartedOtto; stop(): Promise<void> }

/** How long tasks have for their end. */
const graceMs = 10_000

/** What the bridge alone needs does not count, so that it cannot stop the start: nothing is signed or shared here. */
const notOurs = { DATABASE_URL: undefined, DATABASE_URL_FILE: undefined, OTTO_ALLOW_AUTOSIGN: 'true' }

async function open({
  env = seeEnvironment(),
  tools = [],
  log = pino({ level: 'warn' }),
}: OttoOptions): Promise<Opened> {
  await using stack = new AsyncDisposableStack()
  const config = { ...parseConfig({ ...env, ...notOurs }), isEnabled: true }
  const records = stack.adopt(await openRecords(config, log), (part) => part.close())
  const { database, bridgeId: owner, keys: store } = records
  const audit = stack.adopt(await openAudit(config, { log, wallets: undefined }), (part) => part.close())
  const events = stack.adopt(openEvents(config, { metrics: undefined, log }), (part) => part.close())
  const { publish } = events
  const kill = stack.adopt(await openKillSwitch(config, { database, publish, log }), (part) => part.close())
  audit.watchKill(kill)
  const spending = await openSpending(config, { database, events, log })
  const bus = createToolBus({
    tools: [],
    unlisted: tools,
    clock: systemClock,
    deadlineMs: config.tools.deadlineMs,
    isAuditMode: config.agents.isAuditMode,
    keys: store,
    log: log.child({ part: 'tools' }),
    kill,
    publish,
    onDenied: audit.onDenied,
    onCall: spending.onCall,
  })
  const { call } = audit.watchTools(bus)
  const models = openModels(config, { log, loadScripted: () => loadScripted(loadRules()) })
  stack.defer(() => models.close())
  const observe = { repair: () => {}, refusal: () => {} }
  const agency = stack.adopt(
    await openAgents(config, { database, events, log, spending, bus, call, kill, models, owner, observe }),
    (part) => part.close(),
  )
  const keys = createRequestKeys({ store, clock: systemClock, log })
  const execute = executeBy({ ...bus, call }, config.agents)
  const usage = { ...spending.usage, record: (row: RecordedUsage) => spending.usage.record({ ...noUsage, ...row }) }
  const parts: StartedOtto = { ...spending, ...agency, usage, keys, kill, events, tools: { ...bus, call, execute } }
  stack.defer(() => agency.agents.close(graceMs)) // last: whatever tasks stand on is closed after them
  const running = stack.move()
  return { parts, stop: () => running.disposeAsync() }
}

const noUsage = {
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  estimatedTokens: 0,
  nanoUsd: 0,
  ms: 0,
  bytes: 0,
  code: 'OK',
}

type Settings = ReturnType<typeof parseConfig>['agents']

/** It is the name of a folder too. */
const agentNames = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

/** Calls by the program itself: it is trusted with every class of tool, and bound to the agent's grants and folder. */
const executeBy =
  (tools: Pick<ToolBus, 'call' | 'grants'>, { dataDir, variables }: Settings): StartedOtto['tools']['execute'] =>
  async (name, args, { agentId, sessionId, signal = new AbortController().signal }) => {
    if (!agentNames.test(agentId))
      throw new TypeError('An agentId has 1 to 64 of A-Z, a-z, 0-9, dot, dash, underscore.')
    const traceId = randomId()
    const outcome = await tools.call(name, args, {
      traceId,
      principal: `agent:${agentId}`,
      signal,
      agent: {
        agentId,
        grants: new Set(tools.grants(agentId)),
        permissions: new Set(permissions),
        scopes: new Set(),
        ids: { traceId, agentId, ...(sessionId === undefined ? {} : { sessionId }) },
        sandbox: createSandbox({
          root: resolve(dataDir, 'work', agentId),
          rules: { allowHosts: [], requestsPerMinute: 1 },
          clock: systemClock,
          newId: randomId,
          searchPath: variables['PATH'] ?? '',
        }),
        budget: { remaining: () => ({}) },
        commands: {},
      },
    })
    if (!outcome.success) throw new ToolCallError(outcome)
    return outcome.result
  }
