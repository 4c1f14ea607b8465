import { Ollama } from 'ollama'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { LlmUnavailableError } from '../../../src/llm/errors.ts'
import type { Script } from '../../llm/upstream.ts'
import { startUpstream } from '../../llm/upstream.ts'
import { open, toBytes } from '../raw-http.ts'
import { forwardTo, get, hi, openDoor, post, readLines } from './door.ts'

// Nothing in them is as we would write it: blanks, an escape, members that we do not know.
const odd = '{ "model":"qwen3",\t"messages":[{"role":"user","content":"\\u0068i"}],"extra":[1.0],"stream":false}\n'
const words = '{"model":"qwen3", "x":1.0}\n\n{"error":"\\u00e4ä"}'
const answered: Script = { headers: { 'content-type': 'application/x-ndjson; of=ollama' }, steps: [words] }

/** A door in front of a model server that answers as told. */
async function openPair(answer: Script = answered, deps: Parameters<typeof openDoor>[0] = {}) {
  const upstream = await startUpstream(answer)
  const door = await openDoor({ forward: forwardTo(upstream.url), ...deps })
  return {
    upstream,
    door,
    /** What the model server got. */
    got: () =>
      upstream.requests.map(({ method, path, headers, body }) => ({
        method,
        path,
        type: headers['content-type'],
        body,
      })),
    [Symbol.asyncDispose]: async () => {
      await door[Symbol.asyncDispose]()
      await upstream.close()
    },
  }
}

describe('what passes byte by byte', () => {
  const task = '{"model":"qwen3","messages":[{"role":"user","content":"### Task:\\nName this chat"}] }'
  const form = '{"model":"qwen3","messages":[{"role":"user","content":"hi"}], "format":"json"}'
  const load = '{"model":"qwen3", "messages":[],"keep_alive":0}'
  const prompt = '{"model":"qwen3", "prompt":"hi"}'

  test.each([
    { name: 'a side task', path: '/api/chat', body: task },
    { name: 'a form to fill in', path: '/api/chat', body: form },
    { name: 'an order to load', path: '/api/chat', body: load },
    { name: 'a chat without messages', path: '/api/chat', body: '{"model":"qwen3" }' },
    { name: 'a chat without tools by header', path: '/api/chat', body: odd, headers: { 'x-otto-tools': 'off' } },
    { name: 'a chat without tools by query', path: '/api/chat?tools=off', body: odd },
    { name: 'a prompt', path: '/api/generate', body: prompt },
    { name: 'show', path: '/api/show', body: '{"model":"qwen3", "verbose":false}' },
    { name: 'embed', path: '/api/embed', body: '{"model":"qwen3", "input":["a"]}' },
    { name: 'embeddings', path: '/api/embeddings', body: '{"model":"qwen3", "prompt":"a"}' },
    { name: 'a chat at /generate', path: '/generate?tools=off', body: odd, to: '/api/chat' },
    { name: 'a side task at /generate', path: '/generate', body: task, to: '/api/chat' },
    { name: 'a prompt at /generate', path: '/generate?tools=off', body: prompt, to: '/api/generate' },
    {
      name: 'a raw prompt',
      path: '/generate',
      body: '{"model":"qwen3", "prompt":"hi","raw":true}',
      to: '/api/generate',
    },
    {
      name: 'a form at /generate',
      path: '/generate',
      body: '{"model":"m", "prompt":"hi","format":{}}',
      to: '/api/generate',
    },
    { name: 'a load at /generate', path: '/generate', body: '{"model":"qwen3" }', to: '/api/generate' },
    { name: 'an unload', path: '/generate', body: '{"model":"m", "prompt":"","keep_alive":0}', to: '/api/generate' },
  ])('$name', async ({ path, body, headers = {}, to = path.split('?')[0] }) => {
    await using pair = await openPair()
    const answer = await post(pair.door, path, { body, headers })
    expect(pair.got()).toEqual([{ method: 'POST', path: to, type: 'application/json', body }])
    expect(pair.door.asked).toEqual([])
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/x-ndjson; of=ollama', 'x-accel-buffering': 'no' },
      body: words,
    })
  })

  test.each(['/api/version', '/api/tags', '/api/ps'])('GET %s, without what the client adds', async (path) => {
    await using pair = await openPair()
    const answer = await get(pair.door, `${path}?a=1`, 'GET', { authorization: 'Bearer secret' })
    expect(answer).toMatchObject({ status: 200, body: words })
    expect(pair.got()).toEqual([{ method: 'GET', path, type: undefined, body: '' }])
    expect(pair.upstream.requests[0]?.headers).not.toHaveProperty('authorization')
  })

  test.each(['/api/version', '/api/tags'])('HEAD %s', async (path) => {
    await using pair = await openPair()
    expect(await get(pair.door, path, 'HEAD')).toMatchObject({ status: 200, body: '' })
    expect(pair.got()).toMatchObject([{ method: 'HEAD', path }])
  })

  test("the model server's own refusals", async () => {
    const refusal = '{"error":"\\"qwen3\\" does not support generate"}'
    const headers = { 'content-type': 'application/json; charset=utf-8' }
    await using pair = await openPair({ status: 400, headers, steps: [refusal] })
    const answer = await post(pair.door, '/api/generate', { body: { model: 'qwen3', prompt: 'hi' } })
    expect(answer).toMatchObject({ status: 400, headers, body: refusal })
  })

  test('an answer without a type', async () => {
    await using pair = await openPair({ steps: [] })
    expect(await post(pair.door, '/api/show', { body: {} })).toMatchObject({ status: 200, body: '' })
  })

  test('each piece as it comes', async () => {
    const read = Promise.withResolvers<void>()
    await using pair = await openPair({
      steps: ['{"status":"pulling manifest"}\n', { until: read.promise }, '{"status":"success"}\n'],
    })
    const { body } = await request(`${pair.door.url}/api/embed`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    const chunks: string[] = []
    for await (const chunk of body) {
      chunks.push(String(chunk))
      read.resolve()
    }
    expect(chunks[0]).toBe('{"status":"pulling manifest"}\n')
    expect(chunks.join('')).toBe('{"status":"pulling manifest"}\n{"status":"success"}\n')
  })
})

describe('a model server that fails', () => {
  test('before its answer is told in `error`', async () => {
    await using door = await openDoor({
      forward: async () => {
        throw new LlmUnavailableError()
      },
    })
    const answer = await post(door, '/api/generate', { body: { model: 'qwen3', prompt: 'hi' } })
    expect(answer.status).toBe(502)
    expect(JSON.parse(answer.body)).toMatchObject({
      error: expect.stringMatching(/unreachable/),
      code: 'LLM_UNAVAILABLE',
    })
  })

  test('in the middle closes the connection', async () => {
    await using pair = await openPair({ steps: ['{"response":"I"', 'reset'] })
    await expect(post(pair.door, '/api/generate', { body: { model: 'qwen3', prompt: 'hi' } })).rejects.toThrow()
    // It goes on to serve.
    await expect(post(pair.door, '/api/chat', { body: hi })).resolves.toMatchObject({ status: 200 })
  })
})

test.each<{ name: string; steps: Script['steps'] }>([
  { name: 'before its answer', steps: ['hang'] },
  { name: 'in its answer', steps: ['{}', 'hang'] },
])('a client that hangs up closes the way to the model server $name', async ({ steps }) => {
  await using pair = await openPair({ steps })
  const body = JSON.stringify({ model: 'qwen3', prompt: 'hi' })
  const headers = { 'content-type': 'application/json' }
  const bytes = toBytes(pair.door.port, { method: 'POST', path: '/api/generate', headers, body })
  const exchange = open(pair.door.port, bytes)
  const { closed } = await pair.upstream.request()
  exchange.hangUp()
  await closed
  expect(pair.door.logged).toEqual([])
})

describe('models', () => {
  const managed = [
    { method: 'POST', path: '/api/pull' },
    { method: 'POST', path: '/api/create' },
    { method: 'POST', path: '/api/copy' },
    { method: 'POST', path: '/api/push' },
    { method: 'DELETE', path: '/api/delete' },
  ] as const

  test.each(managed)('$method $path is refused, body unread', async ({ method, path }) => {
    await using pair = await openPair()
    const answer = await post(pair.door, path, { method, body: '{"model"' })
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toEqual({
      error: 'This service does not manage models. An operator may allow it: see OTTO_OLLAMA_ADMIN.',
      code: 'FORBIDDEN',
    })
    expect(pair.got()).toEqual([])
  })

  test.each(managed)('$method $path passes where an operator allows it', async ({ method, path }) => {
    await using pair = await openPair(undefined, { allowAdmin: true })
    const answer = await post(pair.door, path, { method, body: '{"model":"qwen3" }' })
    expect(answer.body).toBe(words)
    expect(pair.got()).toEqual([{ method, path, type: 'application/json', body: '{"model":"qwen3" }' }])
  })

  test.each([false, true])('files are not taken, admin or not (%s)', async (allowAdmin) => {
    await using pair = await openPair(undefined, { allowAdmin })
    const path = `/api/blobs/sha256:${'0'.repeat(64)}`
    const headers = { 'content-type': 'application/octet-stream' }
    const answer = await post(pair.door, path, { body: Buffer.alloc(100_000), headers })
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body).error).toBe(
      'This service does not manage models. Send files to the model server itself.',
    )
    expect(await get(pair.door, path, 'HEAD')).toMatchObject({ status: 403 })
    expect(pair.got()).toEqual([])
  })
})

describe('where the model server is no Ollama', () => {
  test('the official client finds the one model that is configured', async () => {
    await using door = await openDoor({ defaultModel: 'gpt-oss:20b' })
    const client = new Ollama({ host: door.url })
    expect((await client.version()).version).toMatch(/^\d+\.\d+\.\d+$/)
    const { models } = await client.list()
    expect(models).toMatchObject([{ name: 'gpt-oss:20b', model: 'gpt-oss:20b', details: { families: [] } }])
    expect((await client.show({ model: 'gpt-oss:20b' })).capabilities).toEqual(['completion', 'tools'])
    await expect(client.show({ model: 'nope' })).rejects.toMatchObject({
      status_code: 404,
      error: "model 'nope' not found",
    })
  })

  test('the older word for a model is known, and a wrong one finds nothing', async () => {
    await using door = await openDoor()
    expect((await post(door, '/api/show', { body: { name: 'llama3.2' } })).status).toBe(200)
    for (const body of [{}, [], { model: 5 }]) expect((await post(door, '/api/show', { body })).status).toBe(404)
  })

  test.each([
    { path: '/api/generate', body: { model: 'llama3.2', prompt: 'hi' } },
    { path: '/api/embed', body: {} },
    { path: '/api/embeddings', body: {} },
    { path: '/api/pull', body: {} },
  ])('$path is not there', async ({ path, body }) => {
    await using door = await openDoor({ allowAdmin: true })
    const answer = await post(door, path, { body })
    expect(answer.status).toBe(404)
    expect(JSON.parse(answer.body)).toMatchObject({ error: expect.any(String), code: 'NOT_FOUND' })
  })

  test('a side task is a turn without tools', async () => {
    await using door = await openDoor()
    await post(door, '/api/chat', { body: { ...hi, format: 'json' } })
    expect(door.asked).toMatchObject([{ mode: 'off', rest: { format: 'json' } }])
  })

  test('an order to load is done at once', async () => {
    await using door = await openDoor()
    const lines = readLines((await post(door, '/api/chat', { body: { model: 'llama3.2' } })).body)
    expect(lines).toEqual([expect.objectContaining({ model: 'llama3.2', done: true, done_reason: 'load' })])
    expect(door.asked).toEqual([])
  })
})
