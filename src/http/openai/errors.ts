import type { FastifyReply } from 'fastify'
import { errorTable } from '../../core/error-table.ts'
import type { JsonObject } from '../../core/json.ts'
import { member } from '../../core/json.ts'
import type { Refusal } from '../problem.ts'
import { statusOf } from '../problem.ts'
import { prepare } from '../send.ts'

/**
 * A refusal as OpenAI's clients read it: they branch on the status, show `message`, and know some codes.
 * @see openai-node src/core/error.ts
 */
export function toOpenAiError(refusal: Refusal): JsonObject {
  const { code, details } = refusal
  const status = openAiStatusOf(code)
  const path = member(details, 'path')
  return {
    error: {
      message: sentenceOf(refusal),
      type: typeOf(status),
      param: code === 'MODEL_NOT_FOUND' ? 'model' : typeof path === 'string' ? path : null,
      code: status === 401 ? 'invalid_api_key' : code.toLowerCase(),
    },
  }
}

/** The fact and the next step, in one line: there is no other member that a client would show. */
export function sentenceOf({ error, code, hint }: Pick<Refusal, 'error' | 'code' | 'hint'>): string {
  // The table's hint for this code speaks of another door.
  return code === 'INVALID_REQUEST' && hint === errorTable.INVALID_REQUEST.hint ? error : `${error} ${hint}`
}

/** A refusal under the status of its code, in OpenAI's shape. */
export function sendOpenAiError(reply: FastifyReply, refusal: Refusal): FastifyReply {
  prepare(reply, refusal)
  return reply.code(openAiStatusOf(refusal.code)).type('application/json; charset=utf-8').send(toOpenAiError(refusal))
}

// Two codes are answers where a tool is called by itself; no chat is answered by them.
function openAiStatusOf(code: string): number {
  const status = statusOf(code)
  return status < 400 ? 500 : status
}

const types: Readonly<Record<number, string>> = {
  403: 'permission_error',
  404: 'not_found_error',
  429: 'rate_limit_error',
}

const typeOf = (status: number): string => types[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error')
