import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { MethodNotAllowedError, NotFoundError } from './errors.ts'

type Route = { readonly method: string; readonly segments: readonly string[] }

const segmentsOf = (path: string): string[] => path.split('/')

const matches = ({ segments }: Route, path: readonly string[]): boolean =>
  (segments.length === path.length || (segments.at(-1) === '*' && segments.length < path.length)) &&
  segments.every(
    (segment, index) => segment === path[index] || segment === '*' || (segment.startsWith(':') && path[index] !== ''),
  )

/**
 * Tells an unknown path (404) from an unserved method (405 with `Allow`), and answers the preflight of a page whose
 * origin was let through. Call it before the routes are registered, since it takes notes of them.
 */
export function refuseUnknown(instance: FastifyInstance): void {
  const routes: Route[] = []
  instance.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, segments: segmentsOf(url) })
  })

  instance.setNotFoundHandler(async (request, reply) => {
    const path = segmentsOf(request.url.split('?', 1)[0] ?? '')
    const allowed = [...new Set(routes.filter((route) => matches(route, path)).map(({ method }) => method))]
    // RFC 9110 §9.3.8: nobody needs their request echoed; refused at any path.
    if (allowed.length === 0 && request.method !== 'TRACE') throw new NotFoundError()
    // A folder's route was asked for a file that is not in it.
    if (allowed.includes(request.method)) throw new NotFoundError()
    if (isPreflight(request)) return answerPreflight(request, reply, allowed)
    reply.header('allow', allowed.join(', '))
    throw new MethodNotAllowedError(allowed)
  })
}

/** Does a page's browser ask whether it may call? It never shows a token then. */
export const isPreflight = ({ method, headers }: FastifyRequest): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined

/** What a page may send beside what every page may. */
const allowedHeaders = [
  'authorization, content-type, idempotency-key, prefer, traceparent, x-trace-id, x-otto-tools',
  'tracestate, x-requested-with, x-openwebui-chat-id, x-openwebui-message-id',
  'mcp-protocol-version, mcp-method, mcp-name, mcp-session-id, last-event-id',
  // OpenAI's own client sends these from a page. @see openai-node src/internal/detect-platform.ts
  'openai-organization, openai-project, openai-beta, x-stainless-lang, x-stainless-package-version, x-stainless-os',
  'x-stainless-arch, x-stainless-runtime, x-stainless-runtime-version, x-stainless-retry-count, x-stainless-timeout',
  'x-stainless-async, x-stainless-helper-method, x-stainless-custom-poll-interval, x-stainless-poll-helper',
].join(', ')

// @see Fetch standard, CORS protocol. The origin's own header was set when it was let through.
function answerPreflight({ headers }: FastifyRequest, reply: FastifyReply, allowed: readonly string[]): FastifyReply {
  // A public page asks before it calls this machine. @see W3C Private Network Access
  if (headers['access-control-request-private-network'] === 'true')
    reply.header('access-control-allow-private-network', 'true')
  return reply
    .code(204)
    .header('access-control-allow-methods', allowed.join(', '))
    .header('access-control-allow-headers', allowedHeaders)
    .header('access-control-max-age', '600')
    .send()
}
