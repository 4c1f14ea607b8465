import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { createAnthropic } from '../../src/llm/anthropic.ts'
import type { ChatMessage, ModelEvent, ModelRequest } from '../../src/llm/language-model.ts'
import { createTurnRunner } from '../../src/llm/loop.ts'
import { systemClock } from '../../src/system.ts'
import { collect, collectUntilFailure, forever, moveTool, question } from './_questions.ts'
import { bench, ok } from './_scripted.ts'
import { startWith, useRealSockets } from './_started.ts'
import { anthropicWire, block, named, stopped } from './_wires.ts'
import type { Script } from './upstream.ts'

useRealSockets()

const apiKey = 'sk-ant-0123456789'
const start = (answer: Script | readonly Script[], limits = {}) =>
  startWith(answer, (url) => createAnthropic({ url, apiKey, clock: systemClock, random: () => 0.5, limits }))

async function read(...steps: readonly string[]): Promise<ModelEvent[]> {
  await using started = await start({ steps })
  return await collect(started.model.chat(question(), { signal: forever }))
}

/** The body that a question becomes. */
async function bodyOf(over: Partial<ModelRequest>): Promise<JsonObject> {
  await using started = await start({ steps: [stopped('end_turn')] })
  await collect(started.model.chat(question(over), { signal: forever }))
  return JSON.parse((await started.upstream.request()).body)
}

const recorded = (name: string): string =>
  readFileSync(new URL(`../vectors/llm/anthropic-${name}.txt`, import.meta.url), 'utf8')

const usage = { promptTokens: 0, outputTokens: 0, loadNs: 0, promptNs: 0, outputNs: 0 }
const end = { type: 'end', reason: 'stop', usage, isPromptCut: false }
const toolUse = (id: string, ...pieces: readonly string[]): string =>
  block(
    { type: 'tool_use', id, name: 't', input: {} },
    ...pieces.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
  )
const callEvent = (id: string, args: JsonValue) => ({ type: 'call', call: { id, name: 't', arguments: args } })

describe('the question', () => {
  test('goes up with the key and the version', async () => {
    await using started = await start({ steps: [stopped('end_turn')] })
    await collect(started.model.chat(question(), { signal: forever }))
    const { method, path, headers, body } = await started.upstream.request()
    expect([method, path]).toEqual(['POST', '/v1/messages'])
    expect(headers).toMatchObject({ 'x-api-key': apiKey, 'anthropic-version': '2023-06-01' })
    expect(JSON.parse(body)).toEqual({
      model: 'llama3.2',
      stream: true,
      max_tokens: 4096,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Put X in the centre.' }] }],
    })
  })

  test('without messages is none', async () => {
    await using started = await start({ steps: [] })
    const events = await collect(started.model.chat(question({ messages: [] }), { signal: forever }))
    expect(events).toEqual([{ ...end, reason: 'load' }])
    expect(started.upstream.requests).toEqual([])
  })

  test('what the system says is a field, wherever it stood', async () => {
    const messages: ChatMessage[] = [
      { role: 'system', content: 'You are Otto.' },
      { role: 'user', content: 'Hi.' },
      { role: 'system', content: 'The board is empty.' },
      { role: 'system', content: ' ' },
    ]
    expect(await bodyOf({ messages })).toMatchObject({
      system: 'You are Otto.\n\nThe board is empty.',
      messages: [{ role: 'user' }],
    })
  })

  test('the results of one round stand together, first in the next message of the user', async () => {
    const call = (id: string) => ({ id, name: 'fs.read', arguments: { path: id } })
    const messages: ChatMessage[] = [
      { role: 'user', content: 'Read both.' },
      { role: 'assistant', content: '', toolCalls: [call('call_1'), call('ns/2')] },
      { role: 'tool', content: 'one', toolCallId: 'call_1' },
      { role: 'tool', content: 'two', toolCallId: 'ns/2' },
      { role: 'user', content: 'And?' },
    ]
    const use = (id: string, path: string) => ({ type: 'tool_use', id, name: 'fs_read', input: { path } })
    expect((await bodyOf({ messages }))['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Read both.' }] },
      { role: 'assistant', content: [use('call_1', 'call_1'), use('ns_2', 'ns/2')] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'call_1', content: 'one' },
          { type: 'tool_result', tool_use_id: 'ns_2', content: 'two' },
          { type: 'text', text: 'And?' },
        ],
      },
    ])
  })

  test('images go before the words', async () => {
    const messages: ChatMessage[] = [{ role: 'user', content: 'What is it?', images: ['/9j/AAA', 'iVBOR'] }]
    expect(await bodyOf({ messages })).toMatchObject({
      messages: [
        {
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: '/9j/AAA' } },
            { type: 'image', source: { media_type: 'image/png' } },
            { type: 'text' },
          ],
        },
      ],
    })
  })

  test.each<{ name: string; rest: JsonObject; body: JsonObject }>([
    {
      name: 'what has a counterpart',
      rest: { options: { num_predict: 64, temperature: 0.2, top_p: 0.9, stop: ['END', ' '], num_ctx: 8192 } },
      body: { max_tokens: 64, temperature: 0.2, top_p: 0.9, stop_sequences: ['END'] },
    },
    { name: 'a single stop', rest: { options: { stop: 'END' } }, body: { stop_sequences: ['END'] } },
    { name: 'no limit of tokens', rest: { options: { num_predict: -1 } }, body: { max_tokens: 4096 } },
    { name: 'thinking', rest: { think: true }, body: { thinking: { type: 'adaptive' } } },
    {
      name: 'how hard to think',
      rest: { think: 'low' },
      body: { thinking: { type: 'adaptive' }, output_config: { effort: 'low' } },
    },
  ])('$name', async ({ rest, body }) => {
    const { model: _, messages: __, stream: ___, ...others } = await bodyOf({ rest })
    expect(others).toEqual({ max_tokens: 4096, ...body })
  })

  test('tools go up under names that the server takes, no two alike, and calls come back under their own', async () => {
    const tools = ['fs.read', 'fs_read', 'fs/read', moveTool.name, `${'x'.repeat(70)}.y`].map((name) => ({
      ...moveTool,
      name,
    }))
    const steps = [block({ type: 'tool_use', id: 'a', name: 'fs_read_2', input: { cell: 1 } }), stopped('tool_use')]
    await using started = await start({ steps })
    const events = await collect(started.model.chat(question({ tools }), { signal: forever }))
    const sent = JSON.parse((await started.upstream.request()).body).tools
    const names = sent.map(({ name }: { name: string }) => name)
    expect(names).toEqual(['fs_read_2', 'fs_read', 'fs_read_3', 'ttt_make_move', 'x'.repeat(64)])
    expect(sent[0]).toEqual({
      name: 'fs_read_2',
      description: moveTool.description,
      input_schema: moveTool.parameters,
    })
    expect(events[0]).toMatchObject({ call: { name: 'fs.read' } })
  })
})

describe('the answer', () => {
  test('a call comes as soon as its block is complete', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<void>()
    const steps = [toolUse('a', '', '{"n"', ':1}'), { until: seen }, stopped('tool_use')]
    await using started = await start({ steps })
    const events: ModelEvent[] = []
    for await (const event of started.model.chat(question(), { signal: forever })) {
      events.push(event)
      resolve() // the stream goes on only when the call is here
    }
    expect(events).toEqual([callEvent('a', { n: 1 }), end])
  })

  test.each<{ name: string; steps: string[]; reason: string; calls: unknown[] }>([
    { name: 'no arguments', steps: [toolUse('a', '')], reason: 'tool_use', calls: [callEvent('a', {})] },
    {
      name: 'what is not JSON, as written',
      steps: [toolUse('a', '{n:')],
      reason: 'tool_use',
      calls: [callEvent('a', '{n:')],
    },
    { name: 'nothing of a call that was cut', steps: [toolUse('a', '{"n":')], reason: 'max_tokens', calls: [] },
    { name: 'nothing of a call cut before its arguments', steps: [toolUse('a', '')], reason: 'max_tokens', calls: [] },
    {
      name: 'the whole ones beside it, in order',
      steps: [toolUse('a', '{"n":1}'), toolUse('b', ''), toolUse('c', '{"n":3}')],
      reason: 'tool_use',
      calls: [callEvent('a', { n: 1 }), callEvent('b', {}), callEvent('c', { n: 3 })],
    },
  ])('gives $name', async ({ steps, reason, calls }) => {
    const events = await read(...steps, stopped(reason))
    expect(events).toEqual([...calls, { ...end, reason: reason === 'max_tokens' ? 'length' : 'stop' }])
  })

  test('tokens written to a cache and read from one are part of the prompt', async () => {
    const first = {
      input_tokens: 10,
      cache_creation_input_tokens: 200,
      cache_read_input_tokens: 3000,
      output_tokens: 1,
    }
    const begun = named({ type: 'message_start', message: { usage: first } })
    expect(await read(begun, stopped('end_turn', { output_tokens: 42, input_tokens: null }))).toEqual([
      { ...end, usage: { ...usage, promptTokens: 3210, outputTokens: 42, cachedTokens: 3000 } },
    ])
  })

  test('events, blocks and deltas that are not known are skipped', async () => {
    const steps = [
      named({ type: 'ping' }),
      named({ type: 'message_thought', thought: 1 }),
      block(
        { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
        { type: 'input_json_delta', partial_json: '{}' },
      ),
      block({ type: 'text', text: 'X' }, { type: 'citations_delta', citation: {} }),
      named({ type: 'content_block_stop', index: 9 }),
      named({ type: 'content_block_delta', index: 9, delta: { type: 'input_json_delta', partial_json: '{}' } }),
    ]
    expect(await read(...steps, stopped('end_turn'))).toEqual([{ type: 'text', text: 'X' }, end])
  })

  test('a reason to stop is enough of an end', async () => {
    const [delta = ''] = stopped('end_turn').split('event: message_stop')
    expect(await read(delta)).toEqual([end])
  })

  test.each([
    { reason: 'refusal', code: 'LLM_REFUSED' },
    { reason: 'model_context_window_exceeded', code: 'LLM_CONTEXT_OVERFLOW' },
  ])('$reason is $code', async ({ reason, code }) => {
    await using started = await start({ steps: [anthropicWire.text('X'), stopped(reason)] })
    const { events, failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(events).toMatchObject([{ text: 'X' }])
    expect(failure).toMatchObject({ code })
  })

  test.each([
    { name: 'a call without a name', steps: [block({ type: 'tool_use', id: 'a', input: {} })], isCall: true },
    { name: 'an endless call', steps: Array(20).fill(toolUse('a', 'x'.repeat(100))), isCall: true },
    { name: 'too many blocks', steps: Array(1_100).fill(block({})), isCall: false },
  ])('$name is an error', async ({ steps, isCall }) => {
    await using started = await start({ steps }, { maxLineBytes: isCall ? 1_500 : 1e6 })
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_BAD_RESPONSE', isCall })
  })
})

describe('a model that pauses', () => {
  test('is asked to go on with its own blocks, and the parts are one answer', async () => {
    const search = { type: 'server_tool_use', id: 's', name: 'web_search', input: { query: 'otters' } }
    await using started = await start([
      {
        steps: [
          anthropicWire.text('Let me look. '),
          block(search),
          stopped('pause_turn', { input_tokens: 10, output_tokens: 5 }),
        ],
      },
      { steps: [anthropicWire.text('Otters.'), stopped('end_turn', { input_tokens: 20, output_tokens: 2 })] },
    ])
    const events = await collect(started.model.chat(question(), { signal: forever }))
    expect(events).toEqual([
      { type: 'text', text: 'Let me look. ' },
      { type: 'text', text: 'Otters.' },
      { ...end, usage: { ...usage, promptTokens: 30, outputTokens: 7 } },
    ])
    const { messages } = JSON.parse((await started.upstream.request(1)).body)
    expect(messages.at(-1)).toEqual({
      role: 'assistant',
      content: [{ type: 'text', text: 'Let me look. ' }, search],
    })
  })

  test('is not asked for ever', async () => {
    await using started = await start({ steps: [stopped('pause_turn')] })
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_BAD_RESPONSE', message: 'The model paused too often.' })
    expect(started.upstream.requests).toHaveLength(9)
  })

  test('in an answer that is not kept whole cannot go on', async () => {
    const steps = [...Array(20).fill(anthropicWire.text('x'.repeat(100))), stopped('pause_turn')]
    await using started = await start({ steps }, { maxLineBytes: 1_000 })
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_BAD_RESPONSE', message: expect.stringContaining('too long to go on') })
  })
})

test('thinking goes back unchanged, signature and all, at its place in the loop', async () => {
  await using started = await start([{ steps: [recorded('thinking')] }, { steps: [stopped('end_turn')] }])
  const run = createTurnRunner({ clock: systemClock, observe: { repair: () => {}, refusal: () => {} } })
  const tools = bench({ 'fs.read': () => ok({ content: 'X' }) })
  const joined: ChatMessage[] = []
  const request = {
    model: started.model,
    modelName: 'claude',
    messages: [{ role: 'user' as const, content: 'Read my notes.' }],
    rest: {},
    bench: { ...tools, tools: tools.tools.map((tool) => ({ ...tool, parameters: { type: 'object' } })) },
    callersTools: [],
    gone: forever,
    stop: forever,
    onMessage: (message: ChatMessage) => void joined.push(message),
  }
  for await (const event of run(request)) if (event.type === 'end') expect(event.finish).toBe('stop')
  expect(tools.called).toEqual([{ name: 'fs.read', args: { path: 'notes.txt' } }])
  const { messages } = JSON.parse((await started.upstream.request(1)).body)
  expect(messages.at(-2)).toEqual({
    role: 'assistant',
    content: [
      { type: 'thinking', thinking: 'The notes may tell.', signature: 'EqQBCgIYAhIM1gbcDa9GJwZA2b3h' },
      { type: 'redacted_thinking', data: 'EmwKAhgBEgy3va3pzix' },
      { type: 'text', text: 'Let me look.' },
      { type: 'tool_use', id: 'toolu_01A', name: 'fs_read', input: { path: 'notes.txt' } },
    ],
  })
  expect(JSON.parse(JSON.stringify(joined))).toEqual(joined) // a transcript may keep it as JSON
})

describe('the key', () => {
  test.each([401, 403])('is refused with %i: the error does not quote it', async (status) => {
    await using started = await start({ status, steps: [anthropicWire.refusal(`invalid x-api-key ${apiKey}`)] })
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({
      code: 'LLM_AUTH',
      message: 'The model server refuses the key of this service.',
      hint: expect.stringContaining('ANTHROPIC_API_KEY'),
    })
  })

  test('is wanted where there is none', async () => {
    const script = { status: 401, steps: [anthropicWire.refusal('x-api-key header is required')] }
    await using started = await startWith(script, (url) =>
      createAnthropic({ url, clock: systemClock, random: () => 0.5 }),
    )
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_AUTH', message: expect.stringContaining('has none') })
    expect((await started.upstream.request()).headers).not.toHaveProperty('x-api-key')
  })

  test('is cut out of every other text', async () => {
    await using started = await start([
      { status: 400, steps: [anthropicWire.refusal(`bad header ${apiKey}`)] },
      { steps: [anthropicWire.error(`bad header ${apiKey}`)] },
    ])
    for (let count = 0; count < 2; count++) {
      const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
      expect(String(failure)).toMatch(/bad header …$/)
    }
  })
})

test('takes tools, and a long context', async () => {
  await using started = await start({ steps: [] })
  const capabilities = await started.model.capabilities('claude', { signal: forever })
  expect(capabilities).toEqual({ tools: true, contextLength: 200_000 })
})
