import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Chat, ChatCaller } from '../../chat/chat.ts'
import { isSideTask } from '../../chat/side-task.ts'
import type { Clock, NewId } from '../../core/clock.ts'
import { LlmStreamCutError } from '../../llm/errors.ts'
import type { Forward } from '../../llm/language-model.ts'
import type { AnswerStream } from '../answer-stream.ts'
import { openStream } from '../answer-stream.ts'
import type { ChatCallerOf } from '../chat-caller.ts'
import { toolsModeOf } from '../chat-caller.ts'
import { NotFoundError } from '../errors.ts'
import type { KeptBody } from '../json-body.ts'
import { takeChatBodies } from '../json-body.ts'
import type { Refusal } from '../problem.ts'
import { toRefusal } from '../problem.ts'
import { noteCode } from '../request-log.ts'
import { createSignedSoFar } from '../signed-so-far.ts'
import type { CompletionDraft, CompletionHead } from './completion.ts'
import { toCompletion } from './completion.ts'
import { sentenceOf } from './errors.ts'
import { encodeEvent, errorEvent, openingEvent } from './events.ts'
import { passOn } from './forward.ts'
import type { ListModels } from './models.ts'
import { openAiModelRoutes } from './models.ts'
import type { OpenAiRequest } from './request.ts'
import { parseOpenAiRequest } from './request.ts'

export type OpenAiDeps = {
  readonly chat: Pick<Chat, 'turn' | 'defaultModel'>
  /** Undefined where the model server does not speak OpenAI's language itself. */
  readonly forward: Forward | undefined
  readonly listModels: ListModels
  readonly chatCaller: ChatCallerOf
  readonly clock: Pick<Clock, 'nowMs'>
  readonly newId: NewId
  readonly maxBodyBytes: number
}

const completions = '/v1/chat/completions'

/** Passed on as they are, or not there: a chat at these would have to be read in shapes of their own. */
const forwardedPaths = ['/v1/completions', '/v1/embeddings', '/v1/messages', '/v1/responses'] as const

/**
 * The chat as OpenAI's clients ask for it. What wants no tools of ours goes to the model server byte by byte. Errors are
 * for the scope's handler to tell, by `sendOpenAiError`.
 */
export const openAiRoutes =
  (deps: OpenAiDeps): FastifyPluginAsync =>
  async (instance) => {
    const { chat, forward, chatCaller, maxBodyBytes } = deps
    takeChatBodies(instance, { maxBodyBytes })

    instance.post<{ Body: KeptBody }>(completions, async (request, reply) => {
      const { bytes, json } = request.body
      const header = toolsModeOf(request)
      if (forward && header === 'off') return passOn(reply, forward, { path: completions, bytes })
      const asked = parseOpenAiRequest(json, { mode: header, defaultModel: chat.defaultModel })
      const isSide = isSideTask(asked.chat.messages, asked.chat.rest['format'])
      if (forward && isSide) return passOn(reply, forward, { path: completions, bytes })
      const turn = isSide ? { ...asked, chat: { ...asked.chat, mode: 'off' as const } } : asked
      const caller = chatCaller(request, reply)
      try {
        return await (turn.isStream ? answerPieces : answerWhole)(deps, turn, { request, reply, caller })
      } catch (error) {
        if (caller.gone.aborted) return reply.hijack() // nobody listens, and it is no fault
        throw error
      }
    })

    for (const path of forwardedPaths)
      instance.post<{ Body: KeptBody }>(path, async ({ body }, reply) => {
        if (!forward) throw new NotFoundError()
        return passOn(reply, forward, { path, bytes: body.bytes })
      })

    instance.register(openAiModelRoutes(deps))
  }

type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply; readonly caller: ChatCaller }

const headOf = ({ newId, clock }: OpenAiDeps, { chat }: OpenAiRequest): CompletionHead => ({
  id: `chatcmpl-${newId()}`,
  created: Math.floor(clock.nowMs() / 1_000),
  model: chat.model,
})

const refusalOf = (error: unknown, { request, reply }: Exchange): Refusal => {
  const refusal = toRefusal(error, { traceId: request.id, log: request.server.log })
  noteCode(reply, refusal.code)
  return refusal
}

/** The stream begins with the first thing that happens: until then an error still has a status. */
async function answerPieces(deps: OpenAiDeps, asked: OpenAiRequest, exchange: Exchange): Promise<FastifyReply> {
  const { reply, caller } = exchange
  const head = headOf(deps, asked)
  let stream: AnswerStream | undefined
  try {
    for await (const event of deps.chat.turn(asked.chat, caller)) {
      if (stream === undefined) {
        stream = openStream(reply, 'text/event-stream; charset=utf-8')
        await stream.write(openingEvent(head))
      }
      for (const text of encodeEvent(event, head, asked)) await stream.write(text)
      if (event.type !== 'end') continue
      stream.end()
      return reply
    }
    throw new LlmStreamCutError()
  } catch (error) {
    if (stream === undefined || caller.gone.aborted) throw error
    await stream.write(errorEvent(refusalOf(error, exchange)))
    stream.end()
    return reply
  }
}

/**
 * Once a write of ours has begun, a failure is told in the answer's text: clients repeat a request that got a 5xx, and
 * what was signed would be wished for again.
 */
async function answerWhole(deps: OpenAiDeps, asked: OpenAiRequest, exchange: Exchange): Promise<FastifyReply> {
  const { reply, caller } = exchange
  const head = headOf(deps, asked)
  const draft: CompletionDraft = { text: '', thinking: '', end: undefined }
  const signed = createSignedSoFar()
  try {
    for await (const event of deps.chat.turn(asked.chat, caller)) {
      if (event.type === 'text' || event.type === 'thinking') draft[event.type] += event.text
      signed.note(event)
      if (event.type !== 'end') continue
      draft.end = event
      break
    }
    if (draft.end === undefined) throw new LlmStreamCutError()
  } catch (error) {
    if (!signed.mayHaveSigned() || caller.gone.aborted) throw error
    const sentence = sentenceOf(refusalOf(error, exchange))
    draft.text += draft.text === '' ? sentence : `\n\n${sentence}`
  }
  return reply.send(toCompletion(head, draft, asked))
}
