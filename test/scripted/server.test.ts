import { once } from 'node:events'
import { connect } from 'node:net'
import type { ChatResponse } from 'ollama'
import { Ollama } from 'ollama'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { ScriptedServer } from '../../src/scripted/server.ts'
import { gameId, gameTools, startScripted } from './_scripted.ts'

let server: ScriptedServer
let ollama: Ollama
const agent = new Agent({ keepAliveTimeout: 100 })
beforeAll(async () => {
  server = await startScripted()
  ollama = new Ollama({ host: server.url })
})
afterAll(async () => {
  await server.close()
  await agent.close()
})

const started = async (options: Parameters<typeof startScripted>[0]) => {
  const own = await startScripted(options)
  onTestFinished(() => own.close())
  return own
}

const send = async (path: string, body?: string | object, { method = 'POST', url = server.url } = {}) => {
  const text = typeof body === 'object' ? JSON.stringify(body) : (body ?? null)
  const answer = await request(`${url}${path}`, { method, body: text, dispatcher: agent })
  return { status: answer.statusCode, type: answer.headers['content-type'], text: await answer.body.text() }
}
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
const ask = (content: string) => [{ role: 'user', content }]

/** All chunks of a streamed chat. */
const chunksOf = async (model: string, content: string): Promise<ChatResponse[]> => {
  const chunks: ChatResponse[] = []
  const stream = await ollama.chat({ model, messages: ask(content), tools: gameTools, stream: true })
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

describe('what it says that it is', () => {
  test('is scripted, wherever it is asked', async () => {
    const { models } = await ollama.list()
    expect(models.map(({ name }) => name)).toEqual(
      ['latest', 'native', 'text', 'thinking'].map((tag) => `otto-scripted:${tag}`),
    )
    for (const { details, model } of models) {
      expect(details.family).toBe('scripted')
      const shown = await ollama.show({ model })
      expect(shown.details.family).toBe('scripted')
      expect(shown.license).toContain('not a language model')
      expect(shown.modelfile).toContain('scripted')
    }
  })

  test.each([
    { tag: 'latest', capabilities: ['completion', 'tools'] },
    { tag: 'text', capabilities: ['completion'] },
    { tag: 'thinking', capabilities: ['completion', 'tools', 'thinking'] },
    { tag: 'cut', capabilities: ['completion', 'tools'] },
  ])('$tag can do $capabilities', async ({ tag, capabilities }) => {
    const shown = await ollama.show({ model: `otto-scripted:${tag}` })
    expect(shown.capabilities).toEqual(capabilities)
    expect(shown.model_info).toMatchObject({ 'scripted.context_length': 131_072 })
  })

  test('a model is running from its first use until it is unloaded', async () => {
    const own = await started({})
    const client = new Ollama({ host: own.url })
    expect(await client.ps()).toEqual({ models: [] })
    await client.chat({ model: 'otto-scripted', messages: ask('hello'), keep_alive: '1h', options: { num_ctx: 4096 } })
    const [running] = (await client.ps()).models
    expect(running).toMatchObject({ model: 'otto-scripted:latest', context_length: 4096, size_vram: 0 })
    expect(Date.parse(String(running?.expires_at)) - Date.now()).toBeGreaterThan(3_500_000)
    const unloaded = await send(
      '/api/generate',
      { model: 'otto-scripted', prompt: '', keep_alive: 0 },
      { url: own.url },
    )
    expect(JSON.parse(unloaded.text)).toMatchObject({ response: '', done: true, done_reason: 'unload' })
    expect(await client.ps()).toEqual({ models: [] })
  })

  test.each([
    { method: 'GET', path: '/', status: 200, text: 'Ollama is running' },
    { method: 'HEAD', path: '/', status: 200, text: '' },
    { method: 'HEAD', path: '/api/tags', status: 200, text: '' },
    { method: 'GET', path: '/api/version', status: 200, text: '{"version":"0.33.0"}' },
    { method: 'GET', path: '/api/chat', status: 405, text: '405 method not allowed' },
    { method: 'POST', path: '/api/tags', status: 405, text: '405 method not allowed' },
    { method: 'GET', path: '/api/nothing', status: 404, text: '404 page not found' },
  ])('$method $path answers $status', async ({ method, path, status, text }) => {
    expect(await send(path, undefined, { method })).toMatchObject({ status, text })
  })
})

describe('a chat', () => {
  test('streams words and ends once, with what it cost', async () => {
    const { status, type, text } = await send('/api/chat', { model: 'otto-scripted', messages: ask('hello') })
    expect({ status, type }).toEqual({ status: 200, type: 'application/x-ndjson' })
    const lines = linesOf(text)
    expect(lines.length).toBeGreaterThan(5)
    expect(lines.filter(({ done }) => done)).toEqual([lines.at(-1)])
    expect(lines.map(({ message }) => message.content).join('')).toContain('a script and not a language model')
    for (const { model, created_at } of lines) {
      expect(model).toBe('otto-scripted')
      expect(created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/)
    }
    expect(lines.at(-1)).toMatchObject({
      message: { role: 'assistant', content: '' },
      done_reason: 'stop',
      total_duration: expect.any(Number),
      prompt_eval_count: expect.any(Number),
      eval_count: lines.length - 1,
    })
  })

  test('is one object where no stream is wanted', async () => {
    const answer = await ollama.chat({ model: 'otto-scripted', messages: ask('play a game'), tools: gameTools })
    expect(answer).toMatchObject({
      done: true,
      message: { content: '', tool_calls: [{ function: { name: 'ttt_create_game', arguments: {} } }] },
    })
  })

  test('makes its calls on a line of their own', async () => {
    const chunks = await chunksOf('otto-scripted', 'play a game')
    expect(chunks.map(({ done, message }) => [done, message.tool_calls?.length])).toEqual([
      [false, 1],
      [true, undefined],
    ])
    expect(chunks[0]?.message.tool_calls).toEqual([
      {
        id: expect.stringMatching(/^call_[0-9a-f]{8}$/),
        function: { index: 0, name: 'ttt_create_game', arguments: {} },
      },
    ])
  })

  test('of the native kind makes them on the last line, after some text', async () => {
    const chunks = await chunksOf('otto-scripted:native', 'play a game')
    expect(chunks.map(({ message }) => message.content).join('')).toBe('Let me play.\n\n')
    expect(chunks.filter(({ message }) => message.tool_calls)).toEqual([chunks.at(-1)])
    expect(chunks.at(-1)).toMatchObject({ done: true, done_reason: 'stop' })
  })

  test('of the thinking kind thinks first, unless it is told not to', async () => {
    const [first, ...others] = await chunksOf('otto-scripted:thinking', 'play a game')
    expect(first?.message).toMatchObject({ content: '', thinking: 'Next' })
    expect(others.at(-1)?.message.thinking).toBeUndefined()
    const silent = await ollama.chat({ model: 'otto-scripted:thinking', messages: ask('hello'), think: false })
    expect(silent.message.thinking).toBeUndefined()
  })

  test('of the kind without tools writes them where a system message tells of them', async () => {
    const system = { role: 'system', content: 'To call a tool write {"tool": "ttt_create_game", "args": {}}.' }
    const messages = [system, ...ask('play a game')]
    const { message } = await ollama.chat({ model: 'otto-scripted:text', messages })
    expect(message).toEqual({ role: 'assistant', content: '```json\n{"tool":"ttt_create_game","args":{}}\n```' })
  })

  test('is escaped as Go escapes it', async () => {
    const echo = `call ttt_get_state {"gameId":"<${gameId}>&"}`
    const { text } = await send('/api/chat', { model: 'otto-scripted', messages: ask(echo), tools: gameTools })
    expect(text).toContain(`"\\u003c${gameId}\\u003e\\u0026"`)
    expect(linesOf(text)[0].message.tool_calls[0].function.arguments).toEqual({ gameId: `<${gameId}>&` })
  })

  test('without messages loads', async () => {
    const { type, text } = await send('/api/chat', { model: 'otto-scripted', messages: [] })
    expect(type).toBe('application/json; charset=utf-8')
    expect(JSON.parse(text)).toMatchObject({ message: { content: '' }, done: true, done_reason: 'load' })
  })

  test('says no more tokens than it may', async () => {
    const answer = await ollama.chat({ model: 'otto-scripted', messages: ask('hello'), options: { num_predict: 3 } })
    expect(answer).toMatchObject({ message: { content: 'I am otto-scripted,' }, done_reason: 'length', eval_count: 3 })
  })

  test('that is longer than its context loses its tools and tells that it is full', async () => {
    const messages = [{ role: 'system', content: 'long '.repeat(2_000) }, ...ask('play a game')]
    const options = { num_ctx: 1_024 }
    const cut = await ollama.chat({ model: 'otto-scripted', messages, tools: gameTools, options })
    expect(cut.prompt_eval_count).toBe(1_024)
    expect(cut.message.tool_calls).toBeUndefined()
    const whole = await ollama.chat({ model: 'otto-scripted', messages, tools: gameTools })
    expect(whole.prompt_eval_count).toBeGreaterThan(2_500)
    expect(whole.message.tool_calls).toHaveLength(1)
  })
})

test('generate says it as a response, stream or not', async () => {
  const answer = await ollama.generate({ model: 'otto-scripted', prompt: 'hello' })
  expect(answer).toMatchObject({ done: true, response: expect.stringContaining('a script'), context: [1] })
  expect(answer).not.toHaveProperty('message')
  let text = ''
  for await (const { response } of await ollama.generate({ model: 'otto-scripted', prompt: 'hello', stream: true }))
    text += response
  expect(text).toBe(answer.response)
  const json = await ollama.generate({ model: 'otto-scripted', prompt: 'hello', format: 'json' })
  expect(JSON.parse(json.response ?? '')).toEqual({ answer: 'Tic-tac-toe' })
})

describe('a request that Ollama refuses', () => {
  const chat = (fields: object) => ({ model: 'otto-scripted', messages: ask('hello'), ...fields })
  const calling = (args: unknown) => [{ role: 'assistant', tool_calls: [{ function: { name: 'x', arguments: args } }] }]
  test.each([
    { name: 'no body', body: undefined, status: 400, says: /^missing request body$/ },
    { name: 'no JSON', body: '{', status: 400, says: /^invalid character/ },
    { name: 'no model', body: chat({ model: '' }), status: 400, says: /^model is required$/ },
    { name: 'an unknown model', body: chat({ model: 'gpt' }), status: 404, says: /^model 'gpt' not found$/ },
    {
      name: 'content in parts',
      body: chat({ messages: [{ role: 'user', content: [{ type: 'text', text: 'hello' }] }] }),
      status: 400,
      says: /cannot unmarshal array into Go struct field ChatRequest\.messages\.content of type string/,
    },
    {
      name: 'arguments as a string',
      body: chat({ messages: calling('{}') }),
      status: 400,
      says: /cannot unmarshal string into Go struct field ChatRequest\.messages\.tool_calls\.function\.arguments/,
    },
    {
      name: 'tools for a model that takes none',
      body: chat({ model: 'otto-scripted:text', tools: gameTools }),
      status: 400,
      says: /\/otto-scripted:text does not support tools$/,
    },
    {
      name: 'thinking of a model that does not',
      body: chat({ think: true }),
      status: 400,
      says: /^"otto-scripted" does not support thinking$/,
    },
    {
      name: 'a keep-alive that is none',
      body: chat({ keep_alive: 'soon' }),
      status: 400,
      says: /invalid duration "soon"/,
    },
  ])('$name: $status', async ({ body, status, says }) => {
    const answer = await send('/api/chat', body)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.text)).toEqual({ error: expect.stringMatching(says) })
  })

  test('null is the same as nothing', async () => {
    const answer = await send(
      '/api/chat',
      chat({ tools: null, format: null, options: null, think: null, stream: null }),
    )
    expect(answer).toMatchObject({ status: 200, type: 'application/x-ndjson' })
  })

  test('a body over 16 MiB', async () => {
    const answer = await send('/api/chat', ' '.repeat(16 * 1024 * 1024 + 1))
    expect(answer).toMatchObject({ status: 413, text: '{"error":"http: request body too large"}' })
  })

  test('an unknown model at show', async () => {
    await expect(ollama.show({ model: 'gpt' })).rejects.toMatchObject({
      status_code: 404,
      error: "model 'gpt' not found",
    })
  })
})

describe('the server', () => {
  test('answers with as many chunks as it is told', async () => {
    const own = await started({ chunks: 200 })
    const { text } = await send('/api/chat', { model: 'otto-scripted', messages: ask('hello') }, { url: own.url })
    expect(linesOf(text)).toHaveLength(201)
    expect(linesOf(text).at(-1).eval_count).toBe(200)
  })

  test('remembers the newest 100 requests', async () => {
    const own = await started({})
    for (let count = 0; count < 101; count++)
      await send(`/api/version?${count}`, undefined, { method: 'GET', url: own.url })
    await send('/api/show', { model: 'x' }, { url: own.url })
    expect(own.requests).toHaveLength(100)
    const { method, path, body, ended } = own.requests.at(-1) ?? {}
    expect({ method, path, body, ended: await ended }).toEqual({
      method: 'POST',
      path: '/api/show',
      body: '{"model":"x"}',
      ended: 'answered',
    })
  })

  test('takes 64 requests at a time, and no more', async () => {
    const own = await started({ misbehave: 'silent' })
    const { port } = new URL(own.url)
    const body = JSON.stringify({ model: 'otto-scripted', messages: ask('hello') })
    const sockets = Array.from({ length: 65 }, () => {
      const socket = connect(Number(port), '127.0.0.1')
      socket.on('error', () => {}) // the server's end cuts them off
      socket.write(`POST /api/chat HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
      return socket
    })
    const refused = await Promise.race(sockets.map(async (socket) => String((await once(socket, 'data'))[0])))
    expect(refused).toMatch(/^HTTP\/1\.1 503 .*"server busy, please try again\. {2}maximum pending requests exceeded"/s)
  })

  test('says when its port is taken', async () => {
    const { port } = new URL(server.url)
    await expect(startScripted({ port: Number(port) })).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      hint: expect.stringContaining('choose another one'),
    })
  })
})
