import { once } from 'node:events'
import { Ollama } from 'ollama'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { LlmStreamCutError, ModelNotFoundError } from '../../../src/llm/errors.ts'
import type { ToolRun, TurnEvent } from '../../../src/llm/turn.ts'
import { contentOf, end, hi, moveRun, openDoor, post, readLines, text } from './door.ts'

const chat = '/api/chat'
const result = (run: ToolRun): TurnEvent => ({ type: 'result', run })
const webUi = { 'x-openwebui-user-id': '1' }

describe('POST /api/chat', () => {
  test('asks the chat what the client asked', async () => {
    await using door = await openDoor()
    const tools = [{ type: 'function', function: { name: 'time', parameters: { type: 'object', properties: {} } } }]
    await post(door, chat, {
      body: { ...hi, tools, options: { seed: 1 }, think: false },
      headers: { 'idempotency-key': 'k', 'x-openwebui-chat-id': 'c', 'x-otto-tools': 'client' },
    })
    expect(door.asked).toEqual([
      {
        model: 'llama3.2',
        messages: [{ role: 'user', content: 'hi' }],
        tools: [{ name: 'time', description: '', parameters: { type: 'object', properties: {} } }],
        mode: 'client',
        rest: { options: { seed: 1 }, think: false },
      },
    ])
    expect(door.callers).toMatchObject([{ principal: 'somebody', sessionId: 'c', idempotencyKey: 'k' }])
  })

  test('streams lines that nobody holds back', async () => {
    await using door = await openDoor({ script: [{ type: 'heartbeat' }, text('X '), text('holds'), end()] })
    const answer = await post(door, chat, { body: hi })
    expect(answer).toMatchObject({
      status: 200,
      headers: {
        'content-type': 'application/x-ndjson',
        'cache-control': 'no-cache, no-transform',
        'x-accel-buffering': 'no',
      },
    })
    const lines = readLines(answer.body)
    expect(lines.map(({ done }) => done)).toEqual([false, false, false, true])
    expect(contentOf(lines)).toBe('X holds')
  })

  test('each line is on the wire before the next is there', async () => {
    const read = Promise.withResolvers<void>()
    await using door = await openDoor({
      script: async function* () {
        yield text('first')
        await read.promise
        yield text('second')
        yield end()
      },
    })
    const { body } = await request(`${door.url}${chat}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(hi),
    })
    const chunks: string[] = []
    for await (const chunk of body) {
      chunks.push(String(chunk))
      read.resolve()
    }
    expect(contentOf(readLines(chunks[0] ?? ''))).toBe('first')
    expect(contentOf(readLines(chunks.join('')))).toBe('firstsecond')
  })

  test('gives one object without a stream', async () => {
    await using door = await openDoor({
      script: [
        { type: 'thinking', text: 'hm' },
        text('X '),
        result(moveRun),
        { type: 'heartbeat' },
        text('holds'),
        end(),
      ],
    })
    const answer = await post(door, chat, { body: { ...hi, stream: false } })
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(JSON.parse(answer.body)).toEqual({
      model: 'llama3.2',
      created_at: '2026-11-21T09:00:00.000Z',
      message: { role: 'assistant', content: 'X holds', thinking: 'hm' },
      done: true,
      done_reason: 'stop',
      total_duration: 3900,
      load_duration: 21,
      prompt_eval_count: 512,
      prompt_eval_duration: 300,
      eval_count: 44,
      eval_duration: 80,
    })
  })

  test.each([
    { toolCards: 'auto', headers: {}, shows: false },
    { toolCards: 'auto', headers: webUi, shows: true },
    { toolCards: 'on', headers: {}, shows: true },
    { toolCards: 'off', headers: webUi, shows: false },
  ] as const)('cards $toolCards with $headers: $shows', async ({ toolCards, headers, shows }) => {
    await using door = await openDoor({ toolCards, script: [result(moveRun), end()] })
    const { body } = await post(door, chat, { body: hi, headers })
    expect(contentOf(readLines(body)).includes('<details type="tool_calls"')).toBe(shows)
    expect(readLines(body).some(({ message }) => message?.thinking?.includes('ttt_make_move'))).toBe(!shows)
  })

  test('wants a model, in the words of Ollama', async () => {
    await using door = await openDoor()
    const answer = await post(door, chat, { body: { messages: hi.messages } })
    expect(answer.status).toBe(400)
    expect(JSON.parse(answer.body)).toEqual({ error: 'model is required', code: 'INVALID_REQUEST' })
    expect(door.asked).toEqual([])
  })

  test.each([
    { name: 'a wrong member', body: { ...hi, stream: 'yes' }, status: 400, error: /^stream must be true or false\./ },
    { name: 'no JSON', body: '{"model":', status: 400, error: /^The text is not JSON\. Send one plain JSON object/ },
    {
      name: 'a member twice',
      body: '{"model":"a","model":"b"}',
      status: 400,
      error: /^An object names one member twice\./,
    },
    {
      name: 'another type',
      body: hi,
      headers: { 'content-type': 'text/plain' },
      status: 415,
      error: /^The body must be application\/json/,
    },
    {
      name: 'a word for tools',
      body: hi,
      headers: { 'x-otto-tools': 'some' },
      status: 400,
      error: /^X-Otto-Tools has/,
    },
    { name: 'a key', body: hi, headers: { 'idempotency-key': 'a b' }, status: 400, error: /Idempotency-Key/ },
  ])('refuses $name with a text in `error`', async ({ body, headers, status, error }) => {
    await using door = await openDoor()
    const answer = await post(door, chat, { body, ...(headers ? { headers } : {}) })
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body)).toEqual({ error: expect.stringMatching(error), code: expect.any(String) })
    expect(door.asked).toEqual([])
  })

  test('takes a body with images, up to its bound', async () => {
    await using door = await openDoor({ maxBodyBytes: 2_000_000 })
    const image = (length: number) => ({
      ...hi,
      messages: [{ role: 'user', content: '', images: ['A'.repeat(length)] }],
    })
    expect((await post(door, chat, { body: image(1_900_000) })).status).toBe(200)
    const answer = await post(door, chat, { body: image(2_000_000) })
    expect(answer.status).toBe(413)
    expect(JSON.parse(answer.body)).toMatchObject({ error: expect.stringContaining('2000000 bytes') })
  })
})

describe('a client that hangs up', () => {
  // Says when it was told, and that nothing holds it any more.
  const waiting = (first: readonly TurnEvent[]) => {
    const asked = Promise.withResolvers<AbortSignal>()
    const left = Promise.withResolvers<void>()
    const script = async function* (_: unknown, { gone }: { gone: AbortSignal }): AsyncGenerator<TurnEvent> {
      try {
        yield* first
        asked.resolve(gone)
        if (!gone.aborted) await once(gone, 'abort')
        throw gone.reason
      } finally {
        left.resolve()
      }
    }
    return { script, asked: asked.promise, left: left.promise }
  }

  test.each([
    { name: 'before the first byte', first: [], stream: true },
    { name: 'in the text', first: [text('X')], stream: true },
    { name: 'without a stream', first: [text('X')], stream: false },
  ])('$name ends the turn, and is no error of ours', async ({ first, stream }) => {
    const { script, asked, left } = waiting(first)
    await using door = await openDoor({ script })
    const client = new AbortController()
    const answer = request(`${door.url}${chat}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...hi, stream }),
      signal: client.signal,
    }).then(({ body }) => body.text())
    const ended = expect(answer).rejects.toThrow('no longer')
    const gone = await asked
    expect(gone.aborted).toBe(false)
    client.abort(new Error('no longer'))
    await Promise.all([ended, left])
    expect((await post(door, chat, { body: '{' })).status).toBe(400)
    expect(door.logged).toEqual([])
  })

  test('who stays until the end was never gone', async () => {
    await using door = await openDoor({ script: [text('X'), end()] })
    await post(door, chat, { body: hi })
    await post(door, chat, { body: { ...hi, stream: false } })
    expect(door.callers.map(({ gone }) => gone.aborted)).toEqual([false, false])
  })
})

// It writes into the object that it is given.
describe('the official client', () => {
  test('reads a stream', async () => {
    await using door = await openDoor({
      script: [{ type: 'thinking', text: 'hm' }, result(moveRun), { type: 'heartbeat' }, text('X holds.'), end()],
    })
    const parts = []
    for await (const part of await new Ollama({ host: door.url }).chat({ ...hi, stream: true })) parts.push(part)
    expect(parts.map(({ message }) => message.content).join('')).toBe('X holds.')
    expect(parts.filter(({ done }) => done)).toEqual([parts.at(-1)])
    expect(parts.at(-1)).toMatchObject({ done_reason: 'stop', prompt_eval_count: 512, eval_count: 44 })
  })

  test('reads one object', async () => {
    await using door = await openDoor({ script: [text('X holds.'), end()] })
    const answer = await new Ollama({ host: door.url }).chat({ ...hi })
    expect(answer).toMatchObject({ message: { role: 'assistant', content: 'X holds.' }, done: true })
  })

  test("finds the caller's own calls", async () => {
    const handover = [{ id: 'a', name: 'time', arguments: { zone: 'UTC' } }]
    await using door = await openDoor({ script: [end({ finish: 'handover', handover })] })
    const { message } = await new Ollama({ host: door.url }).chat({ ...hi })
    expect(message.tool_calls).toMatchObject([{ function: { name: 'time', arguments: { zone: 'UTC' } } }])
  })

  test('learns of errors, before and in the middle', async () => {
    await using early = await openDoor({ script: [new ModelNotFoundError('nope')] })
    await expect(new Ollama({ host: early.url }).chat({ ...hi })).rejects.toMatchObject({
      status_code: 404,
      error: "model 'nope' not found",
    })
    await using late = await openDoor({ script: [text('I'), new LlmStreamCutError()] })
    const reading = (async () => {
      for await (const _ of await new Ollama({ host: late.url }).chat({ ...hi, stream: true }));
    })()
    await expect(reading).rejects.toThrow("The model's answer broke off.")
  })
})
