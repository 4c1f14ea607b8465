import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Recorded, UpstreamServer } from '../llm/upstream.ts'
import { startUpstream } from '../llm/upstream.ts'
import type { Message } from './_chat.ts'
import { doors, generate, metric, ollamaDoor, openAiDoor, post } from './_chat.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

const key = 'sk-otto-test-0123456789'

type Asked = {
  readonly model: string
  readonly stream: boolean
  readonly messages: readonly Message[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
}

/** A server that speaks OpenAI's language: it moves X where "cell <n>" says, and tells the result in words. */
async function serve({ path, headers, body }: Recorded, response: ServerResponse): Promise<void> {
  const refuse = (status: number, error: object) => response.writeHead(status).end(JSON.stringify({ error }))
  if (headers.authorization !== `Bearer ${key}`) return void refuse(401, { message: `Incorrect API key: ${key}` })
  if (path !== '/v1/chat/completions') return void refuse(404, { message: 'Unknown path' })
  const { messages, tools = [], model } = JSON.parse(body) as Asked
  if (model === 'nope') return void refuse(404, { message: 'The model does not exist', code: 'model_not_found' })
  const result = messages.at(-1)?.role === 'tool' ? messages.at(-1)?.content : undefined
  const words = messages.findLast(({ role }) => role === 'user')?.content ?? ''
  const [, cell, gameId] = /cell (\d) in game (\S+)/.exec(words) ?? []
  response.setHeader('content-type', 'text/event-stream')
  if (result !== undefined) say(response, [{ content: `It is ${/"turn":"(\w)"/.exec(result)?.[1]}'s turn.` }], 'stop')
  else if (tools.length > 0 && cell)
    say(response, callInFragments({ gameId, player: 'X', cell: Number(cell) }), 'tool_calls')
  else say(response, [{ content: 'Hel' }, { content: 'lo.' }], 'stop')
}

/** As OpenAI does it: the name first, then the arguments in pieces that are no JSON by themselves. */
function callInFragments(args: object): object[] {
  const text = JSON.stringify(args)
  const head = { index: 0, id: 'call_up1', type: 'function', function: { name: 'ttt_make_move', arguments: '' } }
  const pieces = [text.slice(0, 7), text.slice(7, 30), text.slice(30)]
  return [head, ...pieces.map((piece) => ({ index: 0, function: { arguments: piece } }))].map((call) => ({
    tool_calls: [call],
  }))
}

function say(response: ServerResponse, deltas: readonly object[], reason: string): void {
  const event = (value: object) => response.write(`data: ${JSON.stringify({ id: 'chatcmpl-up', ...value })}\n\n`)
  for (const delta of deltas) event({ choices: [{ index: 0, delta, finish_reason: null }] })
  event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] })
  event({ choices: [], usage: { prompt_tokens: 40, completion_tokens: 2, total_tokens: 42 } })
  response.end('data: [DONE]\n\n')
}

let upstream: UpstreamServer
let service: Service
const model = 'gpt-otto'
beforeAll(async () => {
  upstream = await startUpstream(serve)
  service = await startService({
    OTTO_MODEL_PROVIDER: 'openai',
    OPENAI_URL: `${upstream.url}/v1`,
    OPENAI_API_KEY: key,
    OTTO_MODEL: model,
  })
})
afterAll(async () => {
  await service.close()
  await upstream.close()
})

const bodiesAbout = (subject: string): Asked[] =>
  upstream.requests.flatMap(({ body }) => (body.includes(subject) ? [JSON.parse(body) as Asked] : []))

describe('with OTTO_MODEL_PROVIDER=openai', () => {
  test.each(doors.flatMap(({ name, ask }) => [true, false].map((stream) => ({ name, ask, stream }))))(
    'a move is played, one call in fragments ($name, stream $stream)',
    async ({ ask, stream }) => {
      const { gameId } = await startedGame(service)
      const told = await ask(service, { words: `Make move X at cell 4 in game ${gameId}`, model, stream })
      expect(told).toMatchObject({ end: 'done', handed: [], reason: 'stop' })
      expect(told.text).toBe("It is O's turn.")
      expect((await service.result('ttt_get_state', { gameId })).board[4]).toBe('X')
      const [first, second] = bodiesAbout(gameId)
      expect(first?.tools).toHaveLength(6)
      expect(first?.messages[0]).toMatchObject({ role: 'system', content: expect.stringMatching(/^You are Otto/) })
      expect(second?.messages.slice(-2)).toMatchObject([
        { role: 'assistant', tool_calls: [{ id: 'call_up1', function: { arguments: expect.any(String) } }] },
        { role: 'tool', tool_call_id: 'call_up1' },
      ])
    },
  )

  test('a move is played at /generate, by the model that is configured', async () => {
    const { gameId } = await startedGame(service)
    const before = await metric(service, 'otto_chat_turns_total{finish="stop"}')
    const { response, runs } = await generate(service, `Make move X at cell 8 in game ${gameId}`)
    expect(response).toBe("It is O's turn.")
    expect(runs).toMatchObject([{ id: 'call_up1', tool: 'ttt_make_move', success: true, args: { cell: 8 } }])
    expect(bodiesAbout(gameId)[0]?.model).toBe(model)
    expect(await metric(service, 'otto_chat_turns_total{finish="stop"}')).toBe(before + 1)
  })

  test('clients of Ollama find the one model, and ask it', async () => {
    expect(await service.get('/api/tags')).toMatchObject({ status: 200, body: { models: [{ model }] } })
    expect(await service.get('/v1/models')).toMatchObject({ status: 200, body: { data: [{ id: model }] } })
    expect((await ollamaDoor.ask(service, { words: 'hello', model })).text).toBe('Hello.')
  })

  test('a side task gets no tools', async () => {
    const words = '### Task:\nGenerate a title for side-task-1.'
    expect((await ollamaDoor.ask(service, { words, model, stream: false })).text).toBe('Hello.')
    expect(bodiesAbout('side-task-1')[0]).not.toHaveProperty('tools')
  })

  test('an unknown model is a 404 at each door', async () => {
    const told = await Promise.all(doors.map(({ ask }) => ask(service, { words: 'hello', model: 'nope' })))
    expect(told.map(({ status }) => status)).toEqual([404, 404])
  })

  test('what only an Ollama has is not there', async () => {
    expect((await post(service, '/api/generate', { model, prompt: 'hi' })).status).toBe(404)
  })

  test('the key is in no log and in no answer', async () => {
    await openAiDoor.ask(service, { words: 'hello', model })
    expect(service.logs.join('')).not.toContain(key)
  })
})

test('a key that the model server refuses is told without the key', async () => {
  const wrong = await startService({
    OTTO_MODEL_PROVIDER: 'openai',
    OPENAI_URL: `${upstream.url}/v1`,
    OPENAI_API_KEY: 'sk-wrong-9876543210',
    OTTO_MODEL: model,
  })
  try {
    for (const { ask } of doors) {
      const told = await ask(wrong, { words: 'hello', model })
      expect([told.end, told.status]).toEqual(['refused', 502]) // 401 would send the caller to look for a key
      expect(told.error).toContain('The model server refuses the key of this service.')
      expect(told.error).not.toMatch(/sk-/)
    }
  } finally {
    await wrong.close()
  }
})
