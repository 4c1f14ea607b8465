import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ChatCaller, ToolsMode } from '../chat/chat.ts'
import { RequestKeyInvalidError } from '../tools/errors.ts'
import { clientSignal } from './client-signal.ts'
import { InvalidRequestError } from './errors.ts'

/** Who asks in a chat, read off the request. @throws RequestKeyInvalidError */
export type ChatCallerOf = (request: FastifyRequest, reply: FastifyReply) => ChatCaller

const visible = /^[\x21-\x7e]{1,128}$/

/** @param principalOf whose keys and limits count */
export const createChatCaller =
  (principalOf: (request: FastifyRequest) => string): ChatCallerOf =>
  (request, reply) => {
    const { 'idempotency-key': key, 'x-openwebui-chat-id': chatId } = request.headers
    if (key !== undefined && !visible.test(String(key))) throw new RequestKeyInvalidError()
    return {
      traceId: request.id,
      principal: principalOf(request),
      gone: clientSignal(reply),
      // Anybody can send it: it only tells this caller's conversations apart.
      ...(typeof chatId === 'string' && visible.test(chatId) ? { sessionId: chatId } : {}),
      ...(key === undefined ? {} : { idempotencyKey: String(key) }),
    }
  }

const modes: Readonly<Record<string, ToolsMode>> = { off: 'off', client: 'client', on: 'run' }

/** `X-Otto-Tools: off` wants none, `client` says that the client runs them itself. @throws InvalidRequestError */
export function toolsModeOf({ headers }: FastifyRequest): ToolsMode {
  const word = headers['x-otto-tools']
  if (word === undefined) return 'run'
  const mode = typeof word === 'string' && Object.hasOwn(modes, word) ? modes[word] : undefined
  if (mode === undefined)
    throw new InvalidRequestError('X-Otto-Tools has a value that is not known.', {
      path: 'X-Otto-Tools',
      hint: 'Send on, off or client, or leave it out.',
    })
  return mode
}
