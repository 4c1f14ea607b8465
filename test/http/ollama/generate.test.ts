import { describe, expect, test } from 'vitest'
import { LlmUnavailableError } from '../../../src/llm/errors.ts'
import { startUpstream } from '../../llm/upstream.ts'
import { end, forwardTo, hi, moveRun, openDoor, post, readLines, text } from './door.ts'

const generate = '/generate'
const { isWrite: _, ...reported } = moveRun

describe('POST /generate with a prompt', () => {
  test('asks the chat, with the system first and images beside the prompt', async () => {
    await using door = await openDoor()
    const body = { prompt: 'Play X.', system: 'Be brief.', images: ['aGk='], options: { seed: 1 }, keep_alive: '5m' }
    await post(door, generate, { body: { model: 'qwen3', ...body } })
    expect(door.asked).toEqual([
      {
        model: 'qwen3',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Play X.', images: ['aGk='] },
        ],
        tools: [],
        mode: 'run',
        rest: { options: { seed: 1 }, keep_alive: '5m' },
      },
    ])
  })

  test('asks the default model where none is named', async () => {
    await using door = await openDoor({ defaultModel: 'mine' })
    for (const body of [{ prompt: 'hi' }, { prompt: 'hi', model: null }, { messages: hi.messages }])
      await post(door, generate, { body })
    expect(door.asked.map(({ model }) => model)).toEqual(['mine', 'mine', 'mine'])
  })

  test('gives the text and a report of what ran', async () => {
    await using door = await openDoor({
      script: [{ type: 'result', run: moveRun }, text('X holds '), text('the centre.'), end({ runs: [moveRun] })],
      toolCards: 'on',
    })
    const { body } = await post(door, generate, { body: { prompt: 'Play X.', stream: false } })
    expect(JSON.parse(body)).toEqual({
      model: 'llama3.2',
      created_at: '2026-11-21T09:00:00.000Z',
      response: 'X holds the centre.',
      done: true,
      done_reason: 'stop',
      total_duration: 3900,
      load_duration: 21,
      prompt_eval_count: 512,
      prompt_eval_duration: 300,
      eval_count: 44,
      eval_duration: 80,
      tool_runs: [reported],
    })
  })

  test('streams unless told, with the report on the last line alone', async () => {
    const line = Buffer.from('{"message":{"content":"of a chat"}}')
    await using door = await openDoor({
      script: [{ type: 'heartbeat' }, { type: 'text', text: 'X', line }, end({ runs: [moveRun] })],
    })
    const answer = await post(door, generate, { body: { prompt: 'hi' } })
    expect(answer.headers['content-type']).toBe('application/x-ndjson')
    const lines = readLines(answer.body)
    expect(lines.map(({ response }) => response)).toEqual(['', 'X', ''])
    expect(lines.map(({ done }) => done)).toEqual([false, false, true])
    expect(lines.map(({ tool_runs: runs }) => runs)).toEqual([undefined, undefined, [reported]])
  })

  test('reports what ran before it broke off', async () => {
    await using door = await openDoor({ script: [{ type: 'result', run: moveRun }, new LlmUnavailableError()] })
    const answer = await post(door, generate, { body: { prompt: 'hi', stream: false } })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({
      response: expect.stringContaining('What was played before that stands'),
      done: true,
      done_reason: 'stop',
      tool_runs: [reported],
    })
  })

  test.each([
    { name: 'nothing', body: {} },
    { name: 'null', body: { prompt: null } },
    { name: 'a system alone', body: { system: 'Be brief.' } },
  ])('refuses $name', async ({ body }) => {
    await using door = await openDoor()
    const answer = await post(door, generate, { body })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({
      error: expect.stringMatching(/^prompt is required\./),
      code: 'INVALID_REQUEST',
    })
  })

  test.each([
    { headers: {}, path: '/generate?tools=off', mode: 'off' },
    { headers: { 'x-otto-tools': 'off' }, path: '/generate', mode: 'off' },
    { headers: { 'x-otto-tools': 'off' }, path: '/generate?tools=on', mode: 'off' },
    { headers: { 'x-otto-tools': 'client' }, path: '/generate', mode: 'client' },
    { headers: {}, path: '/generate?tools=on&other=1', mode: 'run' },
  ])('$path with $headers runs tools: $mode', async ({ headers, path, mode }) => {
    await using door = await openDoor()
    await post(door, path, { body: { prompt: 'hi' }, headers })
    expect(door.asked).toMatchObject([{ mode }])
  })

  test('knows no other word for tools', async () => {
    await using door = await openDoor()
    const answer = await post(door, '/generate?tools=maybe', { body: { prompt: 'hi' } })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toMatchObject({
      error: expect.stringContaining('?tools=off'),
      code: 'INVALID_ARGUMENTS',
    })
  })
})

describe('POST /generate with messages', () => {
  test('is a chat, with a report of what ran', async () => {
    await using door = await openDoor({ script: [text('X'), end({ runs: [moveRun] })] })
    const { body } = await post(door, generate, { body: { ...hi, stream: false } })
    expect(JSON.parse(body)).toMatchObject({
      message: { role: 'assistant', content: 'X' },
      done: true,
      tool_runs: [reported],
    })
  })
})

describe('POST /generate that passes to the model server', () => {
  test.each([
    { name: 'a prompt', body: '{ "prompt":"hi" }', path: '/generate?tools=off', to: '/api/generate' },
    {
      name: 'a model that is null',
      body: '{"model":null,"prompt":"hi"}',
      path: '/generate?tools=off',
      to: '/api/generate',
    },
    {
      name: 'a chat',
      body: '{"messages":[{"role":"user","content":"hi"}]}',
      path: '/generate?tools=off',
      to: '/api/chat',
    },
    { name: 'an order to load', body: '{"prompt":""}', path: '/generate', to: '/api/generate' },
  ])('names the default model in $name', async ({ body, path, to }) => {
    await using upstream = await startUpstream({ steps: ['{}'] })
    await using door = await openDoor({ forward: forwardTo(upstream.url) })
    await post(door, path, { body })
    expect(upstream.requests.map((got) => got.path)).toEqual([to])
    expect(JSON.parse(upstream.requests[0]?.body ?? '')).toEqual({ ...JSON.parse(body), model: 'llama3.2' })
  })

  test.each(['raw', 'template', 'suffix', 'context'])('%s needs an Ollama', async (name) => {
    await using door = await openDoor()
    const answer = await post(door, generate, { body: { prompt: 'hi', [name]: [1] } })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body).error).toMatch(new RegExp(`^${name} works only`))
  })

  test('an order to load is done at once where there is no Ollama', async () => {
    await using door = await openDoor()
    const lines = readLines((await post(door, generate, { body: { model: 'llama3.2' } })).body)
    expect(lines).toEqual([
      { model: 'llama3.2', created_at: expect.any(String), response: '', done: true, done_reason: 'load' },
    ])
    expect(door.asked).toEqual([])
  })
})
