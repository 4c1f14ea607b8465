import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { Agent, request } from 'undici'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { closedUrl } from '../llm/upstream.ts'
import type { ChatService } from './_chat.ts'
import { doors, generate, ollamaDoor, openAiDoor, post, startChat } from './_chat.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

let service: ChatService
const agent = new Agent()
const token = 'correct-horse-battery-staple-0123456789'
let guarded: ChatService
beforeAll(async () => {
  service = await startChat()
  guarded = await startChat({ OTTO_API_TOKEN: token })
})
afterAll(async () => {
  await Promise.all([service.close(), guarded.close(), agent.close()])
})

const words = 'Play a game with yourself'
const ollamaPaths = ['/api/chat', '/generate'] as const
const bodyOf = (path: string, rest: object = {}) =>
  path === '/generate'
    ? { prompt: words, ...rest }
    : { model: 'otto-scripted', messages: [{ role: 'user', content: words }], ...rest }

describe('a model server that is away', () => {
  let alone: Service
  // One for each test: a server that fails too often is left alone. @see breaker.test.ts
  beforeEach(async () => {
    alone = await startService({ OLLAMA_URL: await closedUrl(), OTTO_MODEL: 'otto-scripted' })
  })
  afterEach(() => alone.close())

  test.each(ollamaPaths)('is a 502 with a text that holds no address (%s)', async (path) => {
    for (const stream of [true, false]) {
      const { status, body, contentType } = await post(alone, path, bodyOf(path, { stream }))
      expect([status, contentType]).toEqual([502, expect.stringMatching(/^application\/json/)])
      const { error } = JSON.parse(body)
      expect(error).toMatch(/^The model server is unreachable\./)
      expect(body).not.toMatch(/127\.0\.0\.1|localhost:|ECONNREFUSED/)
    }
  })

  test.each([true, false])('is a 502 in the shape of OpenAI (stream %s)', async (stream) => {
    const { status, body } = await post(alone, '/v1/chat/completions', bodyOf('/v1', { stream }))
    expect(status).toBe(502)
    expect(JSON.parse(body)).toMatchObject({ error: { type: 'api_error', code: 'llm_unavailable', param: null } })
    expect(body).not.toMatch(/127\.0\.0\.1|ECONNREFUSED/)
  })

  test.each(['/api/version', '/api/tags', '/api/ps'])(
    'is a 502 where it would have been asked itself (%s)',
    async (path) => {
      expect(await alone.get(path)).toMatchObject({ status: 502, body: { error: expect.any(String) } })
    },
  )

  test('keeps nobody from playing by other doors', async () => {
    const { gameId } = await startedGame(alone, [['X', 4]])
    expect((await alone.result('ttt_get_state', { gameId })).moveCount).toBe(1)
  })
})

describe('an unknown model', () => {
  test.each(ollamaPaths)("is a 404 in Ollama's words (%s)", async (path) => {
    const { status, body } = await post(service, path, bodyOf(path, { model: 'nope' }))
    expect([status, JSON.parse(body).error]).toEqual([404, "model 'nope' not found"])
  })

  test('is known as such by the official clients', async () => {
    const messages = [{ role: 'user' as const, content: words }]
    const ollama = new Ollama({ host: service.url }).chat({ model: 'nope', messages })
    await expect(ollama).rejects.toMatchObject({ status_code: 404, error: "model 'nope' not found" })
    const client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'none', maxRetries: 0 })
    const openAi = client.chat.completions.create({ model: 'nope', messages })
    await expect(openAi).rejects.toMatchObject({ status: 404, code: 'model_not_found', param: 'model' })
    await expect(openAi).rejects.toBeInstanceOf(OpenAI.NotFoundError)
  })
})

describe('with OTTO_API_TOKEN', () => {
  const wrong = [
    { name: 'no token', headers: {} },
    { name: 'a wrong one', headers: { authorization: 'Bearer wrong' } },
    { name: 'the bare word', headers: { authorization: 'Bearer' } },
  ]

  test.each(wrong)('$name is a 401 in the shape of each door', async ({ headers }) => {
    for (const path of [...ollamaPaths, '/v1/chat/completions']) {
      const { status, body } = await post(guarded, path, bodyOf(path), headers)
      const { error } = JSON.parse(body)
      expect([path, status]).toEqual([path, 401])
      if (path.startsWith('/v1'))
        expect(error).toMatchObject({ type: 'invalid_request_error', code: 'invalid_api_key' })
      else expect(error).toEqual(expect.any(String))
    }
  })

  test('the right one opens the doors, and goes no further', async () => {
    const headers = { authorization: `Bearer ${token}` }
    for (const { ask } of doors) {
      const { text } = await ask(guarded, { words: 'hello', headers })
      expect(text).toContain('otto-scripted')
    }
    expect(JSON.stringify(guarded.model.requests)).not.toContain(token)
    expect(guarded.logs.join('')).not.toContain(token)
  })

  test('too many wrong ones are a 429 that says how long', async () => {
    const shut = await startChat({ OTTO_API_TOKEN: token })
    try {
      const headers = { authorization: 'Bearer wrong' }
      for (let times = 0; times < 10; times++) await post(shut, '/api/chat', bodyOf('/api/chat'), headers)
      for (const path of ['/api/chat', '/v1/chat/completions']) {
        const answer = await request(`${shut.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(bodyOf(path)),
          dispatcher: agent,
        })
        expect(answer.statusCode).toBe(429)
        expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0)
        const { error } = (await answer.body.json()) as { error: unknown }
        expect(error).toEqual(
          path === '/api/chat' ? expect.any(String) : expect.objectContaining({ type: 'rate_limit_error' }),
        )
      }
    } finally {
      await shut.close()
    }
  })
})

describe('a request that is wrong', () => {
  test.each([
    { name: 'no JSON', body: '{"model":' },
    { name: 'a body that is a list', body: '[]' },
    { name: 'messages of another form', body: '{"model":"otto-scripted","messages":"hi"}' },
    { name: 'a stream that is a word', body: '{"model":"otto-scripted","messages":[],"stream":"yes"}' },
  ])('$name is a 400 in the shape of each door', async ({ body }) => {
    for (const path of ['/api/chat', '/v1/chat/completions']) {
      const answer = await post(service, path, body)
      const { error } = JSON.parse(answer.body)
      expect([path, answer.status]).toEqual([path, 400])
      expect(error).toEqual(
        path === '/api/chat' ? expect.any(String) : expect.objectContaining({ type: 'invalid_request_error' }),
      )
    }
  })

  test('what the model itself cannot do is told in its own words', async () => {
    const asked = { words, rest: { think: true } }
    const told = await ollamaDoor.ask(service, asked)
    expect(told).toMatchObject({ status: 400, error: '"otto-scripted" does not support thinking' })
    const openAi = await openAiDoor.ask(service, { words, rest: { reasoning_effort: 'high' } })
    expect(openAi).toMatchObject({ status: 400, error: expect.stringContaining('does not support thinking') })
  })

  test.each(['/api/pull', '/api/push', '/api/create', '/api/copy'])('%s is a 403', async (path) => {
    const before = service.model.requests.length
    const { status, body } = await post(service, path, { model: 'otto-scripted' })
    expect([status, JSON.parse(body).error]).toEqual([
      403,
      expect.stringMatching(/^This service does not manage models\./),
    ])
    expect(service.model.requests.slice(before).filter((seen) => seen.path === path)).toEqual([])
  })
})

describe('a move that the rules refuse', () => {
  const orderOf = (gameId: string) => `call ttt_make_move ${JSON.stringify({ gameId, player: 'O', cell: 4 })}`

  test.each(doors)('is part of a good answer ($name)', async ({ ask }) => {
    const { gameId } = await startedGame(service)
    const told = await ask(service, { words: orderOf(gameId) })
    expect(told).toMatchObject({ status: 200, end: 'done' })
    expect(told.text).toMatch(/^That was refused\./)
  })

  test('is reported as a run that failed, with the hint', async () => {
    const { gameId } = await startedGame(service)
    const { status, runs } = await generate(service, orderOf(gameId))
    expect(status).toBe(200)
    expect(runs).toMatchObject([{ tool: 'ttt_make_move', success: false, result: { code: 'INVALID_MOVE' } }])
    expect(runs[0]?.result['hint']).toEqual(expect.any(String))
  })
})
