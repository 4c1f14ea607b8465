import type { JsonObject } from '../core/json.ts'
import { member } from '../core/json.ts'
import { createCallFragments } from './_call-fragments.ts'
import { brokenOff } from './_refusal.ts'
import { createSseReader } from './_sse.ts'
import type { AnswerDecoder } from './_stream.ts'
import { noUsage } from './_usage.ts'
import { countMember, objectMember, objectsMember, parseWireObject } from './_wire-json.ts'
import { LlmStreamCutError } from './errors.ts'
import type { ModelEvent, ModelUsage } from './language-model.ts'

export type OpenAiAnswerOptions = {
  /** For calls that come without an id. */
  readonly newCallId: () => string
  /** From a tool's name on the wire to its own. */
  readonly decodeName: (name: string) => string
  /** Of one event, and of the arguments of all calls. */
  readonly maxBytes: number
  /** Cut out of the server's own words. */
  readonly secret: string | undefined
}

/**
 * Reads a stream of chat completion chunks. Calls are given when they are complete: at the finish reason, or at
 * `[DONE]`, which ends the answer. Source: openai-node src/resources/chat/completions/completions.ts.
 */
export function createOpenAiDecoder({ newCallId, decodeName, maxBytes, secret }: OpenAiAnswerOptions): AnswerDecoder {
  const events = createSseReader(maxBytes)
  const fragments = createCallFragments(newCallId, maxBytes)
  let usage: JsonObject = {}
  let finish: string | undefined
  let isOver = false

  const takeCalls = (): readonly ModelEvent[] =>
    fragments
      .take({ wasCut: finish === 'length' })
      .map((call) => ({ type: 'call', call: { ...call, name: decodeName(call.name) } }))
  const end = (): readonly ModelEvent[] => {
    isOver = true
    const reason = finish === 'length' ? 'length' : 'stop'
    return [...takeCalls(), { type: 'end', reason, usage: decodeUsage(usage), isPromptCut: false }]
  }
  const readChunk = (chunk: JsonObject): readonly ModelEvent[] => {
    const error = member(chunk, 'error') ?? null
    if (error !== null) throw brokenOff(error, secret)
    if (isGiven(chunk, 'usage')) usage = objectMember(chunk, 'usage')
    const choice = objectsMember(chunk, 'choices')[0]
    if (choice === undefined) return []
    const delta = objectMember(choice, 'delta')
    for (const fragment of objectsMember(delta, 'tool_calls')) fragments.add(fragment)
    const reason = member(choice, 'finish_reason')
    if (typeof reason !== 'string' || reason === '') return decodePieces(delta)
    finish = reason
    return [...decodePieces(delta), ...takeCalls()]
  }
  const readEvent = (data: string | undefined): readonly ModelEvent[] => {
    if (data === undefined || data.trim() === '') return []
    return data.trim() === '[DONE]' ? end() : readChunk(parseWireObject(data))
  }
  return {
    push: (line) => readEvent(events.push(line)),
    end() {
      const last = readEvent(events.end())
      if (isOver) return last
      if (finish === undefined) throw new LlmStreamCutError()
      return [...last, ...end()]
    },
    get isOver() {
      return isOver
    },
  }
}

const isGiven = (object: JsonObject, key: string): boolean => (member(object, key) ?? null) !== null

/** Ollama says `reasoning`, DeepSeek and vLLM `reasoning_content`; the protocol itself has no word for it. */
function decodePieces(delta: JsonObject): readonly ModelEvent[] {
  const thinking = textOf(delta, 'reasoning_content') || textOf(delta, 'reasoning')
  const text = textOf(delta, 'content')
  return [
    ...(thinking === '' ? [] : [{ type: 'thinking', text: thinking } as const]),
    ...(text === '' ? [] : [{ type: 'text', text } as const]),
  ]
}

/** Servers add members of their own to a delta, in shapes of their own: what is no text is not for the reader. */
const textOf = (delta: JsonObject, key: string): string => {
  const value = member(delta, key)
  return typeof value === 'string' ? value : ''
}

/** No durations on this wire; not every server tells what came from a cache. */
const decodeUsage = (usage: JsonObject): ModelUsage => {
  const details = objectMember(usage, 'prompt_tokens_details')
  return {
    ...noUsage,
    promptTokens: countMember(usage, 'prompt_tokens'),
    outputTokens: countMember(usage, 'completion_tokens'),
    ...(isGiven(details, 'cached_tokens') ? { cachedTokens: countMember(details, 'cached_tokens') } : {}),
  }
}
