import type { JsonObject } from '../core/json.ts'
import { member } from '../core/json.ts'
import type { BlockOptions } from './_anthropic-blocks.ts'
import { createBlocks } from './_anthropic-blocks.ts'
import { toCarry } from './_anthropic-carry.ts'
import { brokenOff } from './_refusal.ts'
import { createSseReader } from './_sse.ts'
import type { AnswerDecoder } from './_stream.ts'
import { addUsage, noUsage } from './_usage.ts'
import { countMember, objectMember, parseWireObject, textMember } from './_wire-json.ts'
import { LlmBadResponseError, LlmContextOverflowError, LlmRefusedError, LlmStreamCutError } from './errors.ts'
import type { ModelEvent, ModelUsage } from './language-model.ts'

export type AnthropicAnswerOptions = BlockOptions & {
  /** Cut out of the server's own words. */
  readonly secret: string | undefined
  /** What came before the model paused in this turn. */
  readonly before?: Paused | undefined
}

/** A turn that is not over: its blocks so far go up again as they came. */
export type Paused = { readonly blocks: readonly JsonObject[]; readonly usage: ModelUsage }

/** `paused` is there when the answer is over and its turn is not; no `end` was given then. */
export type AnthropicDecoder = AnswerDecoder & { readonly paused: Paused | undefined }

/**
 * Reads a stream of the Messages API. A call is given when its block is complete, while the answer goes on. Events and
 * blocks that are not known are skipped: the protocol says that there will be more.
 * Source: anthropic-sdk-typescript src/resources/messages/messages.ts.
 */
export function createAnthropicDecoder(options: AnthropicAnswerOptions): AnthropicDecoder {
  const { maxBytes, secret, before } = options
  const lines = createSseReader(maxBytes)
  const blocks = createBlocks(options)
  let told: JsonObject = {}
  let stopReason = ''
  let isOver = false
  let paused: Paused | undefined

  const end = (): readonly ModelEvent[] => {
    isOver = true
    const all = [...(before?.blocks ?? []), ...blocks.all()]
    // Each part of a turn that paused was asked, and paid for, with the whole prompt.
    const usage = addUsage(before?.usage ?? noUsage, decodeUsage(told))
    if (stopReason === 'pause_turn') {
      if (!blocks.isWhole)
        throw new LlmBadResponseError('The model paused in an answer that is too long to go on with.')
      paused = { blocks: all, usage }
      return []
    }
    const carry = toCarry(all)
    const reason = stopReason === 'max_tokens' ? 'length' : 'stop'
    return [{ type: 'end', reason, usage, isPromptCut: false, ...(carry === undefined ? {} : { carry }) }]
  }
  const stop = (event: JsonObject): readonly ModelEvent[] => {
    tell(objectMember(event, 'usage'))
    stopReason = textMember(objectMember(event, 'delta'), 'stop_reason') || stopReason
    if (stopReason === 'refusal') throw new LlmRefusedError(200, 'The model declined to answer this.')
    if (stopReason === 'model_context_window_exceeded') throw new LlmContextOverflowError()
    return blocks.release({ wasCut: stopReason === 'max_tokens' })
  }
  /** Counts grow from event to event; the last word stands. */
  const tell = (usage: JsonObject): void => {
    const given = Object.entries(usage).filter(([, count]) => count !== null)
    told = { ...told, ...Object.fromEntries(given) }
  }
  const readEvent = (data: string | undefined): readonly ModelEvent[] => {
    if (data === undefined || data.trim() === '') return []
    const event = parseWireObject(data)
    switch (member(event, 'type')) {
      case 'message_start':
        tell(objectMember(objectMember(event, 'message'), 'usage'))
        return []
      case 'content_block_start':
        return blocks.begin(objectMember(event, 'content_block'))
      case 'content_block_delta':
        return blocks.extend(objectMember(event, 'delta'))
      case 'content_block_stop':
        return blocks.complete()
      case 'message_delta':
        return stop(event)
      case 'message_stop':
        return end()
      case 'error':
        throw brokenOff(member(event, 'error') ?? null, secret)
      default:
        return []
    }
  }
  return {
    push: (line) => readEvent(lines.push(line)),
    end() {
      const last = readEvent(lines.end())
      if (isOver) return last
      if (stopReason === '') throw new LlmStreamCutError()
      return [...last, ...end()]
    },
    get isOver() {
      return isOver
    },
    get paused() {
      return paused
    },
  }
}

/** What was read from a cache or written into one is counted apart, and is part of the prompt all the same. */
function decodeUsage(told: JsonObject): ModelUsage {
  const read = countMember(told, 'cache_read_input_tokens')
  const prompt = countMember(told, 'input_tokens') + countMember(told, 'cache_creation_input_tokens') + read
  const isCacheTold = member(told, 'cache_read_input_tokens') !== undefined
  return {
    ...noUsage,
    promptTokens: prompt,
    outputTokens: countMember(told, 'output_tokens'),
    ...(isCacheTold ? { cachedTokens: read } : {}),
  }
}
