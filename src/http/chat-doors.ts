import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import type { Chat, MayDecide } from '../chat/chat.ts'
import type { Clock, NewId } from '../core/clock.ts'
import type { Forward } from '../llm/language-model.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import type { ChatCallerOf } from './chat-caller.ts'
import { sendOllamaError } from './ollama/errors.ts'
import { generateRoutes } from './ollama/generate.ts'
import { ollamaRoutes } from './ollama/ollama.ts'
import type { ToolCards } from './ollama/tool-card.ts'
import { sendOpenAiError } from './openai/errors.ts'
import type { ListModels } from './openai/models.ts'
import { openAiRoutes } from './openai/openai.ts'
import type { Refusal } from './problem.ts'

/** What the chat's doors need beside what every door has. */
export type ChatSetup = {
  /** Made once, over the tools as doors let them begin. */
  openChat(tools: ToolCatalog, mayDecide: MayDecide): Chat
  /** The way to the model server as it is; undefined where that is no Ollama. */
  readonly forward: Forward | undefined
  readonly listModels: ListModels
  readonly allowAdmin: boolean
  readonly toolCards: ToolCards
}

/** Bodies of chats carry images. */
const maxBodyBytes = 10 * 1024 * 1024

type Send = (reply: FastifyReply, refusal: Refusal) => FastifyReply
type AnswerError = (send: Send) => (error: unknown, request: FastifyRequest, reply: FastifyReply) => void

export type ChatDoorsDeps = {
  readonly chat: Chat
  readonly setup: ChatSetup
  readonly chatCaller: ChatCallerOf
  readonly clock: Pick<Clock, 'nowMs'>
  readonly newId: NewId
  readonly answerError: AnswerError
}

/** The doors of the chat, each with errors in its own shape. */
export function registerChatDoors(
  instance: FastifyInstance,
  { chat, setup, chatCaller, clock, newId, answerError }: ChatDoorsDeps,
): void {
  const shared = { chat, chatCaller, clock, maxBodyBytes, forward: setup.forward }
  const { allowAdmin, toolCards, listModels } = setup
  const ollama = { ...shared, allowAdmin, toolCards, defaultModel: chat.defaultModel }
  const register = (send: Send, routes: FastifyPluginAsync) =>
    instance.register(async (scope) => {
      scope.setErrorHandler(answerError(send))
      scope.register(routes)
    })
  register(sendOllamaError, ollamaRoutes(ollama))
  register(sendOllamaError, generateRoutes(ollama))
  register(sendOpenAiError, openAiRoutes({ ...shared, listModels, newId }))
}
