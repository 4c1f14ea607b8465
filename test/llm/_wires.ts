import type { JsonObject } from '../../src/core/json.ts'
import { createAnthropic } from '../../src/llm/anthropic.ts'
import type { LanguageModel, OnTransient } from '../../src/llm/language-model.ts'
import { createOllama } from '../../src/llm/ollama.ts'
import { createOpenAi } from '../../src/llm/openai.ts'
import { systemClock } from '../../src/system.ts'

export type WireOptions = {
  readonly limits?: { readonly firstByteMs?: number; readonly idleMs?: number; readonly maxLineBytes?: number }
  readonly clock?: typeof systemClock
  readonly onTransient?: OnTransient
}

/** A wire as a model server writes it, and the adapter that reads it. */
export type Wire = {
  readonly name: string
  readonly open: (url: string, options?: WireOptions) => LanguageModel
  readonly path: string
  readonly pingPath: string
  readonly text: (text: string) => string
  readonly thinking: (text: string) => string
  readonly call: (call: { id?: string; name: string; args?: JsonObject }, index?: number) => string
  readonly end: (reason?: 'stop' | 'length') => string
  readonly error: (words: string) => string
  /** The body of an answer that refuses. */
  readonly refusal: (words: string) => string
  /** What `end` costs. */
  readonly usage: { readonly promptTokens: number; readonly outputTokens: number }
}

const random = () => 0.5

const line = (value: JsonObject): string =>
  `${JSON.stringify({ model: 'llama3.2', created_at: '2026-11-21T09:00:00.100000000Z', ...value })}\n`
const message = (value: JsonObject): string =>
  line({ message: { role: 'assistant', content: '', ...value }, done: false })

export const ollamaWire: Wire = {
  name: 'Ollama',
  open: (url, { limits = {}, clock = systemClock, ...rest } = {}) =>
    createOllama({ url, numCtx: 8192, clock, random, limits, ...rest }),
  path: '/api/chat',
  pingPath: '/api/version',
  text: (content) => message({ content }),
  thinking: (thinking) => message({ thinking }),
  call: ({ id, name, args }, index = 0) =>
    message({
      tool_calls: [
        {
          ...(id === undefined ? {} : { id }),
          function: { index, name, ...(args === undefined ? {} : { arguments: args }) },
        },
      ],
    }),
  end: (reason = 'stop') =>
    line({
      message: { role: 'assistant', content: '' },
      done: true,
      done_reason: reason,
      total_duration: 910_000_000,
      prompt_eval_count: 412,
      eval_count: 9,
    }),
  error: (words) => `${JSON.stringify({ error: words })}\n`,
  refusal: (words) => JSON.stringify({ error: words }),
  usage: { promptTokens: 412, outputTokens: 9 },
}

const event = (value: JsonObject): string =>
  `data: ${JSON.stringify({ id: 'chatcmpl-01JD0', object: 'chat.completion.chunk', created: 1, model: 'm', ...value })}\n\n`

/** One chunk of a completion. */
export const delta = (value: JsonObject, finish: string | null = null): string =>
  event({ choices: [{ index: 0, delta: value, finish_reason: finish }] })

/** The chunk that tells what it cost. */
export const usageChunk = event({
  choices: [],
  usage: { prompt_tokens: 412, completion_tokens: 9, total_tokens: 421 },
})

export const done = 'data: [DONE]\n\n'

export const openAiWire: Wire = {
  name: 'OpenAI',
  open: (url, { limits = {}, clock = systemClock, ...rest } = {}) =>
    createOpenAi({ url: `${url}/v1`, apiKey: 'sk-test-key', clock, random, limits, ...rest }),
  path: '/v1/chat/completions',
  pingPath: '/v1/models',
  text: (content) => delta({ content }),
  thinking: (reasoning_content) => delta({ reasoning_content }),
  call: ({ id, name, args }, index = 0) =>
    delta({
      tool_calls: [
        {
          index,
          ...(id === undefined ? {} : { id }),
          type: 'function',
          function: { name, ...(args === undefined ? {} : { arguments: JSON.stringify(args) }) },
        },
      ],
    }),
  end: (reason = 'stop') => delta({}, reason) + usageChunk + done,
  error: (words) => `data: ${JSON.stringify({ error: { message: words, type: 'api_error' } })}\n\n`,
  refusal: (words) => JSON.stringify({ error: { message: words, type: 'api_error', code: null } }),
  usage: { promptTokens: 412, outputTokens: 9 },
}

/** An event as the Messages API writes it. */
export const named = (value: JsonObject & { readonly type: string }): string =>
  `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`

/** One block, whole: its beginning, its deltas, its end. */
export const block = (begin: JsonObject, ...deltas: readonly JsonObject[]): string =>
  [
    named({ type: 'content_block_start', index: 0, content_block: begin }),
    ...deltas.map((one) => named({ type: 'content_block_delta', index: 0, delta: one })),
    named({ type: 'content_block_stop', index: 0 }),
  ].join('')

/** Why an answer stops, and its end. */
export const stopped = (reason: string, usage: JsonObject = {}): string =>
  named({ type: 'message_delta', delta: { stop_reason: reason, stop_sequence: null }, usage }) +
  named({ type: 'message_stop' })

export const anthropicWire: Wire = {
  name: 'Anthropic',
  open: (url, { limits = {}, clock = systemClock, ...rest } = {}) =>
    createAnthropic({ url, apiKey: 'sk-test-key', clock, random, limits, ...rest }),
  path: '/v1/messages',
  pingPath: '/v1/models',
  text: (text) => block({ type: 'text', text: '' }, { type: 'text_delta', text }),
  thinking: (thinking) =>
    block({ type: 'thinking', thinking: '', signature: '' }, { type: 'thinking_delta', thinking }),
  call: ({ id, name, args }) =>
    block(
      { type: 'tool_use', ...(id === undefined ? {} : { id }), name, input: {} },
      { type: 'input_json_delta', partial_json: '' },
      ...(args === undefined ? [] : [{ type: 'input_json_delta', partial_json: JSON.stringify(args) }]),
    ),
  end: (reason = 'stop') =>
    stopped(reason === 'stop' ? 'end_turn' : 'max_tokens', { input_tokens: 412, output_tokens: 9 }),
  error: (words) => named({ type: 'error', error: { type: 'api_error', message: words } }),
  refusal: (words) =>
    JSON.stringify({ type: 'error', error: { type: 'api_error', message: words }, request_id: 'req_1' }),
  usage: { promptTokens: 412, outputTokens: 9 },
}

/** All of them. */
export const wires: readonly Wire[] = [ollamaWire, openAiWire, anthropicWire]

/** The machine's time, but pauses are twenty times shorter; `sleptMs` tells them as they were asked for. */
export function createHastyClock(): typeof systemClock & { readonly sleptMs: readonly number[] } {
  const sleptMs: number[] = []
  return {
    ...systemClock,
    sleptMs,
    sleep(ms, signal) {
      sleptMs.push(ms)
      return systemClock.sleep(ms / 20, signal)
    },
  }
}
