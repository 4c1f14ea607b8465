import type { FastifyReply } from 'fastify'
import type { ToolOutcome } from '../tools/tool.ts'
import type { Refusal } from './problem.ts'
import { retryAfterSeconds, statusOf, toProblem } from './problem.ts'
import { noteCode } from './request-log.ts'

/** Status and headers of a refusal, whatever its body will be; gives the status. */
export function prepare(reply: FastifyReply, refusal: Refusal): number {
  noteCode(reply, refusal.code)
  const seconds = retryAfterSeconds(refusal)
  if (seconds !== undefined) reply.header('retry-after', seconds)
  if (refusal.code === 'SHUTTING_DOWN') reply.header('connection', 'close')
  const status = statusOf(refusal.code)
  if (status === 401) reply.header('www-authenticate', 'Bearer') // RFC 9110 §15.5.2
  reply.code(status)
  return status
}

/** A refusal as RFC 9457 problem details. */
export function sendProblem(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const status = prepare(reply, refusal)
  return reply.type('application/problem+json').send(toProblem(refusal, status))
}

/** A tool outcome in its envelope, under the status of its code. */
export function sendOutcome(reply: FastifyReply, outcome: ToolOutcome): FastifyReply {
  if (!outcome.success) prepare(reply, outcome)
  return reply.send(outcome)
}
