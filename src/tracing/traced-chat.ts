import type { Attributes } from '@opentelemetry/api'
import type { Chat } from '../chat/chat.ts'
import type { LanguageModel, ModelUsage } from '../llm/language-model.ts'
import type { TurnFinish } from '../llm/turn.ts'
import type { Spans } from './_spans.ts'
import { watchStream } from './_stream.ts'

/** Turns that ended because they could not go on. */
const failed: readonly TurnFinish[] = ['rounds', 'time', 'stuck']

/** The same chat; each turn is a step `chat`, and what it asks of the model and the tools are parts of it. */
export const traceChat = (chat: Chat, spans: Spans): Chat => ({
  ...chat,
  turn: (request, caller) =>
    watchStream(() => chat.turn(request, caller), {
      begin: () =>
        spans.begin(caller.traceId, {
          name: 'chat',
          attributes: { 'gen_ai.request.model': request.model, 'otto.tools': request.mode },
        }),
      note(step, event) {
        if (event.type !== 'end') return
        const { finish, usage } = event
        step.set({ 'otto.finish': finish, 'otto.rounds': usage.rounds, ...tokensOf(usage) })
        if (failed.includes(finish)) step.fail(finish)
      },
      isGone: () => caller.gone.aborted,
    }),
})

/** The same model; each question is a step `model`. */
export const traceModel = (model: LanguageModel, spans: Spans): LanguageModel => ({
  ...model,
  chat: (request, options) =>
    watchStream(() => model.chat(request, options), {
      begin: () =>
        spans.beginPart({
          name: 'model',
          isClient: true,
          attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': request.model },
        }),
      note(step, event) {
        if (event.type === 'end')
          step.set({ 'gen_ai.response.finish_reasons': [event.reason], ...tokensOf(event.usage) })
      },
      isGone: () => options.signal.aborted,
    }),
})

/** @see OpenTelemetry semantic conventions, generative AI: spans */
const tokensOf = ({ promptTokens, outputTokens }: ModelUsage): Attributes => ({
  'gen_ai.usage.input_tokens': promptTokens,
  'gen_ai.usage.output_tokens': outputTokens,
})
