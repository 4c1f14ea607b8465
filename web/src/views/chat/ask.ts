import { service } from '../../api/client.ts'
import { ServiceError, toError, UnreachableError } from '../../api/errors.ts'
import { t } from '../../texts.ts'
import type { Conversation, Failed } from './conversation.ts'
import type { Line } from './protocol.ts'
import { linesOf, toMessages } from './protocol.ts'

export type Asking = {
  readonly conversation: Conversation
  /** Undefined for the one that the service is set to. */
  readonly model: string | undefined
  readonly signal: AbortSignal
}

/**
 * Asks Otto, and gives what comes, line by line. The header names the conversation and asks for the runs of tools as cards.
 * @throws ServiceError, UnreachableError, Error when the answer breaks off
 */
export async function* ask({ conversation, model, signal }: Asking): AsyncGenerator<Line> {
  const messages = toMessages(conversation)
  const options = {
    signal,
    parseAs: 'stream',
    headers: { 'x-openwebui-chat-id': conversation.id },
  } as const
  // Only this door takes a chat that names no model.
  const { data, error, response } =
    model === undefined
      ? await service.POST('/generate', { ...options, body: { messages } })
      : await service.POST('/api/chat', { ...options, body: { model, messages } })
  if (error !== undefined || !data) throw toError(error, response)
  let isWhole = false
  for await (const line of linesOf(data)) {
    if (line.error !== undefined)
      throw new ServiceError({ error: line.error, code: line.code ?? 'INTERNAL_ERROR' }, 200, undefined)
    if (line.done === true) isWhole = true
    yield line
  }
  if (!isWhole) throw new Error('The answer has no end.')
}

/** What went wrong, for people. */
export function toFailed(error: unknown): Failed {
  if (error instanceof ServiceError) return { message: error.message, code: error.code, hint: error.hint }
  const message = error instanceof UnreachableError ? t.errors.unreachable : t.chat.cut
  return { message, code: undefined, hint: undefined }
}
