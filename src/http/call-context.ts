import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ToolCallContext } from '../tools/tool.ts'
import { clientSignal } from './client-signal.ts'
import { preferencesOf } from './prefer.ts'

/** What a tool is told about the request that calls it. */
export type CallContext = (request: FastifyRequest, reply: FastifyReply) => ToolCallContext

/** @param principalOf whose keys and limits count */
export const createCallContext =
  (principalOf: (request: FastifyRequest) => string): CallContext =>
  (request, reply) => {
    // Repeated headers arrive joined by commas, which no valid key holds.
    const key = request.headers['idempotency-key']
    const { waitMs, respondAsync } = preferencesOf(request.headers)
    return {
      traceId: request.id,
      principal: principalOf(request),
      signal: clientSignal(reply),
      ...(key === undefined ? {} : { idempotencyKey: String(key) }),
      ...(waitMs === undefined ? {} : { deadlineMs: waitMs }),
      ...(respondAsync ? { respondAsync } : {}),
    }
  }
