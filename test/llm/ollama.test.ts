import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { OllamaModel } from '../../src/llm/ollama.ts'
import { createOllama } from '../../src/llm/ollama.ts'
import { systemClock } from '../../src/system.ts'
import { forever } from './_questions.ts'
import type { Started } from './_started.ts'
import { startWith, useRealSockets } from './_started.ts'
import { createHastyClock } from './_wires.ts'
import type { Script } from './upstream.ts'
import { closedUrl } from './upstream.ts'

useRealSockets()

const start = (
  answer: Script | readonly Script[],
  { clock = systemClock, path = '' } = {},
): Promise<Started<OllamaModel>> =>
  startWith(answer, (url) => createOllama({ url: url + path, numCtx: 8192, clock, random: () => 0.5 }))

describe('capabilities', () => {
  const shown = (value: JsonObject): Script => ({ steps: [JSON.stringify(value)] })

  test.each<{ name: string; value: JsonObject; found: object }>([
    {
      name: 'tools and a length',
      value: { capabilities: ['completion', 'tools'], model_info: { 'llama.context_length': 131_072 } },
      found: { tools: true, contextLength: 131_072 },
    },
    { name: 'no tools', value: { capabilities: ['completion'] }, found: { tools: false, contextLength: undefined } },
    { name: 'an old server', value: { details: {} }, found: { tools: undefined, contextLength: undefined } },
    {
      name: 'the length of the architecture',
      value: {
        model_info: { 'clip.context_length': 77, 'general.architecture': 'gemma3', 'gemma3.context_length': 8192 },
      },
      found: { tools: undefined, contextLength: 8192 },
    },
  ])('$name', async ({ value, found }) => {
    await using started = await start(shown(value))
    expect(await started.model.capabilities('llama3.2', { signal: forever })).toEqual(found)
    expect(started.upstream.requests).toMatchObject([
      { method: 'POST', path: '/api/show', body: '{"model":"llama3.2"}' },
    ])
  })

  test('are remembered per model, for five minutes', async () => {
    let nowMs = 0
    const clock = { ...systemClock, monotonicMs: () => nowMs }
    await using started = await start([shown({ capabilities: [] }), shown({ capabilities: ['tools'] })], { clock })
    const { model, upstream } = started
    const toolsOf = async (name: string) => (await model.capabilities(name, { signal: forever })).tools
    expect([await toolsOf('a'), await toolsOf('a')]).toEqual([false, false])
    expect(await toolsOf('b')).toBe(true)
    expect(upstream.requests).toHaveLength(2)
    nowMs = 299_999
    expect(await toolsOf('a')).toBe(false)
    nowMs = 300_000
    expect(await toolsOf('a')).toBe(true)
  })

  test('a failure is not remembered', async () => {
    const missing = { status: 404, steps: ['{"error":"model \'a\' not found"}'] }
    await using started = await start([missing, shown({ capabilities: ['tools'] })])
    const { model } = started
    await expect(model.capabilities('a', { signal: forever })).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' })
    expect(await model.capabilities('a', { signal: forever })).toMatchObject({ tools: true })
  })

  test('junk is an error', async () => {
    await using started = await start({ steps: ['<html>'] })
    const failure = expect(started.model.capabilities('a', { signal: forever })).rejects
    await failure.toMatchObject({ code: 'LLM_BAD_RESPONSE' })
  })

  test('are waited for ten seconds', async () => {
    await using started = await start({ steps: ['hang'] }, { clock: createHastyClock() })
    const failure = expect(started.model.capabilities('a', { signal: forever })).rejects
    await failure.toMatchObject({ code: 'LLM_TIMEOUT', details: { waitedMs: 10_000 } })
    await (await started.upstream.request()).closed
  })
})

describe('passing on', () => {
  const text = async (body: AsyncIterable<Uint8Array>) => {
    let all = ''
    for await (const chunk of body) all += Buffer.from(chunk).toString()
    return all
  }

  test('a body as it came, both ways', async () => {
    const sent = Buffer.from('{"model": "llama3.2",  "insecure":true}')
    const headers = { 'content-type': 'application/x-ndjson' }
    await using started = await start({ headers, steps: ['{"status":"pulling"}\n', '{"status":"success"}\n'] })
    const { model, upstream } = started
    const answer = await model.forward({ method: 'POST', path: '/api/pull', body: sent, signal: forever })
    expect(answer).toMatchObject({ status: 200, contentType: 'application/x-ndjson' })
    expect(await text(answer.body)).toBe('{"status":"pulling"}\n{"status":"success"}\n')
    const request = await upstream.request()
    expect(request).toMatchObject({ method: 'POST', path: '/api/pull', body: sent.toString() })
    expect(Object.keys(request.headers).sort()).toEqual(['connection', 'content-length', 'content-type', 'host'])
  })

  test('without a body there is no content type', async () => {
    await using started = await start({ steps: ['{"models":[]}'] })
    const { model, upstream } = started
    const answer = await model.forward({ method: 'GET', path: '/api/tags', signal: forever })
    expect(answer).toMatchObject({ status: 200, contentType: undefined })
    expect(await text(answer.body)).toBe('{"models":[]}')
    expect((await upstream.request()).headers).not.toHaveProperty('content-type')
  })

  test.each([400, 404, 500, 503])('status %i is passed on, not judged', async (status) => {
    await using started = await start({ status, steps: ['{"error":"no"}'] })
    const { model, upstream } = started
    const answer = await model.forward({ method: 'GET', path: '/api/ps', signal: forever })
    expect([answer.status, await text(answer.body)]).toEqual([status, '{"error":"no"}'])
    expect(upstream.requests).toHaveLength(1)
  })

  test.each(['api/tags', '/api/../secret', '/api/tags?x=1', '/api/%2e%2e/x', '/api tags', ''])(
    'the path %j is refused',
    async (path) => {
      await using started = await start({ steps: [] })
      const { model, upstream } = started
      await expect(model.forward({ method: 'GET', path, signal: forever })).rejects.toThrow(TypeError)
      expect(upstream.requests).toEqual([])
    },
  )

  test('a redirect is an error', async () => {
    await using started = await start({ status: 302, headers: { location: 'http://127.0.0.1:1/' }, steps: [] })
    const answer = started.model.forward({ method: 'GET', path: '/api/tags', signal: forever })
    await expect(answer).rejects.toMatchObject({ code: 'LLM_BAD_RESPONSE' })
  })

  test('nobody there', async () => {
    const model = createOllama({ url: await closedUrl(), numCtx: 8192, clock: systemClock, random: () => 0.5 })
    const answer = model.forward({ method: 'GET', path: '/api/tags', signal: forever })
    await expect(answer).rejects.toMatchObject({ code: 'LLM_UNAVAILABLE' })
    await model.close()
  })

  test('the signal closes the socket, and the body throws its reason', async () => {
    const reason = new Error('The caller hung up.')
    const hangUp = new AbortController()
    await using started = await start({ steps: ['{"status":"pulling"}\n', 'hang'] })
    const { model, upstream } = started
    const { body } = await model.forward({ method: 'POST', path: '/api/pull', signal: hangUp.signal })
    const chunks = body[Symbol.asyncIterator]()
    await chunks.next()
    const next = expect(chunks.next()).rejects.toBe(reason)
    hangUp.abort(reason)
    await (await upstream.request()).closed
    await next
  })

  test('leaving the body closes the socket', async () => {
    await using started = await start({ steps: ['{"status":"pulling"}\n', 'hang'] })
    const { model, upstream } = started
    const { body } = await model.forward({ method: 'POST', path: '/api/pull', signal: forever })
    for await (const chunk of body) {
      expect(chunk.length).toBeGreaterThan(0)
      break
    }
    await (await upstream.request()).closed
  })

  test('a body that breaks off is an error', async () => {
    await using started = await start({ steps: ['{"status":"pulling"}\n', 'reset'] })
    const { body } = await started.model.forward({ method: 'POST', path: '/api/pull', signal: forever })
    await expect(text(body)).rejects.toMatchObject({ code: 'LLM_STREAM_CUT' })
  })
})
