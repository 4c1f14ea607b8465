import type { Clock, NewId } from '../core/clock.ts'
import type { JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { ChatMessage, LanguageModel, ModelEvent, ModelRequest } from '../llm/language-model.ts'
import { writeCall } from './conversation.ts'
import { piecesOf, tokensOf } from './lines.ts'
import type { ScriptedModel } from './model.ts'
import { WireMessage } from './wire.ts'

export type ScriptedLanguageModelOptions = {
  readonly model: ScriptedModel
  /** Names the calls. */
  readonly newId: NewId
  readonly clock: Pick<Clock, 'sleep'>
  /** Before each piece of an answer. */
  readonly delayMs?: number
}

/** A script has no context; with this one, callers that plan by it have something to plan with. Tokens. */
const contextLength = 32_768

/**
 * The script as a model in this process: no server, no key, whatever model is named. Text comes word by word, thinking
 * only where the caller asked for it; tokens are counted as four characters each.
 */
export function createScriptedLanguageModel(options: ScriptedLanguageModelOptions): LanguageModel {
  return {
    chat: (request, { signal }) => answer(request, signal, options),
    capabilities: async () => ({ tools: true, contextLength }),
    ping: async ({ signal }) => signal.throwIfAborted(),
    close: async () => {},
  }
}

async function* answer(
  request: ModelRequest,
  signal: AbortSignal,
  { model, newId, clock, delayMs = 0 }: ScriptedLanguageModelOptions,
): AsyncGenerator<ModelEvent, void, undefined> {
  const { messages, tools, rest } = request
  const say = model.answer({
    messages: messages.map(toWire),
    tools: tools.map(({ name }) => name),
    format: member(rest, 'format'),
  })
  const isCalling = say.callsAs === 'calls'
  const all = piecesOf([say.text, ...(isCalling ? [] : say.calls.map(writeCall))].filter(Boolean).join('\n\n'))
  const pieces = all.slice(0, limitOf(member(rest, 'options')))
  const thinking = member(rest, 'think') ? piecesOf(say.thinking) : []
  const calls = isCalling ? say.calls : []
  const events: readonly ModelEvent[] = [
    ...thinking.map((text) => ({ type: 'thinking', text }) as const),
    ...pieces.map((text) => ({ type: 'text', text }) as const),
    ...calls.map(({ name, args }) => ({ type: 'call', call: { id: callId(newId), name, arguments: args } }) as const),
  ]
  for (const event of events) {
    if (delayMs > 0) await clock.sleep(delayMs, signal)
    signal.throwIfAborted()
    yield event
  }
  signal.throwIfAborted()
  const promptTokens = tokensOf(JSON.stringify([messages, tools]))
  const outputTokens = thinking.length + pieces.length + (calls.length > 0 ? tokensOf(JSON.stringify(calls)) : 0)
  const usage = { promptTokens, outputTokens, loadNs: 0, promptNs: 0, outputNs: 0 }
  yield { type: 'end', reason: pieces.length < all.length ? 'length' : 'stop', usage, isPromptCut: false }
}

const callId = (newId: NewId): string => `call_${newId().replaceAll('-', '').slice(0, 8)}`

/** Pieces that may be said. */
function limitOf(options: JsonValue | undefined): number {
  const limit = isJsonObject(options) ? member(options, 'num_predict') : undefined
  return typeof limit === 'number' && limit > 0 ? Math.floor(limit) : Number.POSITIVE_INFINITY
}

const toWire = ({ toolCalls = [], toolName, toolCallId, ...message }: ChatMessage): WireMessage =>
  WireMessage.parse({
    ...message,
    tool_calls: toolCalls.map(({ id, name, arguments: args }) => ({
      id,
      function: { name, arguments: isJsonObject(args) ? args : {} },
    })),
    tool_name: toolName,
    tool_call_id: toolCallId,
  })
