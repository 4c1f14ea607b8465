import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { LlmUnavailableError } from '../../../src/llm/errors.ts'
import type { Forward, Forwarded } from '../../../src/llm/language-model.ts'
import { open, posted, toBytes } from '../raw-http.ts'
import { ended, post, said, scriptedChat, startDoor } from './_door.ts'

const path = '/v1/chat/completions'
const sideTask = { role: 'user', content: '### Task:\nSuggest a title.' }

/** Answers with these pieces and remembers what it was sent. */
function scriptedForward(pieces: readonly (string | Error)[], more: Partial<Forwarded> = {}) {
  const sent: { method: string; path: string; text: string; signal: AbortSignal }[] = []
  async function* body() {
    for (const piece of pieces) {
      if (piece instanceof Error) throw piece
      yield Buffer.from(piece)
    }
  }
  const forward: Forward = async ({ method, path: at, body: bytes = new Uint8Array(), signal }) => {
    sent.push({ method, path: at, text: Buffer.from(bytes).toString(), signal })
    return { status: 200, contentType: 'text/event-stream', body: body(), ...more }
  }
  return { sent, forward }
}

describe('what wants no tools of ours', () => {
  test.each([
    { name: 'a side task', body: { model: 'm', messages: [sideTask] }, headers: {} },
    {
      name: 'a form to be filled in',
      body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }], response_format: { type: 'json_object' } },
      headers: {},
    },
    { name: 'a caller who says so', body: { model: 'm', messages: 'as it likes' }, headers: { 'x-otto-tools': 'off' } },
  ])('$name goes through byte by byte, and so does the answer', async ({ body, headers }) => {
    const { forward, sent } = scriptedForward(['data: {"a"', ': 1}\r\n\r\n', 'data: [DONE]\n\n'])
    const { turn, asked } = scriptedChat([ended()])
    await using door = await startDoor({ turn, forward })
    const text = `  ${JSON.stringify(body, null, 3)}\n`
    const answer = await post(`${door.url}${path}`, text, headers)
    expect(sent).toMatchObject([{ method: 'POST', path, text }])
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'text/event-stream'])
    expect(answer.text).toBe('data: {"a": 1}\r\n\r\ndata: [DONE]\n\n')
    expect(asked).toEqual([])
  })

  test.each([
    { name: 'a side task', body: { model: 'm', messages: [sideTask] }, headers: {} },
    {
      name: 'a caller who says so',
      body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
      headers: { 'x-otto-tools': 'off' },
    },
  ])('$name is a turn without them where the model server speaks another language', async ({ body, headers }) => {
    const { turn, asked } = scriptedChat([said('A title'), ended()])
    await using door = await startDoor({ turn })
    const answer = await post(`${door.url}${path}`, body, headers)
    expect(JSON.parse(answer.text).choices[0].message.content).toBe('A title')
    expect(asked.map(({ request }) => request.mode)).toEqual(['off'])
  })

  test('a chat does not go through', async () => {
    const { forward, sent } = scriptedForward([])
    await using door = await startDoor({ forward })
    await post(`${door.url}${path}`, { messages: [{ role: 'user', content: 'Your move.' }] })
    expect(sent).toEqual([])
  })
})

describe('what the model server serves itself', () => {
  test.each(['/v1/responses', '/v1/completions', '/v1/embeddings', '/v1/messages'])('%s', async (at) => {
    const { forward, sent } = scriptedForward(['{"error":"no"}'], { status: 418, contentType: 'application/json' })
    await using door = await startDoor({ forward })
    const answer = await post(`${door.url}${at}`, '{"input": 1}')
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      418,
      'application/json',
      '{"error":"no"}',
    ])
    expect(sent).toMatchObject([{ method: 'POST', path: at, text: '{"input": 1}' }])

    await using alone = await startDoor({})
    const refused = await post(`${alone.url}${at}`, {})
    expect([refused.status, JSON.parse(refused.text).error]).toEqual([
      404,
      { message: expect.any(String), type: 'not_found_error', param: null, code: 'not_found' },
    ])
  })

  test('a model server that is away is told in our words', async () => {
    const forward: Forward = async () => {
      throw new LlmUnavailableError()
    }
    await using door = await startDoor({ forward })
    const answer = await post(`${door.url}/v1/embeddings`, {})
    expect([answer.status, JSON.parse(answer.text).error.code]).toEqual([502, 'llm_unavailable'])
  })

  test('an answer that breaks off is not passed on as a whole one', async () => {
    const { forward } = scriptedForward(['data: 1\n\n', new Error('cut')])
    await using door = await startDoor({ forward })
    await expect(post(`${door.url}/v1/responses`, {})).rejects.toThrow()
  })
})

describe('a caller who hangs up', () => {
  const closers: (() => void)[] = []
  afterEach(() => {
    for (const close of closers.splice(0)) close()
  })

  test('before an answer came is no fault of anybody', async () => {
    const begun = Promise.withResolvers<void>()
    const noticed = Promise.withResolvers<void>()
    const forward: Forward = async ({ signal }) => {
      begun.resolve()
      await once(signal, 'abort')
      noticed.resolve()
      throw signal.reason
    }
    await using door = await startDoor({ forward })
    const exchange = open(door.port, toBytes(door.port, posted('/v1/responses', {})))
    await begun.promise
    exchange.hangUp()
    await noticed.promise
    await door.client.chat.completions.create({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
    expect(door.logged.filter(({ level }) => Number(level) >= 40)).toEqual([])
  })

  test('closes the way to the model server', async () => {
    const begun = Promise.withResolvers<void>()
    const closed = Promise.withResolvers<void>()
    const upstream = createServer((_request, response) => {
      response.write('data: 1\n\n')
      begun.resolve()
      response.on('close', closed.resolve)
    })
    closers.push(() => upstream.close())
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
    const { port } = upstream.address() as AddressInfo // it listens on a port
    const forward: Forward = async ({ path: at, signal }) => {
      const answer = await request(`http://127.0.0.1:${port}${at}`, { signal })
      return { status: answer.statusCode, contentType: 'text/event-stream', body: answer.body }
    }
    await using door = await startDoor({ forward })
    const exchange = open(door.port, toBytes(door.port, posted('/v1/responses', {})))
    await begun.promise
    exchange.hangUp()
    await closed.promise
    expect(door.logged.filter(({ level }) => Number(level) >= 40)).toEqual([])
  })
})
