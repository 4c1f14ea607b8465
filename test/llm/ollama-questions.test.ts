import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { ChatMessage, ModelRequest } from '../../src/llm/language-model.ts'
import type { OllamaModel } from '../../src/llm/ollama.ts'
import { createOllama } from '../../src/llm/ollama.ts'
import { systemClock } from '../../src/system.ts'
import { collect, forever, question } from './_questions.ts'
import type { Started } from './_started.ts'
import { startWith, useRealSockets } from './_started.ts'
import { ollamaWire } from './_wires.ts'
import type { Script } from './upstream.ts'

useRealSockets()

const start = (
  answer: Script | readonly Script[],
  { clock = systemClock, path = '' } = {},
): Promise<Started<OllamaModel>> =>
  startWith(answer, (url) => createOllama({ url: url + path, numCtx: 8192, clock, random: () => 0.5 }))

/** What goes up for this question. */
async function bodyOf(over: Partial<ModelRequest>): Promise<JsonObject> {
  await using started = await start({ steps: [ollamaWire.end()] })
  await collect(started.model.chat(question(over), { signal: forever }))
  return JSON.parse((await started.upstream.request()).body)
}

describe('the question', () => {
  test('is what the caller said, streaming, with our context size', async () => {
    const rest = { keep_alive: '30m', think: 'low', format: { type: 'object' }, options: { temperature: 0.2 } }
    expect(await bodyOf({ rest })).toEqual({
      ...rest,
      options: { temperature: 0.2, num_ctx: 8192 },
      model: 'llama3.2',
      stream: true,
      messages: [{ role: 'user', content: 'Put X in the centre.' }],
    })
  })

  test.each<{ name: string; rest: JsonObject; options: unknown }>([
    { name: 'none', rest: {}, options: { num_ctx: 8192 } },
    { name: 'null for all options', rest: { options: null }, options: { num_ctx: 8192 } },
    { name: 'null', rest: { options: { num_ctx: null, seed: 1 } }, options: { num_ctx: 8192, seed: 1 } },
    { name: 'a smaller one', rest: { options: { num_ctx: 2048 } }, options: { num_ctx: 2048 } },
    { name: 'a bigger one', rest: { options: { num_ctx: 32768 } }, options: { num_ctx: 32768 } },
    { name: 'options that are none', rest: { options: 'fast' }, options: 'fast' },
  ])('the context size of a caller who names $name', async ({ rest, options }) => {
    expect(await bodyOf({ rest })).toMatchObject({ options })
  })

  test('what a caller may not decide is not taken from it', async () => {
    const rest = { stream: false, model: 'other', messages: [], tools: [{ type: 'function' }] }
    const body = await bodyOf({ rest })
    expect(body).toMatchObject({ stream: true, model: 'llama3.2', messages: [{ role: 'user' }] })
    expect(body).not.toHaveProperty('tools')
  })

  test('no messages: the model is loaded', async () => {
    await using started = await start({ steps: ['{"done":true,"done_reason":"load"}'] })
    const request = question({ messages: [], rest: { keep_alive: '5m' } })
    const usage = { promptTokens: 0, outputTokens: 0, loadNs: 0, promptNs: 0, outputNs: 0 }
    expect(await collect(started.model.chat(request, { signal: forever }))).toEqual([
      { type: 'end', reason: 'load', usage, isPromptCut: false },
    ])
    expect(JSON.parse((await started.upstream.request()).body)).toMatchObject({ messages: [], keep_alive: '5m' })
  })

  test('keeps the path in front', async () => {
    await using started = await start({ steps: [ollamaWire.end()] }, { path: '/ollama/' })
    await collect(started.model.chat(question(), { signal: forever }))
    expect((await started.upstream.request()).path).toBe('/ollama/api/chat')
  })

  const call = { id: 'call_1', name: 'ttt_make_move', arguments: { cell: 4 } }
  const called: ChatMessage = { role: 'assistant', content: '', toolCalls: [call] }

  test('says images, reasoning and calls in the words of Ollama', async () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'You are Otto.' },
      { role: 'user', content: 'Look.', images: ['aGVsbG8='] },
      { ...called, thinking: 'Hm.' },
      { role: 'tool', content: '{"turn":"O"}', toolCallId: 'call_1' },
    ]
    expect(await bodyOf({ messages })).toMatchObject({
      messages: [
        { role: 'system', content: 'You are Otto.' },
        { role: 'user', content: 'Look.', images: ['aGVsbG8='] },
        {
          role: 'assistant',
          content: '',
          thinking: 'Hm.',
          tool_calls: [{ id: 'call_1', function: { index: 0, name: 'ttt_make_move', arguments: { cell: 4 } } }],
        },
        { role: 'tool', content: '{"turn":"O"}', tool_name: 'ttt_make_move', tool_call_id: 'call_1' },
      ],
    })
  })

  const state = { id: 'call_2', name: 'ttt_get_state', arguments: {} }

  test.each<{ name: string; answers: Partial<ChatMessage>[]; told: [string | undefined, string | undefined][] }>([
    {
      name: 'ids alone',
      answers: [{ toolCallId: 'call_2' }, { toolCallId: 'call_1' }],
      told: [
        ['ttt_get_state', 'call_2'],
        ['ttt_make_move', 'call_1'],
      ],
    },
    {
      name: 'names alone',
      answers: [{ toolName: 'ttt_get_state' }, { toolName: 'ttt_make_move' }],
      told: [
        ['ttt_get_state', 'call_2'],
        ['ttt_make_move', 'call_1'],
      ],
    },
    {
      name: 'neither',
      answers: [{}, {}],
      told: [
        ['ttt_make_move', 'call_1'],
        ['ttt_get_state', 'call_2'],
      ],
    },
    { name: 'an id that nobody gave', answers: [{ toolCallId: 'call_9' }], told: [[undefined, 'call_9']] },
    { name: 'a name that nobody called', answers: [{ toolName: 'weather' }], told: [['weather', undefined]] },
  ])('tool messages with $name', async ({ answers, told }) => {
    const messages: ChatMessage[] = [
      { ...called, toolCalls: [call, state] },
      ...answers.map((answer): ChatMessage => ({ role: 'tool', content: '{}', ...answer })),
    ]
    const body = await bodyOf({ messages })
    const sent = (body['messages'] as JsonObject[]).slice(1) // `messages` is a list of objects
    expect(sent.map((message) => [message['tool_name'], message['tool_call_id']])).toEqual(told)
  })

  test('two calls of one tool are answered in order when only its name is told', async () => {
    const again = { ...call, id: 'call_2' }
    const answer: ChatMessage = { role: 'tool', content: '{}', toolName: 'ttt_make_move' }
    const body = await bodyOf({ messages: [{ ...called, toolCalls: [call, again] }, answer, answer] })
    expect(body).toMatchObject({ messages: [{}, { tool_call_id: 'call_1' }, { tool_call_id: 'call_2' }] })
  })

  test.each<{ name: string; args: JsonObject | string | null; object: JsonObject }>([
    { name: 'an object', args: { cell: 4 }, object: { cell: 4 } },
    { name: 'the text of one', args: '{"cell":4}', object: { cell: 4 } },
    { name: 'a text that can be repaired', args: "{cell: 4, player: 'X',}", object: { cell: 4, player: 'X' } },
    { name: 'an empty text', args: '', object: {} },
    { name: 'prose', args: 'the centre', object: {} },
    { name: 'a list', args: '[4]', object: {} },
    { name: 'a forbidden name', args: '{"__proto__":{"cell":4}}', object: {} },
    { name: 'a deep text', args: '{"a":'.repeat(100_000), object: {} },
    { name: 'null', args: null, object: {} },
  ])('earlier arguments that are $name go up as an object', async ({ args, object }) => {
    const body = await bodyOf({ messages: [{ ...called, toolCalls: [{ ...call, arguments: args }] }] })
    expect(body).toMatchObject({ messages: [{ tool_calls: [{ function: { arguments: object } }] }] })
    expect(JSON.stringify(body)).toContain(`"arguments":${JSON.stringify(object)}`)
  })
})
