import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ToolsMode } from '../../chat/chat.ts'
import { isSideTask } from '../../chat/side-task.ts'
import { isJsonObject } from '../../core/json.ts'
import type { TurnEvent } from '../../llm/turn.ts'
import { toolsModeOf } from '../chat-caller.ts'
import { QueryInvalidError } from '../errors.ts'
import type { KeptBody } from '../json-body.ts'
import { answerTurn } from './answer.ts'
import type { ChatAsked } from './body.ts'
import type { OllamaDeps } from './deps.ts'
import { endWith } from './end.ts'
import type { OllamaStyle } from './lines.ts'
import { relay } from './relay.ts'

/** A chat that has been read, on its way. */
export type ChatOrder = {
  readonly asked: ChatAsked & { readonly model: string }
  /** What it was read from: it goes to the model server where the chat is none of ours. */
  readonly body: KeptBody
  readonly reportsRuns: boolean
}

/**
 * Answers a chat: a turn with tools, or the model server's own answer where tools have no business: an order to load a
 * model, a side task of a chat page, a caller who wants none.
 */
export async function answerChat(
  deps: OllamaDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { asked, body, reportsRuns }: ChatOrder,
): Promise<FastifyReply> {
  const { chat, forward, chatCaller } = deps
  const { model, messages, tools, rest, stream } = asked
  const caller = chatCaller(request, reply)
  const mode = modeOf(request)
  const isPlain = mode === 'off' || messages.length === 0 || isSideTask(messages, rest['format'])
  if (isPlain && forward)
    return relay(reply, forward, {
      method: 'POST',
      path: '/api/chat',
      body: withModel(body, model),
      signal: caller.gone,
    })
  const isLoad = messages.length === 0
  const events = isLoad ? loaded() : chat.turn({ model, messages, tools, mode: isPlain ? 'off' : mode, rest }, caller)
  const style = styleOf(deps, request, { shape: 'chat', model, reportsRuns: reportsRuns && !isLoad })
  return answerTurn(request, reply, { events, style, stream, gone: caller.gone })
}

/** A server that is no Ollama loads nothing on demand. */
export async function* loaded(): AsyncGenerator<TurnEvent> {
  yield endWith('load')
}

/** Header or query say who runs the tools; `?tools=off` is for those who cannot send headers. @throws QueryInvalidError */
export function modeOf(request: FastifyRequest): ToolsMode {
  const mode = toolsModeOf(request)
  const word = new URL(request.url, 'http://any').searchParams.get('tools')
  if (word === null || word === 'on') return mode
  if (word !== 'off') throw new QueryInvalidError('tools', 'Use ?tools=off, or leave it out.')
  return 'off'
}

/** How this caller wants it told. */
export function styleOf(
  { toolCards, clock }: Pick<OllamaDeps, 'toolCards' | 'clock'>,
  request: FastifyRequest,
  rest: Pick<OllamaStyle, 'shape' | 'model' | 'reportsRuns'>,
): OllamaStyle {
  const isWebUi = Object.keys(request.headers).some((name) => name.startsWith('x-openwebui-'))
  const wantsCards = toolCards === 'on' || (toolCards === 'auto' && isWebUi)
  // A report of the runs needs no cards besides.
  return { ...rest, showsCards: wantsCards && !rest.reportsRuns, nowMs: () => clock.nowMs() }
}

/** The body of a request to these doors. */
export function bodyOf(request: FastifyRequest): KeptBody {
  // The cast holds: takeChatBodies makes every body of these doors, and a POST without one is refused before.
  return request.body as KeptBody
}

/** The bytes of a body, with the model named where the caller named none. */
export function withModel({ bytes, json }: KeptBody, model: string): Uint8Array {
  if (!isJsonObject(json) || (json['model'] ?? null) !== null) return bytes
  return Buffer.from(JSON.stringify({ ...json, model }))
}
