import type { JsonObject } from '../core/json.ts'
import { member } from '../core/json.ts'
import { brokenOff } from './_refusal.ts'
import type { AnswerDecoder } from './_stream.ts'
import {
  assertShallow,
  countMember,
  decodeText,
  objectMember,
  objectsMember,
  parseWireObject,
  textMember,
} from './_wire-json.ts'
import { LlmBadResponseError, LlmStreamCutError } from './errors.ts'
import type { ModelEvent, ModelUsage, ToolCall } from './language-model.ts'

export type OllamaAnswerOptions = {
  /** For calls that come without an id. */
  readonly newCallId: () => string
  /** The context size in force, in tokens. */
  readonly contextSize: number
}

/**
 * Reads the lines of an answer of `/api/chat`. Calls come on lines of their own or on the last one, chosen per model:
 * both are read. Source: `ChatResponse` of Ollama api/types.go, llm/llama_server.go.
 */
export function createOllamaDecoder({ newCallId, contextSize }: OllamaAnswerOptions): AnswerDecoder {
  let isOver = false
  return {
    push(line) {
      const json = parseWireObject(decodeText(line))
      const error = member(json, 'error') ?? null
      if (error !== null) throw brokenOff(error)
      isOver = member(json, 'done') === true
      const message = objectMember(json, 'message')
      const calls = objectsMember(message, 'tool_calls').map((call) => decodeCall(call, newCallId))
      const pieces = decodePieces(json, message, { line, isPlain: !isOver && calls.length === 0 })
      if (!isOver && calls.length === 0) return pieces // nearly every line of an answer
      const called = calls.map((call): ModelEvent => ({ type: 'call', call }))
      return [...pieces, ...called, ...(isOver ? [decodeEnd(json, contextSize)] : [])]
    },
    end() {
      throw new LlmStreamCutError()
    },
    get isOver() {
      return isOver
    },
  }
}

/** Reasoning and text, in this order; a line that says just one of them goes along as it is. */
function decodePieces(
  json: JsonObject,
  message: JsonObject,
  { line, isPlain }: { readonly line: Uint8Array; readonly isPlain: boolean },
): readonly ModelEvent[] {
  const thinking = textMember(message, 'thinking')
  const text = textMember(message, 'content')
  if (thinking !== '' && text !== '')
    return [
      { type: 'thinking', text: thinking },
      { type: 'text', text },
    ]
  const piece: ModelEvent | undefined = thinking === '' ? { type: 'text', text } : { type: 'thinking', text: thinking }
  if (isPlain && (piece.text !== '' || hasLogprobs(json))) return [{ ...piece, line }]
  return piece.text === '' ? [] : [piece]
}

/** A token may have probabilities and no text of its own yet: half a character. */
const hasLogprobs = (json: JsonObject): boolean => objectsMember(json, 'logprobs').length > 0

/** @throws LlmBadResponseError for a call without a name */
function decodeCall(call: JsonObject, newCallId: () => string): ToolCall {
  const called = objectMember(call, 'function')
  const name = textMember(called, 'name')
  if (name === '') throw new LlmBadResponseError('The model wrote a call without a name.', { isCall: true })
  const args = member(called, 'arguments') ?? {}
  assertShallow(args)
  return { id: textMember(call, 'id') || newCallId(), name, arguments: args }
}

/** A prompt this near to its bound was probably cut, from the front. */
const brimful = 0.9

function decodeEnd(json: JsonObject, contextSize: number): ModelEvent {
  const usage: ModelUsage = {
    promptTokens: countMember(json, 'prompt_eval_count'),
    outputTokens: countMember(json, 'eval_count'),
    loadNs: countMember(json, 'load_duration'),
    promptNs: countMember(json, 'prompt_eval_duration'),
    outputNs: countMember(json, 'eval_duration'),
  }
  const isPromptCut = usage.promptTokens >= brimful * contextSize
  return { type: 'end', reason: textMember(json, 'done_reason') || 'stop', usage, isPromptCut }
}
