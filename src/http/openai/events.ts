import type { JsonObject } from '../../core/json.ts'
import type { ToolCall } from '../../llm/language-model.ts'
import type { TurnEvent } from '../../llm/turn.ts'
import { pieces } from '../pieces.ts'
import type { Refusal } from '../problem.ts'
import type { CompletionHead, CompletionOptions } from './completion.ts'
import { argumentsText, finishReasonOf, handedOver, usageOf } from './completion.ts'
import { toOpenAiError } from './errors.ts'

/** How a stream is told. */
export type EventOptions = CompletionOptions & { readonly wantsUsage: boolean }

/** The first event: it carries the role. */
export const openingEvent = (head: CompletionHead): string => chunk(head, { role: 'assistant', content: '' })

/**
 * An event of a turn as server-sent events, none or several of them. What our own tools do is a comment: a client that
 * read of a call would run it too.
 * @see WHATWG HTML, server-sent events; openai-node …/completions.ts, ChatCompletionChunk
 */
export function* encodeEvent(event: TurnEvent, head: CompletionHead, options: EventOptions): Generator<string> {
  switch (event.type) {
    case 'text':
      for (const content of pieces(event.text)) yield chunk(head, { content })
      return
    case 'thinking':
      for (const piece of pieces(event.text)) yield chunk(head, { reasoning_content: piece })
      return
    case 'call':
      yield comment(`tool ${event.call.name}`)
      return
    case 'heartbeat':
      yield comment('ping')
      return
    case 'result':
      return
    case 'end':
      for (const [index, call] of handedOver(event, options).entries()) yield* callEvents(head, index, call)
      yield chunk(head, {}, finishReasonOf(event.finish))
      if (options.wantsUsage) yield sse({ ...base(head), choices: [], usage: usageOf(event.usage) })
      yield 'data: [DONE]\n\n'
  }
}

/** The last event of a stream that broke off: no `[DONE]` follows. */
export const errorEvent = (refusal: Refusal): string => sse(toOpenAiError(refusal))

/** The name first, then the arguments in fragments, as OpenAI does it. Each call has an index of its own. */
function* callEvents(head: CompletionHead, index: number, call: ToolCall): Generator<string> {
  const { id, name } = call
  yield chunk(head, { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] })
  for (const piece of pieces(argumentsText(call)))
    yield chunk(head, { tool_calls: [{ index, function: { arguments: piece } }] })
}

const base = ({ id, created, model }: CompletionHead): JsonObject => ({
  id,
  object: 'chat.completion.chunk',
  created,
  model,
})

const chunk = (head: CompletionHead, delta: JsonObject, finishReason: string | null = null): string =>
  sse({ ...base(head), choices: [{ index: 0, delta, finish_reason: finishReason }] })

const sse = (value: JsonObject): string => `data: ${JSON.stringify(value)}\n\n`

/** A model may have made up the name: whatever could end the line is left out. */
const comment = (text: string): string => `: ${text.replaceAll(/[^\x20-\x7e]/g, '').slice(0, 100)}\n\n`
