import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastify, { LogController } from 'fastify'
import type { Chat } from '../chat/chat.ts'
import type { Buckets } from '../core/buckets.ts'
import type { Clock, NewId } from '../core/clock.ts'
import type { Live } from '../live/live.ts'
import type { Approvals } from '../tools/approvals.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import type { AccessRules } from './access.ts'
import { createAccess } from './access.ts'
import type { AdmissionLimits } from './admission.ts'
import { createAdmission } from './admission.ts'
import type { Gate } from './admitted-tools.ts'
import { admitTools } from './admitted-tools.ts'
import type { ChatFacts } from './api/chat.ts'
import { approvalRoutes } from './approvals.ts'
import type { Authentication } from './authentication.ts'
import { createAuthentication } from './authentication.ts'
import { createCallContext } from './call-context.ts'
import { createAddressOf } from './caller-address.ts'
import { createChatCaller } from './chat-caller.ts'
import type { ChatSetup } from './chat-doors.ts'
import { registerChatDoors } from './chat-doors.ts'
import { stopWithinMs } from './close.ts'
import { docsRoutes } from './docs.ts'
import { HostCountError } from './errors.ts'
import { eventRoutes, isUpgrade } from './events.ts'
import type { ListGames, ReadGame } from './games.ts'
import { gameRoutes } from './games.ts'
import { healthRoutes } from './health.ts'
import type { HealthReport } from './health-monitor.ts'
import type { LedgerDeps } from './ledger.ts'
import { ledgerRoutes } from './ledger.ts'
import type { MalformedHandler } from './malformed.ts'
import { createMalformedHandler } from './malformed.ts'
import type { Approve } from './mcp/call.ts'
import { mcpRoutes } from './mcp/mcp.ts'
import { sendRpcRefusal } from './mcp/refusal.ts'
import type { RuleTexts } from './mcp/resources.ts'
import type { HttpMetrics } from './metrics.ts'
import { metricsRoutes } from './metrics.ts'
import { refuseUnknown } from './not-found.ts'
import { ottoToolRoutes } from './otto-tool.ts'
import { pageRoutes } from './page.ts'
import { toRefusal } from './problem.ts'
import { createRateLimits, noRateLimits } from './rate-limits.ts'
import type { Receive } from './receiver.ts'
import { createReceiver } from './receiver.ts'
import type { OnRefused } from './refused-access.ts'
import { onlyAccess, routeOf } from './refused-access.ts'
import { sendOutcome, sendProblem } from './send.ts'
import { shedCalls } from './shedding.ts'
import type { ApiToken } from './tokens.ts'
import { toolServerRoutes } from './tool-server.ts'
import { traceIdOf } from './trace.ts'
import type { AgentParts, V1Deps } from './v1/v1.ts'
import { registerV1 } from './v1/v1.ts'
import type { WalletAddresses } from './wallets.ts'
import { walletRoutes } from './wallets.ts'

/** How long tasks of agents have for their end when the service stops. */
const agentGraceMs = 10_000

/** What one caller may take of the process. */
export type ServerLimits = AdmissionLimits & {
  /** 64 KiB unless told. */
  readonly maxBodyBytes?: number
  /** All header lines together; 16 KiB unless told. */
  readonly maxHeaderBytes?: number
  /** From the first byte of a request to its last; 15 s unless told. */
  readonly arrivalTimeoutMs?: number
  /** How long an idle connection is kept; 72 s unless told. */
  readonly keepAliveTimeoutMs?: number
  /** More are dropped at once; 1,000 unless told. */
  readonly maxConnections?: number
}

export type ServerDeps = LedgerDeps & {
  readonly tools: ToolCatalog
  readonly wallets: () => WalletAddresses
  /** The writes that wait for a person; undefined where they run unasked. */
  readonly approvals?: Pick<Approvals, 'list' | 'decide'> | undefined
  readonly readGame: ReadGame
  readonly listGames: ListGames
  /** What happens in games; without it nobody can watch. */
  readonly live?: Live | undefined
  readonly health: () => Promise<HealthReport>
  /** A pino logger. */
  readonly log: FastifyBaseLogger
  readonly newId: NewId
  readonly clock: Pick<Clock, 'monotonicMs' | 'nowMs' | 'sleep'>
  /** Without it there is no chat. */
  readonly chat?: ChatSetup | undefined
  readonly access: AccessRules
  /** The texts of the two rule files, for clients that read resources. */
  readonly rules?: RuleTexts | undefined
  /** One of which callers must show; without any all may call who reach the port. */
  readonly tokens?: readonly ApiToken[]
  /** Who calls how often; undefined: nobody counts. */
  readonly buckets?: Buckets | undefined
  /** Addresses and networks of proxies that are believed about whom they speak for. */
  readonly trustedProxies?: readonly string[]
  /** Told of each refusal of access. */
  readonly onRefused?: OnRefused | undefined
  /** Names the network inside game ids; the documented examples need it. */
  readonly network: string
  /** The folder that the page was built into; without it there is none. */
  readonly page?: string | undefined
  /** Where requests are counted, and what `GET /metrics` answers; without it there is no such route. */
  readonly metrics?: HttpMetrics
  /** Stops what spends and signs; without it nothing is served below /api/v1. */
  readonly kill?: V1Deps['kill'] | undefined
  /** Agents and what they leave; undefined where none run. */
  readonly agents?: AgentParts | undefined
  readonly limits?: ServerLimits
}

/**
 * The bridge's HTTP server, ready to listen. `close()` lets running requests finish; from then on no write is started.
 */
export function createServer(deps: ServerDeps): FastifyInstance {
  const { tools, wallets, readGame, listGames, health, log, newId, metrics, network, tokens = [], limits = {} } = deps
  const maxConnections = limits.maxConnections ?? 1_000
  // However many watch, others can still connect.
  const admission = createAdmission({ maxStreams: Math.min(1_000, Math.ceil(maxConnections * 0.75)), ...limits })
  const addressOf = createAddressOf(deps.trustedProxies)
  const authentication = createAuthentication({ tokens, clock: deps.clock, addressOf })
  const { principalOf, may, assertMay } = authentication
  const rateLimits = deps.buckets ? createRateLimits(deps.buckets, deps.clock) : noRateLimits
  const gate: Gate = { admission, assertMay, rateLimits, onRefused: onlyAccess(deps.onRefused) }
  const answerError = createErrorAnswers(gate, principalOf)
  const needsToken = tokens.length > 0
  const callContext = createCallContext(principalOf)
  const assertAllowed = createAccess(deps.access)
  const receive = createReceiver({ ...gate, ...authentication, assertAllowed, clock: deps.clock, metrics })
  const malformed = createMalformedHandler({ log, newId })
  const instance = createInstance(deps, answerError(sendProblem), receive, malformed)
  shedCalls(instance.server, { admission, assertAllowed, newId, log, observe: metrics?.requests })
  malformed.attach(instance.server)
  instance.server.maxConnections = maxConnections

  const mayDecide = (principal: string) => may(principal, 'admin')
  const chat = deps.chat?.openChat(admitTools({ ...gate, tools, log, isPatient: true }), mayDecide)
  // Until what runs has ended, whoever comes is still told: not ready, and no new write.
  instance.addHook('preClose', async () => {
    const drained = admission.close()
    chat?.stop()
    // Whoever waits for a task is told how far it came.
    await Promise.all([drained, deps.agents?.agents.close(agentGraceMs)])
    deps.live?.close() // they saw what still ran come to its end
  })
  // A connection that is kept would hold the stop up.
  instance.addHook('onSend', async (_request, reply) => {
    if (admission.isClosed()) reply.header('connection', 'close')
  })
  instance.addHook('onRequest', receive)
  instance.setErrorHandler(answerError(sendProblem))
  instance.removeAllContentTypeParsers()
  refuseUnknown(instance)

  instance.register(async (scope) => {
    scope.setErrorHandler(answerError(sendOutcome))
    scope.register(ottoToolRoutes({ tools, gate, callContext, maxBodyBytes: limits.maxBodyBytes ?? 65_536 }))
  })
  instance.register(
    approvalRoutes({ approvals: deps.approvals, principalOf, maxBodyBytes: limits.maxBodyBytes ?? 65_536 }),
  )
  instance.register(async (scope) => {
    scope.setErrorHandler(answerError(sendRpcRefusal))
    scope.register(mcpRoutes({ ...deps, gate, callContext, principalOf, approve: approveIn(deps), mayDecide }))
  })
  instance.register(toolServerRoutes({ tools, needsToken }))
  if (chat && deps.chat)
    registerChatDoors(instance, {
      chat,
      setup: deps.chat,
      chatCaller: createChatCaller(principalOf),
      clock: deps.clock,
      newId,
      answerError,
    })
  instance.register(pageRoutes({ folder: deps.page, isOllama: chat !== undefined }))
  instance.register(gameRoutes({ readGame, listGames, callContext }))
  if (deps.live) instance.register(eventRoutes({ live: deps.live }))
  instance.register(ledgerRoutes(deps))
  instance.register(walletRoutes({ wallets }))
  if (deps.kill) registerV1(instance, { parts: deps.agents, kill: deps.kill, principalOf, clock: deps.clock })
  instance.register(healthRoutes({ health, admission, isTrusted: authentication.isTrusted }))
  instance.register(
    docsRoutes({
      tools,
      network,
      wallets,
      principalOf,
      needsToken,
      hasMetrics: metrics !== undefined,
      hasAgents: deps.agents !== undefined,
      chat: chat && deps.chat && toChatFacts(chat, deps.chat),
      asksFirst: deps.approvals !== undefined,
      seed: newId(),
    }),
  )
  if (metrics) instance.register(metricsRoutes(metrics))
  return instance
}

const toChatFacts = ({ defaultModel }: Chat, { forward, allowAdmin }: ChatSetup): ChatFacts => ({
  defaultModel,
  isOllama: forward !== undefined,
  allowAdmin,
})

/** A person's yes that came through a client of ours. */
const approveIn = ({ approvals }: ServerDeps): Approve | undefined =>
  approvals && (async (id, principal) => (await approvals.decide(id, true, { principal })) !== undefined)

function createInstance(
  { log, newId, limits = {} }: ServerDeps,
  answer: AnswerError,
  receive: Receive,
  { onClientError }: MalformedHandler,
): FastifyInstance {
  const arrivalTimeoutMs = limits.arrivalTimeoutMs ?? 15_000
  return fastify({
    loggerInstance: log,
    // One line of our own instead: request-log.ts. What Fastify itself has to say carries the same id.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'traceId' }),
    genReqId: ({ headers }) => traceIdOf(headers, newId),
    // It bounds the close too, and its own 10 s would end a slow stop as a fault; closeWithin bounds that.
    pluginTimeout: 2 * stopWithinMs,
    requestTimeout: arrivalTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs ?? 72_000,
    return503OnClosing: false, // reads go on; writes are refused by admission
    clientErrorHandler: onClientError,
    // Paths that no router can read get here without any hook.
    frameworkErrors: (error, request, reply) => {
      const refuse = (refusal: unknown) => answer(refusal, request, reply)
      receive(request, reply).then(() => refuse(error), refuse)
    },
    http: {
      maxHeaderSize: limits.maxHeaderBytes ?? 16_384,
      headersTimeout: arrivalTimeoutMs,
      // How often Node looks for requests that are late; its own 30 s would double our bound.
      connectionsCheckingInterval: Math.min(1_000, arrivalTimeoutMs),
      shouldUpgradeCallback: isUpgrade,
      requireHostHeader: false, // access.ts asks for it, and answers in our words
    },
  })
}

type Send = (reply: FastifyReply, refusal: ReturnType<typeof toRefusal>) => FastifyReply

type AnswerError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

/** The last resort of every route: any throw becomes an answer, and a bug becomes a log entry too. */
const createErrorAnswers =
  ({ admission, onRefused }: Gate, principalOf: Authentication['principalOf']) =>
  (send: Send): AnswerError =>
  (error, request, reply) => {
    // Fastify closes after any failed body. Ours are read to their end, so the connection is in step.
    if (error instanceof HostCountError || admission.isClosed()) reply.header('connection', 'close')
    else reply.removeHeader('connection')
    const refusal = toRefusal(error, { traceId: request.id, log: request.server.log })
    onRefused({ traceId: request.id, principal: principalOf(request), code: refusal.code, route: routeOf(request) })
    send(reply, refusal)
  }
