import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fastify, { LogController } from 'fastify'
import type { Chat } from '../chat/chat.ts'
import type { Clock, NewId } from '../core/clock.ts'
import type { Approvals } from '../tools/approvals.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import type { AccessRules, AssertAllowed } from './access.ts'
import { createAccess } from './access.ts'
import type { Admission, AdmissionLimits } from './admission.ts'
import { createAdmission } from './admission.ts'
import { admitTools } from './admitted-tools.ts'
import type { ChatFacts } from './api/chat.ts'
import { approvalRoutes } from './approvals.ts'
import type { Authentication } from './authentication.ts'
import { createAuthentication } from './authentication.ts'
import { createCallContext } from './call-context.ts'
import { createChatCaller } from './chat-caller.ts'
import type { ChatSetup } from './chat-doors.ts'
import { registerChatDoors } from './chat-doors.ts'
import { docsRoutes } from './docs.ts'
import { HostCountError } from './errors.ts'
import type { ListGames, ReadGame } from './games.ts'
import { gameRoutes } from './games.ts'
import { healthRoutes, probePaths } from './health.ts'
import type { HealthReport } from './health-monitor.ts'
import type { MalformedHandler } from './malformed.ts'
import { createMalformedHandler } from './malformed.ts'
import type { Approve } from './mcp/call.ts'
import { mcpRoutes } from './mcp/mcp.ts'
import { sendRpcRefusal } from './mcp/refusal.ts'
import type { RuleTexts } from './mcp/resources.ts'
import type { HttpMetrics } from './metrics.ts'
import { metricsRoutes } from './metrics.ts'
import { isPreflight, refuseUnknown } from './not-found.ts'
import { ottoToolRoutes } from './otto-tool.ts'
import { toRefusal } from './problem.ts'
import { logWhenDone } from './request-log.ts'
import { sendOutcome, sendProblem } from './send.ts'
import { toolServerRoutes } from './tool-server.ts'
import { traceIdHeader, traceIdOf } from './trace.ts'
import type { WalletAddresses } from './wallets.ts'
import { walletRoutes } from './wallets.ts'

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

export type ServerDeps = {
  readonly tools: ToolCatalog
  readonly wallets: () => WalletAddresses
  /** The writes that wait for a person; undefined where they run unasked. */
  readonly approvals?: Pick<Approvals, 'list' | 'decide'> | undefined
  readonly readGame: ReadGame
  readonly listGames: ListGames
  readonly health: () => Promise<HealthReport>
  /** A pino logger. */
  readonly log: FastifyBaseLogger
  readonly newId: NewId
  readonly clock: Pick<Clock, 'monotonicMs' | 'nowMs'>
  /** Without it there is no chat. */
  readonly chat?: ChatSetup | undefined
  readonly access: AccessRules
  /** The texts of the two rule files, for clients that read resources. */
  readonly rules?: RuleTexts | undefined
  /** What callers must show; undefined lets all call who reach the port. */
  readonly token?: string | undefined
  /** Names the network inside game ids; the documented examples need it. */
  readonly network: string
  /** Where requests are counted, and what `GET /metrics` answers; without it there is no such route. */
  readonly metrics?: HttpMetrics
  readonly limits?: ServerLimits
}

/**
 * The bridge's HTTP server, ready to listen. `close()` lets running requests finish; from then on no write is started.
 */
export function createServer(deps: ServerDeps): FastifyInstance {
  const { tools, wallets, readGame, listGames, health, log, newId, metrics, network, limits = {} } = deps
  const admission = createAdmission(limits)
  const { principalOf, ...authentication } = createAuthentication(deps.token, deps.clock)
  const callContext = createCallContext(principalOf)
  const receive = createReceiver(deps, admission, authentication)
  const malformed = createMalformedHandler({ log, newId })
  const instance = createInstance(deps, admission, receive, malformed)
  malformed.attach(instance.server)
  instance.server.maxConnections = limits.maxConnections ?? 1_000

  const chat = deps.chat?.openChat(admitTools({ tools, admission, log }))
  instance.addHook('preClose', async () => {
    admission.close()
    chat?.stop()
  })
  // A connection that is kept would hold the stop up.
  instance.addHook('onSend', async (_request, reply) => {
    if (admission.isClosed()) reply.header('connection', 'close')
  })
  instance.addHook('onRequest', async (request, reply) => receive(request, reply))
  instance.setErrorHandler(answerError(sendProblem, admission))
  instance.removeAllContentTypeParsers()
  refuseUnknown(instance)

  instance.register(async (scope) => {
    scope.setErrorHandler(answerError(sendOutcome, admission))
    scope.register(ottoToolRoutes({ tools, admission, callContext, maxBodyBytes: limits.maxBodyBytes ?? 65_536 }))
  })
  instance.register(
    approvalRoutes({ approvals: deps.approvals, principalOf, maxBodyBytes: limits.maxBodyBytes ?? 65_536 }),
  )
  instance.register(async (scope) => {
    scope.setErrorHandler(answerError(sendRpcRefusal, admission))
    scope.register(mcpRoutes({ ...deps, admission, callContext, approve: approveIn(deps) }))
  })
  instance.register(toolServerRoutes({ tools, needsToken: deps.token !== undefined }))
  if (chat && deps.chat)
    registerChatDoors(instance, {
      chat,
      setup: deps.chat,
      chatCaller: createChatCaller(principalOf),
      clock: deps.clock,
      newId,
      answerError: (send) => answerError(send, admission),
    })
  instance.register(gameRoutes({ readGame, listGames, callContext }))
  instance.register(walletRoutes({ wallets }))
  instance.register(healthRoutes({ health, admission, isTrusted: authentication.isTrusted }))
  instance.register(
    docsRoutes({
      tools,
      network,
      wallets,
      principalOf,
      needsToken: deps.token !== undefined,
      hasMetrics: metrics !== undefined,
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
  approvals && (async (id, principal) => approvals.decide(id, true, { principal }) !== undefined)

type Receive = (request: FastifyRequest, reply: FastifyReply) => void

/** What happens first to every request, whatever its path. @throws the error that refuses it, from what it returns */
function createReceiver(
  { access, clock, metrics }: ServerDeps,
  admission: Admission,
  { assertAuthentic }: Pick<Authentication, 'assertAuthentic'>,
): Receive {
  const assertAllowed: AssertAllowed = createAccess(access)
  return (request, reply) => {
    logWhenDone(request, reply, clock, metrics?.requests)
    reply.header(traceIdHeader, request.id)
    reply.header('cache-control', 'no-store')
    reply.header('x-content-type-options', 'nosniff')
    assertAllowed(request.raw)
    const { origin } = request.headers
    if (origin !== undefined) {
      reply.header('access-control-allow-origin', origin)
      reply.header('access-control-expose-headers', `${traceIdHeader}, retry-after, allow`)
      reply.header('vary', 'origin')
    }
    const { url: route } = request.routeOptions
    if (!(isPreflight(request) || (route !== undefined && probePaths.includes(route)))) assertAuthentic(request)
    // A busy process is still alive.
    if (route !== '/health/live') admission.enter(reply.raw)
  }
}

function createInstance(
  { log, newId, limits = {} }: ServerDeps,
  admission: Admission,
  receive: Receive,
  { onClientError }: MalformedHandler,
): FastifyInstance {
  const arrivalTimeoutMs = limits.arrivalTimeoutMs ?? 15_000
  const answer = answerError(sendProblem, admission)
  return fastify({
    loggerInstance: log,
    // One line of our own instead: request-log.ts. What Fastify itself has to say carries the same id.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'traceId' }),
    genReqId: ({ headers }) => traceIdOf(headers, newId),
    requestTimeout: arrivalTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs ?? 72_000,
    return503OnClosing: false, // reads go on; writes are refused by admission
    clientErrorHandler: onClientError,
    // Paths that no router can read get here without any hook.
    frameworkErrors: (error, request, reply) => {
      try {
        receive(request, reply)
        answer(error, request, reply)
      } catch (refusal) {
        answer(refusal, request, reply)
      }
    },
    http: {
      maxHeaderSize: limits.maxHeaderBytes ?? 16_384,
      headersTimeout: arrivalTimeoutMs,
      // How often Node looks for requests that are late; its own 30 s would double our bound.
      connectionsCheckingInterval: Math.min(1_000, arrivalTimeoutMs),
      requireHostHeader: false, // access.ts asks for it, and answers in our words
    },
  })
}

type Send = (reply: FastifyReply, refusal: ReturnType<typeof toRefusal>) => FastifyReply

/** The last resort of every route: any throw becomes an answer, and a bug becomes a log entry too. */
const answerError =
  (send: Send, admission: Admission) =>
  (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    // Fastify closes after any failed body. Ours are read to their end, so the connection is in step.
    if (error instanceof HostCountError || admission.isClosed()) reply.header('connection', 'close')
    else reply.removeHeader('connection')
    send(reply, toRefusal(error, { traceId: request.id, log: request.server.log }))
  }
