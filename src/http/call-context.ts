import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ToolCallContext } from '../tools/tool.ts'
import { clientSignal } from './client-signal.ts'

/** What a tool is told about the request that calls it. */
export function callContext(request: FastifyRequest, reply: FastifyReply): ToolCallContext {
  // Repeated headers arrive joined by commas, which no valid key holds.
  const key = request.headers['idempotency-key']
  return {
    traceId: request.id,
    principal: principalOf(request),
    signal: clientSignal(reply),
    ...(key === undefined ? {} : { idempotencyKey: String(key) }),
  }
}

// A dual-stack socket shows an IPv4 peer in IPv6 clothes; it is the same caller.
const principalOf = ({ raw: { socket } }: FastifyRequest): string =>
  (socket.remoteAddress ?? 'unknown').replace(/^::ffff:(?=[0-9.]+$)/, '')
