import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../core/clock.ts'
import type { ObserveRequest } from '../core/observe.ts'

// Beside the reply, not on it: a decorator would be a global whose type may lie.
const codes = new WeakMap<ServerResponse, string>()

/** Remembers the error code of an answer for its log line. */
export function noteCode(reply: FastifyReply, code: string): void {
  codes.set(reply.raw, code)
}

/**
 * One line when the answer is complete or the caller gone: route, status, time, code. Never what was sent.
 * The request's logger adds the trace id; `observe` hears of it too.
 */
export function logWhenDone(
  request: FastifyRequest,
  reply: FastifyReply,
  clock: Pick<Clock, 'monotonicMs'>,
  observe?: ObserveRequest,
): void {
  const startedMs = clock.monotonicMs()
  finished(reply.raw, (error) => {
    const { statusCode } = reply.raw
    const { url: route } = request.routeOptions // the pattern: a path may carry anything
    const ms = clock.monotonicMs() - startedMs
    observe?.({ method: request.method, route, status: statusCode, seconds: ms / 1000 })
    const line = {
      method: request.method,
      route: route ?? null,
      status: statusCode,
      ms: Math.round(ms),
      ...(codes.has(reply.raw) ? { code: codes.get(reply.raw) } : {}),
      ...(error ? { hungUp: true } : {}),
    }
    request.log[statusCode >= 500 ? 'error' : 'info'](line, 'request')
  })
}
