import { describe, expect, test } from 'vitest'
import { breakModel } from '../../src/llm/breaking-model.ts'
import {
  LlmAuthError,
  LlmBadResponseError,
  LlmRateLimitError,
  LlmTimeoutError,
  LlmUnavailableError,
} from '../../src/llm/errors.ts'
import type { Forward, LanguageModel, ModelEvent } from '../../src/llm/language-model.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { collect, forever, question } from './_questions.ts'
import { useRealSockets } from './_started.ts'
import { wires } from './_wires.ts'
import type { Script } from './upstream.ts'
import { closedUrl, startUpstream } from './upstream.ts'

useRealSockets()

const spoken: ModelEvent = { type: 'text', text: 'Hi' }
const nothing = { promptTokens: 0, outputTokens: 0, loadNs: 0, promptNs: 0, outputNs: 0 }
const ended: ModelEvent = { type: 'end', reason: 'stop', usage: nothing, isPromptCut: false }

/** What a scripted server does with every question, and whether it answers a ping. */
type Does = { events: readonly (ModelEvent | Error)[]; ping: Error | undefined }

/** A scripted model behind a breaker on virtual time; `asked` tells what reached it. */
function scripted(does: Does) {
  const clock = createVirtualClock()
  const asked: string[] = []
  const changes: string[] = []
  const plain: LanguageModel = {
    async *chat() {
      asked.push('chat')
      for (const event of does.events) {
        if (event instanceof Error) throw event
        yield event
      }
    },
    async capabilities() {
      asked.push('capabilities')
      const failure = does.events.find((event) => event instanceof Error)
      if (failure) throw failure
      return { tools: true, contextLength: undefined }
    },
    async ping() {
      asked.push('ping')
      if (does.ping) throw does.ping
    },
    close: async () => {},
  }
  const forward: Forward = async () => {
    asked.push('forward')
    const failure = does.events.find((event) => event instanceof Error)
    if (failure) throw failure
    return { status: 500, contentType: undefined, body: (async function* () {})() }
  }
  const { guard, ...broken } = breakModel(plain, { clock, onChange: (state) => void changes.push(state) })
  const ask = (signal = forever) => collect(broken.model.chat(question(), { signal }))
  return {
    ...broken,
    forward: guard(forward),
    clock,
    asked,
    changes,
    ask,
    pass: (ms: number) => clock.run(clock.sleep(ms)),
  }
}

const askOften = async (ask: () => Promise<unknown>, times: number) => {
  for (let i = 0; i < times; i++) await ask().catch(() => undefined)
}

const away = { events: [new LlmUnavailableError()], ping: new LlmUnavailableError() }

describe('opens', () => {
  test.each([
    { name: 'unreachable', error: new LlmUnavailableError() },
    { name: 'silent', error: new LlmTimeoutError(600_000) },
  ])('after five questions to a server that is $name', async ({ error }) => {
    const { ask, asked, breaker, changes } = scripted({ events: [error], ping: undefined })
    await askOften(ask, 4)
    expect(breaker.state()).toBe('closed')
    await askOften(ask, 4)
    expect(asked).toHaveLength(5)
    expect(changes).toEqual(['open'])
    await expect(ask()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', details: { retryAfterSeconds: 2 } })
  })

  test.each([
    { name: 'speaks', events: [spoken, ended] },
    { name: 'speaks junk', events: [new LlmBadResponseError('Junk.')] },
    { name: 'refuses the key', events: [new LlmAuthError()] },
    { name: 'wants fewer questions', events: [new LlmRateLimitError()] },
    { name: 'breaks off', events: [spoken, new Error('cut')] },
  ])('not while the server $name', async ({ events }) => {
    const { ask, breaker } = scripted({ events, ping: undefined })
    await askOften(ask, 30)
    expect(breaker.state()).toBe('closed')
  })

  test('not for callers who hang up', async () => {
    const { ask, breaker } = scripted(away)
    await askOften(() => ask(AbortSignal.abort()), 30)
    expect(breaker.state()).toBe('closed')
  })

  test('for what is passed on too, whose refusals prove life', async () => {
    const { forward, breaker } = scripted(away)
    const pass = () => forward({ method: 'GET', path: '/api/tags', signal: forever })
    await askOften(pass, 5)
    expect(breaker.state()).toBe('open')
    await expect(pass()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
    const well = scripted({ events: [], ping: undefined })
    await askOften(() => well.forward({ method: 'GET', path: '/api/tags', signal: forever }), 30)
    expect(well.breaker.state()).toBe('closed')
  })
})

describe('while it is open', () => {
  test('what the server can do is not asked either, and a memory of it closes nothing', async () => {
    const { ask, asked, model, pass } = scripted(away)
    await askOften(ask, 5)
    const before = asked.length
    await expect(model.capabilities('m', { signal: forever })).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
    expect(asked).toHaveLength(before)
    await pass(2_000)
    await expect(model.capabilities('m', { signal: forever })).rejects.toMatchObject({ code: 'LLM_UNAVAILABLE' })
    expect(asked.slice(before)).toEqual(['ping'])
  })

  test('a ping is always asked, and closes it when its time is over', async () => {
    const does: Does = { ...away }
    const { ask, asked, breaker, model, pass } = scripted(does)
    await askOften(ask, 5)
    does.ping = undefined
    await model.ping({ signal: forever })
    expect(asked.at(-1)).toBe('ping')
    expect(breaker.state()).toBe('open')
    await pass(2_000)
    await model.ping({ signal: forever })
    expect(breaker.state()).toBe('closed')
  })

  test('the first question after its time pings first, and is asked when that is answered', async () => {
    const does: Does = { ...away }
    const { ask, asked, changes, pass } = scripted(does)
    await askOften(ask, 5)
    await pass(2_000)
    await expect(ask()).rejects.toMatchObject({ code: 'LLM_UNAVAILABLE' })
    await expect(ask()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', details: { retryAfterSeconds: 4 } })
    does.ping = undefined
    does.events = [spoken, ended]
    await pass(4_000)
    expect(await ask()).toEqual([spoken, ended])
    expect(asked.slice(-3)).toEqual(['ping', 'ping', 'chat'])
    expect(changes).toEqual(['open', 'closed'])
  })
})

describe.each(wires)('over HTTP, $name', (wire) => {
  const behind = (url: string, firstByteMs = 60_000) => {
    const plain = wire.open(url, { limits: { firstByteMs, idleMs: 40 } })
    const broken = breakModel(plain, { clock: createVirtualClock() })
    const ask = () => collect(broken.model.chat(question(), { signal: forever }))
    return { ...broken, ask, [Symbol.asyncDispose]: () => plain.close() }
  }

  test('nobody listens: five are refused by the system, the sixth by the breaker', async () => {
    await using server = behind(await closedUrl())
    for (let i = 0; i < 5; i++) await expect(server.ask()).rejects.toMatchObject({ code: 'LLM_UNAVAILABLE' })
    await expect(server.ask()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
  })

  test('silence: five time out', async () => {
    await using upstream = await startUpstream({ steps: ['hang'] })
    await using server = behind(upstream.url, 2_000) // a busy machine needs a while to read five questions
    await Promise.all(
      Array.from({ length: 5 }, () => expect(server.ask()).rejects.toMatchObject({ code: 'LLM_TIMEOUT' })),
    )
    await expect(server.ask()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
    expect(upstream.requests).toHaveLength(5)
  })

  test.each<{ name: string; script: Script }>([
    { name: 'an unknown model', script: { status: 404, steps: [wire.refusal('model not found')] } },
    { name: 'a wrong key', script: { status: 401, steps: [wire.refusal('wrong key')] } },
    { name: 'a failure of its own', script: { status: 500, steps: [wire.refusal('out of memory')] } },
    { name: 'a cut answer', script: { steps: [wire.text('Hi'), 'reset'] } },
  ])('$name never opens it', async ({ script }) => {
    await using upstream = await startUpstream(script)
    await using server = behind(upstream.url)
    await askOften(server.ask, 10)
    expect(server.breaker.state()).toBe('closed')
    expect(upstream.requests).toHaveLength(10)
  })
})
