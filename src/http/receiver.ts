import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../core/clock.ts'
import type { AssertAllowed } from './access.ts'
import type { Gate } from './admitted-tools.ts'
import type { Authentication } from './authentication.ts'
import type { HttpMetrics } from './metrics.ts'
import { isPreflight } from './not-found.ts'
import { logWhenDone } from './request-log.ts'
import { ruleOf } from './scopes.ts'
import { traceIdHeader } from './trace.ts'

export type ReceiverDeps = Gate &
  Pick<Authentication, 'assertAuthentic' | 'principalOf'> & {
    readonly assertAllowed: AssertAllowed
    readonly clock: Pick<Clock, 'monotonicMs'>
    readonly metrics?: HttpMetrics | undefined
  }

/** What happens first to every request, whatever its path. @throws the error that refuses it */
export type Receive = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/** Who sees more than the answer itself. */
const exposedHeaders = `${traceIdHeader}, retry-after, allow, preference-applied`

/** In this order: where it comes from, whose it is, what that one may do, is there room, and is it not too often. */
export function createReceiver(deps: ReceiverDeps): Receive {
  const { assertAllowed, clock, metrics, admission, rateLimits, assertAuthentic, assertMay, principalOf } = deps
  return async (request, reply) => {
    logWhenDone(request, reply, clock, metrics?.requests)
    reply.header(traceIdHeader, request.id)
    reply.header('cache-control', 'no-store')
    reply.header('x-content-type-options', 'nosniff')
    assertAllowed(request.raw)
    const { origin } = request.headers
    if (origin !== undefined) {
      reply.header('access-control-allow-origin', origin)
      reply.header('access-control-expose-headers', exposedHeaders)
      reply.header('vary', 'origin')
    }
    if (isPreflight(request)) return admission.enter(reply.raw) // it shows no token, and does nothing
    const { scope, counts, isStream } = ruleOf(request.method, request.routeOptions.url)
    if (scope !== 'nothing') assertAuthentic(request)
    const principal = principalOf(request)
    if (scope !== 'nothing' && scope !== 'tool') assertMay(principal, scope)
    // A busy process is still alive.
    if (counts === 'nothing') return
    if (isStream) admission.enterStream(reply.raw)
    else admission.enter(reply.raw)
    if (counts !== 'tool') await rateLimits.assertFew(principal, counts)
  }
}
