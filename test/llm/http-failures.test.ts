import { describe, expect, test } from 'vitest'
import { BaseError } from '../../src/core/errors.ts'
import { LlmBadResponseError } from '../../src/llm/errors.ts'
import type { LanguageModel } from '../../src/llm/language-model.ts'
import { collect, collectUntilFailure, forever, question, withoutLines } from './_questions.ts'
import type { Started } from './_started.ts'
import { startWith, useRealSockets } from './_started.ts'
import type { Wire, WireOptions } from './_wires.ts'
import { createHastyClock, wires } from './_wires.ts'
import type { Script, UpstreamHandler } from './upstream.ts'
import { closedUrl } from './upstream.ts'

useRealSockets()

const start = (
  wire: Wire,
  answer: Script | readonly Script[] | UpstreamHandler,
  options?: WireOptions,
): Promise<Started<LanguageModel>> => startWith(answer, (url) => wire.open(url, options))

/** Every text that an error shows, its causes included. */
function textsOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const details = error instanceof BaseError ? JSON.stringify(error.details) + error.hint : ''
  return `${error.message} ${error.stack} ${details} ${textsOf(error.cause)}`
}

describe.each(wires)('$name: a failure', (wire) => {
  const text = wire.text('X holds')
  const badCall = 'llama-server returned invalid tool call arguments for "ttt_make_move"'

  test.each<{ name: string; script: Script; code: string; isCall?: boolean }>([
    { name: 'an end without an end', script: { steps: [text] }, code: 'LLM_STREAM_CUT' },
    { name: 'a reset in the middle', script: { steps: [text, 'reset'] }, code: 'LLM_STREAM_CUT' },
    { name: 'half a line', script: { steps: [text, wire.text('the rest').slice(0, 40)] }, code: 'LLM_BAD_RESPONSE' },
    { name: 'an error in the stream', script: { steps: [text, wire.error('runner stopped')] }, code: 'LLM_STREAM_CUT' },
    {
      name: 'a call that is not JSON',
      script: { steps: [text, wire.error(badCall)] },
      code: 'LLM_BAD_RESPONSE',
      isCall: true,
    },
    { name: 'junk', script: { steps: [text, text.replace('{', '<')] }, code: 'LLM_BAD_RESPONSE' },
    {
      name: 'two objects in one line',
      script: { steps: [text, text.replace('}\n', '}{}\n')] },
      code: 'LLM_BAD_RESPONSE',
    },
    { name: 'an endless line', script: { steps: [text, wire.text('x'.repeat(5000))] }, code: 'LLM_BAD_RESPONSE' },
    {
      name: 'an endless line without a break',
      script: { steps: [text, 'x'.repeat(5000), 'hang'] },
      code: 'LLM_BAD_RESPONSE',
    },
    {
      name: 'what is not UTF-8',
      script: { steps: [text, Buffer.from(text.replace('X', 'é'), 'latin1')] },
      code: 'LLM_BAD_RESPONSE',
    },
  ])('$name: the text stands, then $code', async ({ script, code, isCall = false }) => {
    await using started = await start(wire, script, { limits: { maxLineBytes: 4000 } })
    const { model, upstream } = started
    const { events, failure } = await collectUntilFailure(model.chat(question(), { signal: forever }))
    expect(withoutLines(events)).toEqual([{ type: 'text', text: 'X holds' }])
    expect(failure).toMatchObject({ code })
    expect(failure instanceof LlmBadResponseError && failure.isCall).toBe(isCall)
    if (script.steps.includes('hang')) await upstream.requests[0]?.closed
  })

  test.each<{ name: string; status: number; words: string; error: object }>([
    {
      name: 'an unknown model',
      status: 404,
      words: "model 'llama3.2' not found",
      error: { code: 'MODEL_NOT_FOUND', message: "model 'llama3.2' not found" },
    },
    {
      name: 'a model without tools',
      status: 400,
      words: 'registry.ollama.ai/library/llama3.2:latest does not support tools',
      error: { name: 'ToolsUnsupportedError', message: 'llama3.2 does not support tools' },
    },
    {
      name: 'a request that is refused',
      status: 400,
      words: '"llama3.2" does not support thinking',
      error: { code: 'LLM_REFUSED', message: '"llama3.2" does not support thinking', details: { status: 400 } },
    },
    ...[
      'prompt is too long: 208310 tokens > 200000 maximum',
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
      'the request exceeds the available context size, try increasing it',
      'the input length exceeds the context length',
      'prompt too long; exceeded max context length by 12 tokens',
    ].map((words) => ({
      name: `a question that is too long: ${words.slice(0, 40)}`,
      status: 400,
      words,
      error: { code: 'LLM_CONTEXT_OVERFLOW', message: words },
    })),
    {
      name: 'a conflict',
      status: 409,
      words: '',
      error: { code: 'LLM_REFUSED', message: 'The model server refused the request (409).' },
    },
    {
      name: 'a fault of the server',
      status: 500,
      words: 'out of memory',
      error: { code: 'LLM_BAD_RESPONSE', message: 'The model server failed: out of memory.', isCall: false },
    },
    {
      name: 'a call that its server could not read',
      status: 500,
      words: badCall,
      error: { code: 'LLM_BAD_RESPONSE', isCall: true },
    },
  ])('$name', async ({ status, words, error }) => {
    await using started = await start(wire, { status, steps: [wire.refusal(words)] })
    const { model } = started
    await expect(collect(model.chat(question(), { signal: forever }))).rejects.toMatchObject(error)
  })

  test('a question that is too long may be refused inside the stream', async () => {
    await using started = await start(wire, { steps: [text, wire.error('prompt is too long')] })
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_CONTEXT_OVERFLOW' })
  })

  test('a page instead of an error says nothing', async () => {
    await using started = await start(wire, { status: 502, steps: ['<html>nginx at 10.0.0.7:11434</html>'] })
    const { model } = started
    const failure = expect(collect(model.chat(question(), { signal: forever }))).rejects
    await failure.toMatchObject({ code: 'LLM_BAD_RESPONSE', message: 'The model server failed (502).' })
  })

  test.each([
    'Post "http://127.0.0.1:43211/completion": EOF',
    'dial tcp [::1]:43211: connect: connection refused',
    'read 10.1.2.3:55555 gpu-box.lan:43211 reset\r\nby peer',
  ])('the words %j lose their addresses', async (words) => {
    await using started = await start(wire, [
      { status: 500, steps: [wire.refusal(words)] },
      { steps: [wire.error(words)] },
    ])
    const { model } = started
    for (const code of ['LLM_BAD_RESPONSE', 'LLM_STREAM_CUT']) {
      const { failure } = await collectUntilFailure(model.chat(question(), { signal: forever }))
      expect(failure).toMatchObject({ code, message: expect.stringMatching(/…/) })
      expect(textsOf(failure)).not.toMatch(/43211|10\.1\.2\.3|\r/)
    }
  })

  test('long words are cut', async () => {
    await using started = await start(wire, { status: 400, steps: [wire.refusal('no '.repeat(5000))] })
    const { model } = started
    const { failure } = await collectUntilFailure(model.chat(question(), { signal: forever }))
    expect(failure instanceof BaseError && failure.message).toHaveLength(200)
  })

  test('a redirect is not followed', async () => {
    await using started = await start(wire, { status: 307, headers: { location: '/elsewhere' }, steps: [] })
    const { model, upstream } = started
    await expect(collect(model.chat(question(), { signal: forever }))).rejects.toMatchObject({
      code: 'LLM_BAD_RESPONSE',
    })
    expect(upstream.requests).toHaveLength(1)
  })

  test('nobody there', async () => {
    const url = await closedUrl()
    const model = wire.open(url)
    const { failure } = await collectUntilFailure(model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_UNAVAILABLE', message: 'The model server is unreachable.' })
    expect(textsOf(failure)).not.toContain(new URL(url).port)
    await model.close()
  })

  test.each<{ name: string; answer: UpstreamHandler; code: string }>([
    {
      name: 'a reset before the first byte',
      answer: (_, { socket }) => socket?.resetAndDestroy(),
      code: 'LLM_UNAVAILABLE',
    },
    {
      name: 'bytes that are not HTTP',
      answer: (_, { socket }) => socket?.end('SSH-2.0-OpenSSH_9.6\r\n'),
      code: 'LLM_BAD_RESPONSE',
    },
  ])('$name', async ({ answer, code }) => {
    await using started = await start(wire, answer)
    const { model, upstream } = started
    const { failure } = await collectUntilFailure(model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code })
    expect(textsOf(failure)).not.toContain(new URL(upstream.url).port)
  })
})

describe.each(wires)('$name: a busy server', (wire) => {
  const busy: Script = { status: 503, steps: [wire.refusal('server busy, please try again')] }

  test('is asked again, with growing pauses', async () => {
    const clock = createHastyClock()
    await using started = await start(wire, [busy, busy, busy, { steps: [wire.end()] }], { clock })
    const { model, upstream } = started
    expect(await collect(model.chat(question(), { signal: forever }))).toMatchObject([{ type: 'end' }])
    expect(upstream.requests.map(({ body }) => body)).toEqual(Array(4).fill(upstream.requests[0]?.body))
    expect(clock.sleptMs).toEqual(expect.arrayContaining([100, 200, 400]))
  })

  test('is asked four times at most', async () => {
    await using started = await start(wire, busy, { clock: createHastyClock() })
    const { model, upstream } = started
    await expect(collect(model.chat(question(), { signal: forever }))).rejects.toMatchObject({
      code: 'LLM_UNAVAILABLE',
      message: 'The model server is too busy.',
    })
    expect(upstream.requests).toHaveLength(4)
  })

  test.each([
    { name: 'says how long', retryAfter: '7', sleptMs: 7000, count: 2 },
    { name: 'wants more than ten seconds', retryAfter: '11', sleptMs: undefined, count: 1 },
    { name: 'says nothing that can be read', retryAfter: 'soon', sleptMs: 100, count: 2 },
  ])('that $name', async ({ retryAfter, sleptMs, count }) => {
    const clock = createHastyClock()
    const script = { ...busy, headers: { 'retry-after': retryAfter } }
    await using started = await start(wire, [script, { steps: [wire.end()] }], { clock })
    const { model, upstream } = started
    const { failure } = await collectUntilFailure(model.chat(question(), { signal: forever }))
    expect(upstream.requests).toHaveLength(count)
    expect(clock.sleptMs.includes(sleptMs ?? -1)).toBe(sleptMs !== undefined)
    expect(failure === undefined).toBe(count === 2)
  })

  test('is not asked again beyond the time for the first byte', async () => {
    await using started = await start(wire, busy, { limits: { firstByteMs: 250 } })
    const { model, upstream } = started
    await expect(collect(model.chat(question(), { signal: forever }))).rejects.toMatchObject({
      code: 'LLM_UNAVAILABLE',
    })
    expect(upstream.requests.length).toBeLessThan(4)
  })

  test('is left alone when the signal fires in a pause', async () => {
    const hangUp = new AbortController()
    await using started = await start(wire, { ...busy, headers: { 'retry-after': '9' } })
    const { model, upstream } = started
    const events = collect(model.chat(question(), { signal: hangUp.signal }))
    await upstream.request()
    setTimeout(() => hangUp.abort(new Error('The caller hung up.')), 30)
    await expect(events).rejects.toThrow('The caller hung up.')
    expect(upstream.requests).toHaveLength(1)
  })
})
