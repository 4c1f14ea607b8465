import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock, NewId } from '../../core/clock.ts'
import type { JsonValue } from '../../core/json.ts'
import { isJsonArray, member } from '../../core/json.ts'
import type { ToolCallContext, ToolCatalog } from '../../tools/tool.ts'
import type { Gate } from '../admitted-tools.ts'
import { admitTools } from '../admitted-tools.ts'
import type { CallContext } from '../call-context.ts'
import { takeJsonBodies } from '../json-body.ts'
import { tellPreferences } from '../prefer.ts'
import { toRefusal } from '../problem.ts'
import { traceIdHeader, traceIdOf } from '../trace.ts'
import { sendAnswer } from './answer.ts'
import type { Approve } from './call.ts'
import { createAnswerCall } from './call.ts'
import type { McpEra, RpcRequest } from './messages.ts'
import { metaOf, modernRevision, rpcCodes, rpcError, toResult, toRpcMessage, toRpcRequest } from './messages.ts'
import type { McpProtocol } from './protocol.ts'
import { loadMcpProtocol } from './protocol.ts'
import { createQuestions } from './questions.ts'
import { toRpcRefusal } from './refusal.ts'
import type { RuleTexts } from './resources.ts'
import { createMcpResources } from './resources.ts'
import { toToolList } from './tools.ts'

export type McpDeps = {
  readonly tools: ToolCatalog
  readonly gate: Gate
  readonly callContext: CallContext
  readonly principalOf: (request: FastifyRequest) => string
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly newId: NewId
  readonly rules?: RuleTexts | undefined
  readonly approve?: Approve | undefined
  /** May whoever has this name agree to writes that wait? */
  readonly mayDecide: (principal: string) => boolean
}

/** The version is that of the tools and their words, as in the OpenAPI document. */
const identity = { name: 'otto', version: '1' }

/** Larger than at other doors: clients repeat what they know of themselves in every request. */
const maxBodyBytes = 1_048_576

/**
 * `POST /mcp`: the Model Context Protocol over Streamable HTTP, both eras, without sessions. `tools/list` and
 * `tools/call` are answered from the catalogue; the SDK reads every message and answers the rest.
 * It is not in the OpenAPI document: programs make a tool of every operation that they find there.
 */
export const mcpRoutes =
  (deps: McpDeps): FastifyPluginAsync =>
  async (instance) => {
    const { tools, gate, callContext, principalOf, rules } = deps
    takeJsonBodies(instance, { maxBodyBytes })
    const admitted = admitTools({ ...gate, tools, log: instance.log })
    const answerCall = createAnswerCall({
      tools: admitted,
      questions: createQuestions(deps),
      identity,
      approve: deps.approve,
      mayDecide: deps.mayDecide,
    })
    const listed = { legacy: toToolList(tools.list(), 'legacy'), modern: toToolList(tools.list(), 'modern') }
    const readGame = (gameId: string, context: ToolCallContext) => admitted.call('ttt_get_state', { gameId }, context)
    const resources = createMcpResources({ readGame, rules })
    const protocolOf = loadOnce(() => loadMcpProtocol({ identity, resources, log: instance.log }))

    const writes = new Set(tools.list().flatMap(({ name, effect }) => (effect === 'write' ? [name] : [])))
    const isWriteCall = ({ params }: RpcRequest) => writes.has(String(member(params, 'name')))

    const answerTools = (era: McpEra, message: RpcRequest, request: FastifyRequest, reply: FastifyReply) => {
      const { id, method, params } = message
      if (method === 'tools/list') return reply.send(toRpcMessage(id, toResult(era, identity, listed[era])))
      const context = withTrace(callContext(request, reply), message, request, reply)
      tellPreferences(reply, context, { isWrite: isWriteCall(message) })
      const baseUrl = `${request.protocol}://${request.headers.host}`
      return sendAnswer(
        reply,
        async (notify) => toRpcMessage(id, await answerCall({ era, params, context, baseUrl, notify })),
        { onBroken: (error) => toBroken(error, id, context, instance.log) },
      )
    }

    instance.route<{ Body: JsonValue }>({
      method: 'POST',
      url: '/mcp',
      handler: async (request, reply) => {
        const { body, raw } = request
        if (isJsonArray(body)) return reply.code(400).send(toRpcMessage(null, noBatches))
        const protocol = await protocolOf()
        const call = toToolRequest(protocol, request)
        // A call of a tool counts as what the tool does.
        if (typeof call !== 'object' || call.message.method !== 'tools/call')
          await gate.rateLimits.assertFew(principalOf(request), 'read')
        if (call === 'accepted') return reply.code(202).send()
        if (call !== undefined) return answerTools(call.era, call.message, request, reply)
        return reply.send(await protocol.answer(raw, body, callContext(request, reply)))
      },
    })
    // Before connections are waited for: an open subscription would hold the stop up.
    instance.addHook('preClose', async () => (await protocolOf.loaded()?.catch(() => undefined))?.close())
  }

type ToolRequest = { readonly era: McpEra; readonly message: RpcRequest }

/**
 * A request for the tools that is right in all it says of itself; `accepted` for a notification or a response, which need
 * no answer; undefined for what the SDK answers or refuses.
 */
function toToolRequest(
  protocol: McpProtocol,
  { raw, headers, body }: FastifyRequest<{ Body: JsonValue }>,
): ToolRequest | 'accepted' | undefined {
  const route = protocol.classify(raw, body)
  if (route.kind === 'reject') return undefined
  const message = toRpcRequest(body)
  const version = headers['mcp-protocol-version']?.toString().trim()
  if (route.kind === 'modern') {
    if (route.classification.revision !== modernRevision) return undefined
    if (route.messageKind === 'notification') return 'accepted'
    return message && isForTools(message) && version === modernRevision && areTrue(headers, message)
      ? { era: 'modern', message }
      : undefined
  }
  if (version !== undefined && !protocol.legacyVersions.includes(version)) return undefined
  if (route.reason === 'notification' || route.reason === 'response') return 'accepted'
  return message && isForTools(message) && takesBoth(headers) ? { era: 'legacy', message } : undefined
}

const isForTools = ({ method }: RpcRequest): boolean => method === 'tools/list' || method === 'tools/call'

/** @see Model Context Protocol 2025-11-25, basic/transports: the client must list both types */
const takesBoth = ({ accept = '' }: IncomingHttpHeaders): boolean =>
  accept.includes('application/json') && accept.includes('text/event-stream')

/** Do the headers of a modern request say what its body says? @see Model Context Protocol 2026-07-28, basic/transports */
function areTrue(headers: IncomingHttpHeaders, { method, params }: RpcRequest): boolean {
  if (headers['mcp-method']?.toString().trim() !== method) return false
  const name = member(params, 'name')
  return method === 'tools/list' || typeof name !== 'string' || decodedName(headers) === name
}

/** `Mcp-Name`, which may be written in base64. */
function decodedName(headers: IncomingHttpHeaders): string | undefined {
  const given = headers['mcp-name']?.toString().trim()
  const [, encoded] = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(given ?? '') ?? []
  return encoded === undefined ? given : Buffer.from(encoded, 'base64').toString()
}

/** A client without headers of its own for it may name its trace in the message. */
function withTrace(context: ToolCallContext, { params }: RpcRequest, { headers }: FastifyRequest, reply: FastifyReply) {
  const { traceparent } = metaOf(params)
  if (typeof traceparent !== 'string' || headers[traceIdHeader] !== undefined || headers['traceparent'] !== undefined)
    return context
  const traceId = traceIdOf({ traceparent }, () => context.traceId)
  reply.header(traceIdHeader, traceId)
  return { ...context, traceId }
}

const noBatches = rpcError(rpcCodes.invalidRequest, 'Batches are not served: send one message a request.')

const toBroken = (error: unknown, id: RpcRequest['id'], { traceId }: ToolCallContext, log: FastifyRequest['log']) =>
  toRpcMessage(id, toRpcRefusal(toRefusal(error, { traceId, log })))

/** Loads when first asked, and again if that failed. */
function loadOnce<T>(load: () => Promise<T>): { (): Promise<T>; loaded(): Promise<T> | undefined } {
  let loading: Promise<T> | undefined
  const get = () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined
      throw error
    })
    return loading
  }
  return Object.assign(get, { loaded: () => loading })
}
