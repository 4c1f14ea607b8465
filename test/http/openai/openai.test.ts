import { once } from 'node:events'
import OpenAI, { APIError } from 'openai'
import { describe, expect, test } from 'vitest'
import type { ChatCaller, ChatRequest } from '../../../src/chat/chat.ts'
import { LlmStreamCutError, LlmUnavailableError, ModelNotFoundError } from '../../../src/llm/errors.ts'
import type { TurnEvent } from '../../../src/llm/turn.ts'
import { json, open, posted, send, toBytes } from '../raw-http.ts'
import { calling, came, collect, ended, post, readEvents, said, scriptedChat, startDoor } from './_door.ts'

const path = '/v1/chat/completions'
const question = { model: 'llama3.2', messages: [{ role: 'user' as const, content: 'Your move.' }] }

const clockCall = { id: 'call_4k2n8p0x', name: 'get_current_timestamp', arguments: { zone: 'UTC' } }
const weatherCall = { id: 'call_9', name: 'get_weather', arguments: '{"city":' }

/** What the client made of a refused request. */
const refusalOf = async (asking: Promise<unknown>): Promise<APIError> => {
  const error = await asking.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof APIError)) throw new Error('It was not refused.', { cause: error })
  return error
}

describe('an answer in one piece', () => {
  test('is the default, and holds all that was said', async () => {
    const { turn, asked } = scriptedChat([
      { type: 'thinking', text: 'The centre ' },
      { type: 'thinking', text: 'is free.' },
      { type: 'heartbeat' },
      calling('ttt_make_move'),
      came({ tool: 'ttt_make_move', isWrite: true }),
      said('X holds '),
      said('the centre.'),
      ended(),
    ])
    await using door = await startDoor({ turn })
    const answer = await door.client.chat.completions.create(question)
    expect(answer).toEqual({
      id: 'chatcmpl-id-1',
      object: 'chat.completion',
      created: 1_795_251_600,
      model: 'llama3.2',
      choices: [
        {
          index: 0,
          message: { role: 'assistant', content: 'X holds the centre.', reasoning_content: 'The centre is free.' },
          finish_reason: 'stop',
        },
      ],
      usage: { prompt_tokens: 430, completion_tokens: 31, total_tokens: 461 },
    })
    expect(asked.map(({ request }) => request)).toEqual([
      { model: 'llama3.2', messages: [{ role: 'user', content: 'Your move.' }], tools: [], mode: 'run', rest: {} },
    ])
  })

  test("hands the caller's calls over as text, also where the model wrote no JSON", async () => {
    const { turn } = scriptedChat([ended('handover', [clockCall, weatherCall])])
    await using door = await startDoor({ turn })
    const { choices } = await door.client.chat.completions.create(question)
    expect(choices).toEqual([
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: null,
          tool_calls: [
            {
              id: 'call_4k2n8p0x',
              type: 'function',
              function: { name: 'get_current_timestamp', arguments: '{"zone":"UTC"}' },
            },
            { id: 'call_9', type: 'function', function: { name: 'get_weather', arguments: '{"city":' } },
          ],
        },
      },
    ])
  })

  test('hands over one call to who wants one at a time', async () => {
    const { turn } = scriptedChat([said('Let me look.'), ended('handover', [clockCall, weatherCall])])
    await using door = await startDoor({ turn })
    const { choices } = await door.client.chat.completions.create({ ...question, parallel_tool_calls: false })
    expect(choices[0]?.message).toMatchObject({ content: 'Let me look.', tool_calls: [{ id: 'call_4k2n8p0x' }] })
    expect(choices[0]?.message.tool_calls).toHaveLength(1)
  })

  test.each([
    ['stop', 'stop'],
    ['length', 'length'],
    ['rounds', 'stop'],
    ['time', 'stop'],
    ['stuck', 'stop'],
    ['approval', 'stop'],
    ['load', 'stop'],
  ] as const)('a turn that ended by %s says %s', async (finish, reason) => {
    await using door = await startDoor({ turn: scriptedChat([said('So.'), ended(finish)]).turn })
    const { choices } = await door.client.chat.completions.create(question)
    expect(choices[0]?.finish_reason).toBe(reason)
  })

  test.each([
    { name: 'a write had run', before: [calling('a'), came({ tool: 'a', isWrite: true })] },
    { name: 'a call had not come back', before: [calling('a')] },
  ])('a failure after $name is told in the text: nothing is to be repeated', async ({ before }) => {
    const { turn } = scriptedChat([said('X moves.'), ...before, new LlmStreamCutError()])
    await using door = await startDoor({ turn })
    const { choices, usage } = await door.client.chat.completions.create(question)
    expect(choices[0]?.message.content).toBe(
      "X moves.\n\nThe model's answer broke off. Read the board before asking again: what was played is on the ledger.",
    )
    expect([choices[0]?.finish_reason, usage]).toEqual(['stop', undefined])
  })

  test('a failure after a read keeps its status', async () => {
    const { turn } = scriptedChat([calling('a'), came({ tool: 'a', isWrite: false }), new LlmStreamCutError()])
    await using door = await startDoor({ turn })
    expect((await refusalOf(door.client.chat.completions.create(question))).status).toBe(502)
  })

  test('a turn without an end is one that broke off', async () => {
    await using door = await startDoor({ turn: scriptedChat([said('So')]).turn })
    const error = await refusalOf(door.client.chat.completions.create(question))
    expect([error.status, error.code]).toEqual([502, 'llm_stream_cut'])
  })
})

describe('a stream', () => {
  const chunksOf = async (events: readonly (TurnEvent | Error)[], more: object = {}) => {
    await using door = await startDoor({ turn: scriptedChat(events).turn })
    const stream = await door.client.chat.completions.create({ ...question, ...more, stream: true })
    return collect(stream)
  }

  test('begins with the role, goes on with what is said, and ends once', async () => {
    const chunks = await chunksOf([{ type: 'thinking', text: 'Hm.' }, said('X '), said(''), said('moves.'), ended()])
    const head = { id: 'chatcmpl-id-1', object: 'chat.completion.chunk', created: 1_795_251_600, model: 'llama3.2' }
    const choice = (delta: object, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, finish_reason }],
    })
    expect(chunks).toEqual([
      choice({ role: 'assistant', content: '' }),
      choice({ reasoning_content: 'Hm.' }),
      choice({ content: 'X ' }),
      choice({ content: 'moves.' }),
      choice({}, 'stop'),
    ])
  })

  test('tells its cost in a chunk without choices, where that is asked for', async () => {
    const chunks = await chunksOf([said('So.'), ended()], { stream_options: { include_usage: true } })
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe('stop')
    expect(chunks.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 430, completion_tokens: 31, total_tokens: 461 },
    })
  })

  test('gives each call an index of its own and its arguments in fragments', async () => {
    const long = { id: 'call_2', name: 'note', arguments: { text: '😀'.repeat(9_000) } }
    const chunks = await chunksOf([ended('handover', [clockCall, long])])
    const deltas = chunks.flatMap(({ choices }) => choices[0]?.delta.tool_calls ?? [])
    expect(deltas.filter(({ id }) => id !== undefined)).toEqual([
      { index: 0, id: 'call_4k2n8p0x', type: 'function', function: { name: 'get_current_timestamp', arguments: '' } },
      { index: 1, id: 'call_2', type: 'function', function: { name: 'note', arguments: '' } },
    ])
    const textOf = (index: number) =>
      deltas.flatMap((delta) => (delta.index === index ? (delta.function?.arguments ?? []) : [])).join('')
    expect([textOf(0), textOf(1)]).toEqual(['{"zone":"UTC"}', JSON.stringify(long.arguments)])
    expect(deltas.filter(({ index }) => index === 1).length).toBeGreaterThan(3)
    // Half a pair would become a question mark in a reader that keeps UTF-8.
    expect(deltas.every((delta) => delta.function?.arguments?.isWellFormed())).toBe(true)
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe('tool_calls')
  })

  test("is put together by the client's own helper", async () => {
    const { turn } = scriptedChat([
      said('Let me look.'),
      ended('handover', [clockCall, { ...weatherCall, arguments: {} }]),
    ])
    await using door = await startDoor({ turn })
    const completion = await door.client.chat.completions.stream(question).finalChatCompletion()
    expect(completion.choices[0]?.message).toMatchObject({
      content: 'Let me look.',
      tool_calls: [
        { id: 'call_4k2n8p0x', function: { name: 'get_current_timestamp', arguments: '{"zone":"UTC"}' } },
        { id: 'call_9', function: { name: 'get_weather', arguments: '{}' } },
      ],
    })
  })

  test('tells what our tools do in comments alone, and can be read as it comes', async () => {
    const { turn } = scriptedChat([
      { type: 'heartbeat' },
      calling('ttt_make_move'),
      came({ tool: 'ttt_make_move', isWrite: true }),
      calling('made\nup: é'),
      said('Done.'),
      ended(),
    ])
    await using door = await startDoor({ turn })
    const answer = await post(`${door.url}${path}`, { ...question, stream: true })
    expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
    expect(answer.headers['x-accel-buffering']).toBe('no')
    const { data, comments } = readEvents(answer.text)
    expect(comments).toEqual(['ping', 'tool ttt_make_move', 'tool madeup: '])
    expect(data.join()).not.toMatch(/ttt_make_move|tool_calls/)
    expect(data.at(-1)).toBe('[DONE]')
  })

  test('that fails before anything came has a status', async () => {
    await using door = await startDoor({ turn: scriptedChat([new LlmUnavailableError()]).turn })
    const error = await refusalOf(door.client.chat.completions.create({ ...question, stream: true }))
    expect([error.status, error.type, error.code]).toEqual([502, 'api_error', 'llm_unavailable'])
  })

  test('that fails later says so and ends without [DONE]', async () => {
    await using door = await startDoor({ turn: scriptedChat([said('X'), new LlmStreamCutError()]).turn })
    const answer = await post(`${door.url}${path}`, { ...question, stream: true })
    const { data } = readEvents(answer.text)
    expect(data).toHaveLength(3)
    expect(JSON.parse(data[2] ?? '')).toEqual({
      error: {
        message: "The model's answer broke off. Read the board before asking again: what was played is on the ledger.",
        type: 'api_error',
        param: null,
        code: 'llm_stream_cut',
      },
    })
    const stream = await door.client.chat.completions.create({ ...question, stream: true })
    expect((await refusalOf(collect(stream))).code).toBe('llm_stream_cut')
  })
})

describe('a client that hangs up', () => {
  test.each([true, false])('is noticed at once and is no fault of anybody (stream %s)', async (stream) => {
    const noticed = Promise.withResolvers<void>()
    const waiting = Promise.withResolvers<void>()
    async function* turn(_: ChatRequest, { gone }: ChatCaller): AsyncGenerator<TurnEvent> {
      yield said('X')
      waiting.resolve()
      await once(gone, 'abort')
      noticed.resolve()
      throw gone.reason
    }
    await using door = await startDoor({ turn })
    const exchange = open(door.port, toBytes(door.port, posted(path, { ...question, stream })))
    await waiting.promise
    exchange.hangUp()
    await noticed.promise
    await using next = await startDoor({})
    await next.client.chat.completions.create(question) // a turn of the loop later nothing has been logged either
    expect(door.logged.filter(({ level }) => Number(level) >= 40)).toEqual([])
  })

  test('is not noticed while it waits: a body that was read is no hang-up', async () => {
    const aborted: boolean[] = []
    async function* turn(_: ChatRequest, { gone }: ChatCaller): AsyncGenerator<TurnEvent> {
      await new Promise((resolve) => setTimeout(resolve, 30))
      aborted.push(gone.aborted)
      yield ended()
    }
    await using door = await startDoor({ turn })
    await door.client.chat.completions.create(question)
    expect(aborted).toEqual([false])
  })
})

describe('errors', () => {
  test('no token, a wrong one and a bare scheme are 401 in the shape that clients know', async () => {
    await using door = await startDoor({ token: 'correct-horse-battery-staple' })
    const stranger = new OpenAI({ baseURL: `${door.url}/v1`, apiKey: 'wrong', maxRetries: 0 })
    const askings = [() => stranger.chat.completions.create(question), async () => stranger.models.list()]
    for (const ask of askings)
      expect(await refusalOf(ask())).toMatchObject({
        status: 401,
        code: 'invalid_api_key',
        type: 'invalid_request_error',
      })
    for (const headers of [{}, { authorization: 'Bearer' }, { authorization: 'Bearer ' }]) {
      const answer = await send(door.port, { ...posted(path, question, headers) })
      expect([answer.status, json(answer).error.code, answer.headers.get('www-authenticate')]).toEqual([
        401,
        'invalid_api_key',
        'Bearer',
      ])
    }
    expect((await door.client.chat.completions.create(question)).choices).toHaveLength(1)
  })

  test.each([
    {
      name: 'an unknown model',
      thrown: new ModelNotFoundError('nope'),
      status: 404,
      type: 'not_found_error',
      code: 'model_not_found',
      param: 'model',
    },
    {
      name: 'a model server that is away',
      thrown: new LlmUnavailableError(),
      status: 502,
      type: 'api_error',
      code: 'llm_unavailable',
      param: null,
    },
    {
      name: 'a bug',
      thrown: new TypeError('secret'),
      status: 500,
      type: 'api_error',
      code: 'internal_error',
      param: null,
    },
  ])('$name: $status', async ({ thrown, status, type, code, param }) => {
    await using door = await startDoor({ turn: scriptedChat([thrown]).turn })
    const error = await refusalOf(door.client.chat.completions.create(question))
    expect([error.status, error.type, error.code, error.param]).toEqual([status, type, code, param])
    expect(error.message).not.toContain('secret')
  })

  test.each([
    { name: 'no JSON', request: { ...posted(path, {}), body: '{' }, status: 400, code: 'invalid_json' },
    { name: 'no object', request: posted(path, []), status: 400, code: 'invalid_request' },
    {
      name: 'another type',
      request: { ...posted(path, {}), headers: {} },
      status: 415,
      code: 'unsupported_media_type',
    },
    { name: 'too much', request: posted(path, { x: 'x'.repeat(2_000) }), status: 413, code: 'payload_too_large' },
    {
      name: 'an unknown mode',
      request: posted(path, question, { 'x-otto-tools': 'maybe' }),
      status: 400,
      code: 'invalid_request',
    },
    {
      name: 'a key that is none',
      request: posted(path, question, { 'idempotency-key': 'a b' }),
      status: 400,
      code: 'idempotency_key_invalid',
    },
  ])('$name: $status', async ({ request, status, code }) => {
    await using door = await startDoor({ maxBodyBytes: 1_000 })
    const answer = await send(door.port, request)
    expect([answer.status, json(answer).error.code, json(answer).error.type]).toEqual([
      status,
      code,
      'invalid_request_error',
    ])
  })

  test('a member at fault is named', async () => {
    await using door = await startDoor({})
    const messages = [
      {
        role: 'user' as const,
        content: [{ type: 'image_url' as const, image_url: { url: 'https://a.example/b.png' } }],
      },
    ]
    const error = await refusalOf(door.client.chat.completions.create({ model: 'm', messages }))
    expect([error.status, error.param]).toEqual([400, 'messages[0].content[0].image_url.url'])
    expect(error.message).toContain('nothing is fetched')
    expect(error.message).not.toContain('{"tool"')
  })
})

describe('who asks', () => {
  test('the conversation and the key are read off the headers, and so is whose tools run', async () => {
    const { turn, asked } = scriptedChat([ended()])
    await using door = await startDoor({ turn })
    const headers = { 'x-openwebui-chat-id': 'chat-1', 'idempotency-key': 'key-1', 'x-otto-tools': 'client' }
    await door.client.chat.completions.create(question, { headers })
    expect(asked[0]?.caller).toMatchObject({ sessionId: 'chat-1', idempotencyKey: 'key-1' })
    expect(asked[0]?.request.mode).toBe('client')
  })
})
