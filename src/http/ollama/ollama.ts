import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Forward } from '../../llm/language-model.ts'
import { clientSignal } from '../client-signal.ts'
import { InvalidRequestError, NotFoundError } from '../errors.ts'
import type { KeptBody } from '../json-body.ts'
import { takeChatBodies } from '../json-body.ts'
import { parseChatBody } from './body.ts'
import { answerChat, bodyOf } from './chat.ts'
import type { OllamaDeps } from './deps.ts'
import { ModelAdminForbiddenError } from './errors.ts'
import { relay } from './relay.ts'
import { serveStandIn } from './stand-in.ts'

type Passed = { readonly method: 'GET' | 'POST' | 'DELETE'; readonly path: string }

/** Asked before a chat; a server that is no Ollama is stood in for. */
const asked: readonly Passed[] = [
  { method: 'GET', path: '/api/version' },
  { method: 'GET', path: '/api/tags' },
  { method: 'POST', path: '/api/show' },
]

/** No tools there. */
const passed: readonly Passed[] = [
  { method: 'GET', path: '/api/ps' },
  { method: 'POST', path: '/api/generate' },
  { method: 'POST', path: '/api/embed' },
  { method: 'POST', path: '/api/embeddings' },
]

/** They change what the model server holds, or fill its disk. */
const managed: readonly Passed[] = [
  { method: 'POST', path: '/api/pull' },
  { method: 'POST', path: '/api/create' },
  { method: 'POST', path: '/api/copy' },
  { method: 'POST', path: '/api/push' },
  { method: 'DELETE', path: '/api/delete' },
]

/**
 * Ollama's own API: `POST /api/chat` with the tools of this service, everything else passed on byte by byte, models
 * managed only where `allowAdmin`. Needs an error handler with `sendOllamaError`.
 */
export const ollamaRoutes =
  (deps: OllamaDeps): FastifyPluginAsync =>
  async (instance) => {
    refuseFiles(instance)
    instance.register(async (scope) => {
      takeChatBodies(scope, deps)
      serveChat(scope, deps)
      if (deps.forward) passOn(scope, deps.forward, asked)
      else serveStandIn(scope, deps)
      passOn(scope, deps.forward, passed)
      scope.register(async (admin) => {
        // Before a body is read.
        if (!deps.allowAdmin) admin.addHook('onRequest', forbid())
        passOn(admin, deps.forward, managed)
      })
    })
  }

function serveChat(instance: FastifyInstance, deps: OllamaDeps): void {
  instance.post('/api/chat', async (request, reply) => {
    const body = bodyOf(request)
    const { model, ...rest } = parseChatBody(body.json)
    // In Ollama's words: clients know them.
    if (model === undefined) throw new InvalidRequestError('model is required', { path: 'model' })
    return answerChat(deps, request, reply, { asked: { ...rest, model }, body, reportsRuns: false })
  })
}

/** Files of models have gigabytes: they are not for a door that holds a body before it passes it on. */
function refuseFiles(instance: FastifyInstance): void {
  const refuse = forbid('Send files to the model server itself.')
  instance.route({ method: ['HEAD', 'POST'], url: '/api/blobs/:digest', onRequest: refuse, handler: refuse })
}

const forbid = (hint?: string) => async (): Promise<never> => {
  throw new ModelAdminForbiddenError(hint)
}

function passOn(instance: FastifyInstance, forward: Forward | undefined, routes: readonly Passed[]): void {
  for (const { method, path } of routes)
    instance.route({
      method,
      url: path,
      handler: (request: FastifyRequest, reply: FastifyReply) => {
        if (!forward) throw new NotFoundError()
        return relay(reply, forward, { ...toForwarded(request, method), path, signal: clientSignal(reply) })
      },
    })
}

function toForwarded(
  request: FastifyRequest,
  method: Passed['method'],
): Pick<Parameters<Forward>[0], 'method' | 'body'> {
  // The cast holds: takeChatBodies makes every body here; HEAD and GET have none.
  const body = request.body as KeptBody | undefined
  // Fastify answers HEAD by the handler of GET.
  return { method: request.method === 'HEAD' ? 'HEAD' : method, ...(body ? { body: body.bytes } : {}) }
}
