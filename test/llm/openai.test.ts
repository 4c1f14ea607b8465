import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { LanguageModel, ModelEvent } from '../../src/llm/language-model.ts'
import { createOpenAi } from '../../src/llm/openai.ts'
import { systemClock } from '../../src/system.ts'
import { collect, collectUntilFailure, forever, question } from './_questions.ts'
import type { Started } from './_started.ts'
import { startWith, useRealSockets } from './_started.ts'
import { createHastyClock, delta, done, openAiWire, usageChunk } from './_wires.ts'
import type { Script } from './upstream.ts'
import { startUpstream } from './upstream.ts'

useRealSockets()

const apiKey = 'sk-proj-0123456789'

const start = (answer: Script | readonly Script[], { clock = systemClock } = {}): Promise<Started<LanguageModel>> =>
  startWith(answer, (url) => createOpenAi({ url: `${url}/v1`, apiKey, clock, random: () => 0.5 }))

async function read(...steps: readonly string[]): Promise<ModelEvent[]> {
  await using started = await start({ steps })
  return await collect(started.model.chat(question(), { signal: forever }))
}

/** One fragment of a call. */
const fragment = (value: JsonObject): string => delta({ tool_calls: [value] })

const usage = { promptTokens: 0, outputTokens: 0, loadNs: 0, promptNs: 0, outputNs: 0 }
const end = { type: 'end', reason: 'stop', usage, isPromptCut: false }
const callEvent = (id: string, name: string, args: unknown) => ({ type: 'call', call: { id, name, arguments: args } })

describe('the answer', () => {
  test('fragments of a call are joined, and the call comes when it is complete', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<void>()
    const steps = [
      delta({ role: 'assistant', content: 'Now.' }),
      fragment({ index: 0, id: 'call_1', type: 'function', function: { name: 'ttt_make_move', arguments: '' } }),
      fragment({ index: 0, function: { arguments: '{"cell"' } }),
      fragment({ index: 0, function: { arguments: ':4}' } }),
      { until: seen },
      delta({}, 'tool_calls'),
      usageChunk,
      done,
    ]
    await using started = await start({ steps })
    const events: ModelEvent[] = []
    for await (const event of started.model.chat(question(), { signal: forever })) {
      events.push(event)
      resolve() // at the text: with a call that came early, the order below would be another
    }
    expect(events).toEqual([
      { type: 'text', text: 'Now.' },
      callEvent('call_1', 'ttt_make_move', { cell: 4 }),
      { ...end, usage: { ...usage, promptTokens: 412, outputTokens: 9 } },
    ])
  })

  const whole = (index: number | undefined, id: string, args: string): string =>
    fragment({ ...(index === undefined ? {} : { index }), id, function: { name: 't', arguments: args } })

  test.each<{ name: string; steps: string[]; calls: unknown[] }>([
    {
      name: 'fragments of two calls, interleaved',
      steps: [
        fragment({ index: 0, id: 'a', function: { name: 't', arguments: '{"n"' } }),
        fragment({ index: 1, id: 'b', function: { name: 'u', arguments: '{' } }),
        fragment({ index: 0, function: { arguments: ':1}' } }),
        fragment({ index: 1, function: { arguments: '}' } }),
      ],
      calls: [callEvent('a', 't', { n: 1 }), callEvent('b', 'u', {})],
    },
    {
      name: 'two whole calls that both say 0',
      steps: [whole(0, 'a', '{"n":1}'), whole(0, 'b', '{"n":2}')],
      calls: [callEvent('a', 't', { n: 1 }), callEvent('b', 't', { n: 2 })],
    },
    {
      name: 'two whole calls that say no index',
      steps: [whole(undefined, 'a', '{"n":1}'), whole(undefined, 'b', '{"n":2}')],
      calls: [callEvent('a', 't', { n: 1 }), callEvent('b', 't', { n: 2 })],
    },
    {
      name: 'an id and a name that every fragment repeats',
      steps: [whole(0, 'a', '{"n"'), whole(0, 'a', ':1}')],
      calls: [callEvent('a', 't', { n: 1 })],
    },
    { name: 'an empty text for no arguments', steps: [whole(0, 'a', '')], calls: [callEvent('a', 't', {})] },
    {
      name: 'arguments that are an object already',
      steps: [fragment({ index: 0, id: 'a', function: { name: 't', arguments: { n: 1 } } })],
      calls: [callEvent('a', 't', { n: 1 })],
    },
    {
      name: 'arguments that are not JSON, as they were written',
      steps: [whole(0, 'a', "{n: 'x'}")],
      calls: [callEvent('a', 't', "{n: 'x'}")],
    },
  ])('reads $name', async ({ steps, calls }) => {
    expect(await read(...steps, delta({}, 'tool_calls'), done)).toEqual([...calls, end])
  })

  test.each([{ args: '' }, { args: '{"cell":' }])('a call cut for length is none: $args', async ({ args }) => {
    expect(await read(whole(0, 'a', args), delta({}, 'length'), done)).toEqual([{ ...end, reason: 'length' }])
  })

  test('a call of an answer that breaks off is none', async () => {
    await using started = await start({ steps: [delta({ content: 'Now.' }), whole(0, 'a', '{"n":1}')] })
    const { events, failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(events).toEqual([{ type: 'text', text: 'Now.' }])
    expect(failure).toMatchObject({ code: 'LLM_STREAM_CUT' })
  })

  test('ends at [DONE] without a finish reason, and at a finish reason without [DONE]', async () => {
    const call = whole(0, 'a', '{}')
    const events = [callEvent('a', 't', {}), end]
    expect(await read(call, done)).toEqual(events)
    expect(await read(call, delta({}, 'stop'))).toEqual(events)
  })

  test.each([
    { finish: 'stop', reason: 'stop' },
    { finish: 'tool_calls', reason: 'stop' },
    { finish: 'content_filter', reason: 'stop' },
    { finish: 'length', reason: 'length' },
  ])('$finish is $reason', async ({ finish, reason }) => {
    expect(await read(delta({}, finish), done)).toEqual([{ ...end, reason }])
  })

  test.each(['reasoning', 'reasoning_content'])('%s is thinking', async (key) => {
    expect(await read(delta({ [key]: 'Hm.', content: null }), delta({ content: '4', [key]: null }), done)).toEqual([
      { type: 'thinking', text: 'Hm.' },
      { type: 'text', text: '4' },
      end,
    ])
  })

  test('comments, other fields, empty events and data over several lines', async () => {
    const steps = [
      ': ping\n\n',
      'event: message\nid: 7\nretry: 10\n\n',
      'data\n\n',
      'data:{"choices":[{"delta":\ndata:{"content":"X"}}]}\n\n',
      done,
    ]
    expect(await read(...steps)).toEqual([{ type: 'text', text: 'X' }, end])
  })

  test('an endless event is an error', async () => {
    await using upstream = await startUpstream({ steps: [...Array(100).fill('data: {"a":\n'), 'hang'] })
    const limits = { maxLineBytes: 1000 }
    const model = createOpenAi({ url: upstream.url, clock: systemClock, random: () => 0.5, limits })
    const events = collect(model.chat(question(), { signal: forever }))
    await expect(events).rejects.toMatchObject({ code: 'LLM_BAD_RESPONSE' })
    await (await upstream.request()).closed
    await model.close()
  })

  test.each<{ name: string; steps: string[] }>([
    {
      name: 'an endless call',
      steps: [whole(0, 'a', ''), ...Array(20).fill(fragment({ index: 0, function: { arguments: 'x'.repeat(100) } }))],
    },
    { name: 'too many calls', steps: Array.from({ length: 129 }, (_, index) => whole(index, `c${index}`, '')) },
    { name: 'a call without a name', steps: [fragment({ index: 0, id: 'a', function: {} }), done] },
  ])('$name is an error of a call', async ({ steps }) => {
    await using upstream = await startUpstream({ steps })
    const limits = { maxLineBytes: 1000 }
    const model = createOpenAi({ url: upstream.url, clock: systemClock, random: () => 0.5, limits })
    const { failure } = await collectUntilFailure(model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_BAD_RESPONSE', isCall: true })
    await model.close()
  })
})

test('a code tells a question that is too long, whatever the words', async () => {
  const error = { message: 'Too many of them.', type: 'invalid_request_error', code: 'context_length_exceeded' }
  await using started = await start({ status: 400, steps: [JSON.stringify({ error })] })
  const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
  expect(failure).toMatchObject({ code: 'LLM_CONTEXT_OVERFLOW', message: 'Too many of them.' })
})

test('tokens of the cache are told where the server tells them', async () => {
  const told = { prompt_tokens: 412, completion_tokens: 9, prompt_tokens_details: { cached_tokens: 128 } }
  const chunk = `data: ${JSON.stringify({ choices: [], usage: told })}\n\n`
  expect(await read(delta({}, 'stop'), chunk, done)).toEqual([
    { ...end, usage: { ...usage, promptTokens: 412, outputTokens: 9, cachedTokens: 128 } },
  ])
})

describe('the key', () => {
  test.each([401, 403])('is refused with %i: the error does not quote it', async (status) => {
    const words = `Incorrect API key provided: ${apiKey.slice(0, 8)}***. Find yours at https://platform.example`
    await using started = await start({ status, steps: [openAiWire.refusal(words)] })
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({
      code: 'LLM_AUTH',
      message: 'The model server refuses the key of this service.',
    })
  })

  test('is cut out of every other text', async () => {
    await using started = await start([
      { status: 400, steps: [openAiWire.refusal(`bad header Bearer ${apiKey}`)] },
      { status: 500, steps: [openAiWire.refusal(`bad header Bearer ${apiKey}`)] },
      { steps: [openAiWire.error(`bad header Bearer ${apiKey}`)] },
    ])
    for (let count = 0; count < 3; count++) {
      const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
      expect(String(failure)).toMatch(/bad header Bearer …$/)
    }
  })

  test.each([401, 403])('is refused with %i: ping says so', async (status) => {
    await using started = await start({ status, steps: ['{}'] })
    await expect(started.model.ping({ signal: forever })).rejects.toMatchObject({
      code: 'LLM_AUTH',
      message: 'The model server refuses the key of this service.',
    })
  })
})

test('a server that lists no models is there all the same', async () => {
  await using started = await start({ status: 404, steps: ['{}'] })
  await started.model.ping({ signal: forever })
  expect(started.upstream.requests).toMatchObject([{ method: 'GET', path: '/v1/models' }])
})

test('429 is a busy server', async () => {
  const clock = createHastyClock()
  const busy = { status: 429, headers: { 'retry-after': '2' }, steps: ['{}'] }
  await using started = await start([busy, { steps: [openAiWire.end()] }], { clock })
  expect(await collect(started.model.chat(question(), { signal: forever }))).toHaveLength(1)
  expect(clock.sleptMs).toContain(2000)
})

test('what a model can do is not told', async () => {
  await using started = await start({ steps: [] })
  const capabilities = await started.model.capabilities('gpt', { signal: forever })
  expect(capabilities).toEqual({ tools: undefined, contextLength: undefined })
  expect(started.upstream.requests).toEqual([])
})
