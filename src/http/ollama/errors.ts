import type { FastifyReply } from 'fastify'
import { errorTable } from '../../core/error-table.ts'
import { BaseError } from '../../core/errors.ts'
import { member } from '../../core/json.ts'
import type { Refusal } from '../problem.ts'
import { prepare } from '../send.ts'

/** A path of the model server that this service does not serve to callers. */
export class ModelAdminForbiddenError extends BaseError {
  override readonly code = 'FORBIDDEN'
  override readonly kind = 'forbidden'
  constructor(hint = 'An operator may allow it: see OTTO_OLLAMA_ADMIN.') {
    super('This service does not manage models.', { hint })
  }
}

/** Fact and next step in one text: clients of Ollama read `error` alone, as a text. */
export function errorText({ code, error, hint }: Refusal): string {
  // Clients know a missing model, and a model that lacks something, by these very words.
  if (code === 'MODEL_NOT_FOUND' || code === 'LLM_REFUSED') return error
  // This hint is about bodies of another door.
  return hint === '' || hint === errorTable.INVALID_REQUEST.hint ? error : `${error} ${hint}`
}

/**
 * A refusal as `{ error, code }` under the status of its code; what the model server refused, under the status that it gave.
 * @see Ollama api/types.go, StatusError
 */
export function sendOllamaError(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const status = prepare(reply, refusal)
  return reply
    .code(refusedStatus(refusal) ?? status)
    .type('application/json')
    .send({ error: errorText(refusal), code: refusal.code })
}

function refusedStatus({ code, details }: Refusal): number | undefined {
  const status = code === 'LLM_REFUSED' ? member(details, 'status') : undefined
  return typeof status === 'number' && Number.isInteger(status) && status >= 400 && status < 500 ? status : undefined
}
