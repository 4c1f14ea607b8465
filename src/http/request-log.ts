import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../core/clock.ts'

// Beside the reply, not on it: a decorator would be a global whose type may lie.
const codes = new WeakMap<ServerResponse, string>()

/** Remembers the error code of an answer for its log line. */
export function noteCode(reply: FastifyReply, code: string): void {
  codes.set(reply.raw, code)
}

/**
 * One line when the answer is complete or the caller gone: route, status, time, code. Never what was sent.
 * The request's logger adds the trace id.
 */
export function logWhenDone(request: FastifyRequest, reply: FastifyReply, clock: Pick<Clock, 'monotonicMs'>): void {
  const startedMs = clock.monotonicMs()
  finished(reply.raw, (error) => {
    const { statusCode } = reply.raw
    const line = {
      method: request.method,
      route: request.routeOptions.url ?? null, // the pattern: a path may carry anything
      status: statusCode,
      ms: Math.round(clock.monotonicMs() - startedMs),
      ...(codes.has(reply.raw) ? { code: codes.get(reply.raw) } : {}),
      ...(error ? { hungUp: true } : {}),
    }
    request.log[statusCode >= 500 ? 'error' : 'info'](line, 'request')
  })
}
