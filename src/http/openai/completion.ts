import type { JsonObject } from '../../core/json.ts'
import type { ToolCall } from '../../llm/language-model.ts'
import type { TurnEvent, TurnFinish, TurnUsage } from '../../llm/turn.ts'

/** What every piece of one answer says alike. `created` is in seconds since the Unix epoch. */
export type CompletionHead = { readonly id: string; readonly created: number; readonly model: string }

/** How an answer is told. */
export type CompletionOptions = {
  /** At most one of the caller's tools is called. */
  readonly isOneCallOnly: boolean
}

type End = Extract<TurnEvent, { type: 'end' }>

/** OpenAI's word for an end. A bound of ours is no `length`: clients would offer to go on and play everything again. */
export const finishReasonOf = (finish: TurnFinish): string =>
  finish === 'handover' ? 'tool_calls' : finish === 'length' ? 'length' : 'stop'

/** What the whole turn cost, all its rounds together. */
export const usageOf = ({ promptTokens, outputTokens }: TurnUsage): JsonObject => ({
  prompt_tokens: promptTokens,
  completion_tokens: outputTokens,
  total_tokens: promptTokens + outputTokens,
})

/** The calls that the caller is to run. */
export const handedOver = ({ handover }: End, { isOneCallOnly }: CompletionOptions): readonly ToolCall[] =>
  isOneCallOnly ? handover.slice(0, 1) : handover

/** Arguments are text on this wire, and may be what the model wrote. */
export const argumentsText = ({ arguments: args }: ToolCall): string =>
  typeof args === 'string' ? args : JSON.stringify(args)

/** What a turn has said so far, for an answer in one piece. */
export type CompletionDraft = { text: string; thinking: string; end: End | undefined }

/**
 * The answer in one piece. A draft without an end is one that broke off.
 * @see openai-node src/resources/chat/completions/completions.ts, ChatCompletion
 */
export function toCompletion(
  head: CompletionHead,
  { text, thinking, end }: CompletionDraft,
  options: CompletionOptions,
): JsonObject {
  const calls = end === undefined ? [] : handedOver(end, options)
  const message: JsonObject = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(thinking === '' ? {} : { reasoning_content: thinking }),
    ...(calls.length > 0 ? { tool_calls: calls.map(toWireCall) } : {}),
  }
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [{ index: 0, message, finish_reason: finishReasonOf(end?.finish ?? 'stop') }],
    ...(end === undefined ? {} : { usage: usageOf(end.usage) }),
  }
}

const toWireCall = (call: ToolCall): JsonObject => ({
  id: call.id,
  type: 'function',
  function: { name: call.name, arguments: argumentsText(call) },
})
