import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../src/config.ts'
import type { Log } from '../src/core/log.ts'
import { silentLog } from '../src/core/log.ts'
import type { LanguageModel } from '../src/llm/language-model.ts'
import type { ModelsObserver } from '../src/open-models.ts'
import { openModels } from '../src/open-models.ts'
import { createScriptedLanguageModel } from '../src/scripted/language-model.ts'
import { randomId, systemClock } from '../src/system.ts'
import { collect, forever, question } from './llm/_questions.ts'
import { useRealSockets } from './llm/_started.ts'
import { anthropicWire, ollamaWire, openAiWire } from './llm/_wires.ts'
import type { UpstreamHandler } from './llm/upstream.ts'
import { closedUrl, startUpstream } from './llm/upstream.ts'
import { scripted } from './scripted/_scripted.ts'

useRealSockets()

const loadScripted = async () => createScriptedLanguageModel({ model: scripted, newId: randomId, clock: systemClock })

/** The settings that name one server for all providers. */
const settings = (url: string, more: Readonly<Record<string, string>> = {}) =>
  parseConfig({ OLLAMA_URL: url, OPENAI_URL: `${url}/v1`, ANTHROPIC_URL: url, ...more })

const ask = (model: LanguageModel) => collect(model.chat(question(), { signal: forever }))

function open(
  config: ReturnType<typeof parseConfig>,
  { log = silentLog, metrics }: { log?: Log; metrics?: ModelsObserver } = {},
) {
  const models = openModels(config, { log, loadScripted, ...(metrics === undefined ? {} : { metrics }) })
  onTestFinished(() => models.close())
  return models
}

async function keyFile(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-key-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const path = join(dir, 'key')
  await writeFile(path, text, { mode: 0o600 })
  return path
}

/** Answers each protocol at its own path. */
const polyglot: UpstreamHandler = ({ path }, response) => {
  const wire = [ollamaWire, openAiWire, anthropicWire].find((one) => one.path === path)
  response.writeHead(wire === undefined ? 404 : 200).end(wire?.end())
}

describe('a provider', () => {
  test.each([
    { provider: 'ollama', path: '/api/chat', header: {} },
    { provider: 'openai', path: '/v1/chat/completions', header: { authorization: 'Bearer sk-1' } },
    { provider: 'anthropic', path: '/v1/messages', header: { 'x-api-key': 'sk-2' } },
  ] as const)('$provider is asked in its protocol, with its key', async ({ provider, path, header }) => {
    await using upstream = await startUpstream(polyglot)
    const keys = { OPENAI_API_KEY: 'sk-1', ANTHROPIC_API_KEY_FILE: await keyFile('sk-2\n') }
    const models = open(settings(upstream.url, keys))
    expect((await ask(await models.of(provider))).at(-1)).toMatchObject({ type: 'end' })
    expect(upstream.requests).toMatchObject([{ path, headers: header }])
  })

  test('scripted needs no server and no key', async () => {
    const models = open(settings(await closedUrl()))
    expect((await ask(await models.of('scripted'))).at(-1)).toMatchObject({ type: 'end' })
  })

  test('is opened once, and nothing is asked of it then', async () => {
    await using upstream = await startUpstream(polyglot)
    const models = open(settings(upstream.url))
    expect(await models.of('anthropic')).toBe(await models.of('anthropic'))
    expect(upstream.requests).toEqual([])
  })

  test('without its key starts, and says so when it is asked', async () => {
    await using upstream = await startUpstream({ status: 401, steps: [anthropicWire.refusal('x-api-key is required')] })
    const model = await open(settings(upstream.url)).of('anthropic')
    await expect(ask(model)).rejects.toMatchObject({ code: 'LLM_AUTH' })
  })

  test('whose key cannot be read says where, and is opened once it can', async () => {
    await using upstream = await startUpstream(polyglot)
    const path = await keyFile('two words')
    const models = open(settings(upstream.url, { ANTHROPIC_API_KEY_FILE: path }))
    const failure = { code: 'MODEL_KEY_INVALID', message: expect.stringContaining('ANTHROPIC_API_KEY_FILE') }
    await expect(models.of('anthropic')).rejects.toMatchObject(failure)
    await writeFile(path, 'sk-2')
    await ask(await models.of('anthropic'))
    expect(upstream.requests).toMatchObject([{ headers: { 'x-api-key': 'sk-2' } }])
  })
})

test('each provider has a breaker of its own, whose changes are logged and watched', async () => {
  await using upstream = await startUpstream(polyglot)
  const lines: object[] = []
  const watched: string[] = []
  const log: Log = { ...silentLog, warn: (fields, message) => void lines.push({ ...fields, message }) }
  const metrics = { watchBreaker: (provider: string) => void watched.push(provider), transient: () => {} }
  const models = open(settings(upstream.url, { OLLAMA_URL: await closedUrl() }), { log, metrics })
  const [away, well] = [await models.of('ollama'), await models.of('openai')]
  for (let nth = 0; nth < 5; nth++) await expect(ask(away)).rejects.toMatchObject({ code: 'LLM_UNAVAILABLE' })
  await expect(ask(away)).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
  expect(lines).toEqual([{ upstream: 'ollama', state: 'open', message: 'circuit breaker' }])
  expect(watched).toEqual(['ollama', 'openai'])
  expect(await ask(well)).toHaveLength(1)
})

test('failures that pass are counted by provider', async () => {
  let asked = 0
  await using upstream = await startUpstream((request, response) => {
    if (asked++ > 0) return polyglot(request, response)
    return response.writeHead(429).end('{}')
  })
  const counted: string[] = []
  const metrics: ModelsObserver = {
    watchBreaker: () => {},
    transient: (provider, outcome) => void counted.push(`${provider} ${outcome}`),
  }
  await ask(await open(settings(upstream.url), { metrics }).of('anthropic'))
  expect(counted).toEqual(['anthropic recovered'])
})

test('closing hangs up', async () => {
  const server = createServer()
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(server, 'connection')
  const models = open(settings(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)) // it listens on TCP
  const asked = expect(ask(await models.of('anthropic'))).rejects.toMatchObject({ code: 'LLM_UNAVAILABLE' })
  const [socket] = await connected
  const closed = once(socket.resume(), 'close')
  await models.close()
  await closed
  await asked
})
