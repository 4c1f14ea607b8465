import { writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { judgeStream } from '../../src/cli/_doctor-stream.ts'
import type { ScriptedServerOptions } from '../../src/scripted/server.ts'
import { startService } from '../e2e/_service.ts'
import { startScripted } from '../scripted/_scripted.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

type Lines = Readonly<Record<string, { readonly level: string; readonly text: string }>>

/** What `otto doctor` says on the chat, by the name of the line. */
async function examine(env: Record<string, string>, args: readonly string[] = []) {
  const dir = await temporaryFolder()
  const ports = { OTTO_PORT: '0', OTTO_DEVNET_L1_PORT: '0', OTTO_DEVNET_L0_PORT: '0' }
  const folders = { OTTO_DATA_DIR: join(dir, 'var'), OTTO_WALLET_DIR: join(dir, 'wallets') }
  const { code, out, err } = await runHere(['doctor', ...args], { ...ports, ...folders, ...env })
  expect(err).toBe('')
  const lines = out.split('\n').map((line) => {
    const [, level = '', name = '', text = ''] = /^(ok|warn|fail) +(\S+(?: \S+)*?) {2,}(.*)$/.exec(line) ?? []
    return [name, { level, text }] as const
  })
  return { code, out, lines: Object.fromEntries(lines) as Lines }
}

async function model(options: Partial<ScriptedServerOptions> = {}) {
  const server = await startScripted(options)
  onTestFinished(() => server.close())
  return { OLLAMA_URL: server.url, OTTO_MODEL: 'otto-scripted' }
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on TCP
}

async function service(env: Record<string, string>) {
  const started = await startService(env)
  onTestFinished(() => started.close())
  return started
}

describe('the model', () => {
  test('is there, takes tools, and its context is long enough', async () => {
    const { code, lines } = await examine(await model())
    expect(code).toBe(0)
    expect(lines['model']).toEqual({ level: 'ok', text: expect.stringMatching(/^otto-scripted at http:/) })
    expect(lines['model tools']?.level).toBe('ok')
    expect(lines['model context']).toEqual({ level: 'ok', text: '8192 tokens asked for of at most 131072' })
  })

  test.each<{ name: string; env: Record<string, string>; line: string; says: RegExp }>([
    { name: 'is not pulled', env: { OTTO_MODEL: 'llama3.2' }, line: 'model', says: /→ ollama pull llama3\.2/ },
    { name: 'takes no tools', env: { OTTO_MODEL: 'otto-scripted:text' }, line: 'model tools', says: /in the prompt/ },
    {
      name: 'has a shorter context than is asked for',
      env: { OTTO_NUM_CTX: '200000' },
      line: 'model context',
      says: /→ Set OTTO_NUM_CTX=131072/,
    },
    {
      name: 'is asked for a context too short for a game',
      env: { OTTO_NUM_CTX: '4096' },
      line: 'model context',
      says: /^4096 tokens .* Set OTTO_NUM_CTX\.$/,
    },
  ])('$name: a warning that says what to do', async ({ env, line, says }) => {
    const { code, lines } = await examine({ ...(await model()), ...env })
    expect(code).toBe(0)
    expect(lines[line]).toEqual({ level: 'warn', text: expect.stringMatching(says) })
  })

  test('whose server is not there, or says nothing: a warning, since tools work without', async () => {
    for (const url of ['http://127.0.0.1:1', await listen(() => {})]) {
      const { code, lines } = await examine({ OLLAMA_URL: url.replace('//', '//me:hidden@') })
      expect(code).toBe(0)
      expect(lines['model']).toEqual({ level: 'warn', text: expect.stringContaining('The tools work without it.') })
      expect(lines['model']?.text).toContain(url)
      expect(JSON.stringify(lines)).not.toContain('hidden')
    }
  })

  test("of another provider: a missing key, a refused one, a right one in a file of one's own", async () => {
    const env = { OTTO_MODEL_PROVIDER: 'openai', OTTO_MODEL: 'any' }
    const missing = await examine(env)
    expect(missing.lines['model']).toEqual({ level: 'warn', text: expect.stringContaining('Set OPENAI_API_KEY') })

    const url = await listen(({ headers }, response) =>
      response.writeHead(headers.authorization === 'Bearer the-right-key' ? 200 : 401).end('{}'),
    )
    const refused = await examine({ ...env, OPENAI_URL: url, OPENAI_API_KEY: 'a-wrong-key' })
    expect(refused.lines['model']).toEqual({ level: 'warn', text: expect.stringContaining('refuses the key') })
    expect(refused.out).not.toContain('a-wrong-key')

    const file = join(await temporaryFolder(), 'key')
    await writeFile(file, 'the-right-key\n', { mode: 0o600 })
    const right = await examine({ ...env, OPENAI_URL: url, OPENAI_API_KEY_FILE: file })
    expect(right.lines['model']).toEqual({ level: 'ok', text: `any at ${url}` })
  })
})

/** A proxy that passes everything on; `hold` waits for the whole of an answer first, `drop` leaves preflights out. */
const proxy = (target: string, { hold = false, drop = false } = {}): Promise<string> =>
  listen((incoming, outgoing) => {
    if (drop && incoming.method === 'OPTIONS') return outgoing.writeHead(405).end()
    const { host: _, ...headers } = incoming.headers
    const sent = request(`${target}${incoming.url}`, { method: incoming.method, headers }, async (answer) => {
      const { 'transfer-encoding': __, ...rest } = answer.headers
      if (!hold) return answer.pipe(outgoing.writeHead(answer.statusCode ?? 502, answer.headers))
      const chunks: Buffer[] = []
      for await (const chunk of answer) chunks.push(chunk)
      return outgoing.writeHead(answer.statusCode ?? 502, rest).end(Buffer.concat(chunks))
    })
    return incoming.pipe(sent)
  })

describe('otto doctor --url', () => {
  const pages = { OTTO_ALLOWED_ORIGINS: 'https://play.example' }

  test('sees that answers come as they are written, and that pages may call', async () => {
    const settings = { ...(await model({ delayMs: 25, chunks: 20 })), ...pages }
    const { url } = await service(settings)
    const { code, lines } = await examine(settings, ['--url', `${await proxy(url)}/`])
    expect(code).toBe(0)
    expect(lines['address']?.level).toBe('ok')
    expect(lines['stream']).toEqual({ level: 'ok', text: expect.stringMatching(/^written over 0\.\d s, arrived over/) })
    expect(lines['page https://play.example']).toEqual({ level: 'ok', text: 'may call' })
  })

  test('finds a proxy that holds answers back, and one that swallows the question of a browser', async () => {
    const settings = { ...(await model({ delayMs: 25, chunks: 20 })), ...pages }
    const { url } = await service(settings)
    const { code, lines } = await examine(settings, ['--url', await proxy(url, { hold: true, drop: true })])
    expect(code).toBe(1)
    expect(lines['stream']).toEqual({ level: 'warn', text: expect.stringContaining('proxy_buffering off') })
    expect(lines['page https://play.example']).toEqual({
      level: 'fail',
      text: expect.stringContaining('refused (405)'),
    })
  })

  test('finds that nothing is played, and no token lost, when the model cannot be asked', async () => {
    const token = 'a-token-for-the-doctor-test-0123456789abcdef'
    const settings = { OLLAMA_URL: 'http://127.0.0.1:1', OTTO_API_TOKEN: token }
    const { url } = await service(settings)
    const { lines, out } = await examine(settings, ['--url', url])
    expect(lines['address']?.level).toBe('ok')
    expect(lines['stream']).toEqual({ level: 'warn', text: expect.stringContaining('502 LLM_UNAVAILABLE') })
    expect(out).not.toContain(token)
  })

  test.each([
    { name: 'nobody', answer: undefined, says: 'nobody listens there' },
    { name: 'another program', answer: [200, '<html>'], says: 'answers 200, not as Otto does' },
    { name: 'Otto under an unknown name', answer: [403, '{"code":"HOST_NOT_ALLOWED"}'], says: 'OTTO_ALLOWED_HOSTS' },
  ] as const)('fails where $name answers', async ({ answer, says }) => {
    const there = answer && (await listen((_request, response) => response.writeHead(answer[0]).end(answer[1])))
    const { code, lines } = await examine({ OLLAMA_URL: 'http://127.0.0.1:1' }, [
      '--url',
      there ?? 'http://127.0.0.1:1',
    ])
    expect(code).toBe(1)
    expect(lines['address']).toEqual({ level: 'fail', text: expect.stringContaining(says) })
    expect(lines['stream']).toBeUndefined()
  })

  test('wants an http address', async () => {
    const { code, err } = await runHere(['doctor', '--url', 'otto.example'])
    expect(code).toBe(2)
    expect(err).toContain('--url must be an http address')
  })
})

test('without --url the pages are asked about at a service that runs here', async () => {
  const env = { OLLAMA_URL: 'http://127.0.0.1:1', OTTO_ALLOWED_ORIGINS: 'https://old.example' }
  const { url } = await service(env)
  const asked = {
    ...env,
    OTTO_PORT: new URL(url).port,
    OTTO_ALLOWED_ORIGINS: 'https://old.example,https://new.example',
  }
  const { code, lines } = await examine(asked)
  expect(code).toBe(1)
  expect(lines['page https://old.example']?.level).toBe('ok')
  // It was started before this one was allowed.
  expect(lines['page https://new.example']).toEqual({ level: 'fail', text: expect.stringContaining('refused (403)') })
})

test.each([
  {
    name: 'written and read alike',
    said: [0, 500, 1_000],
    came: [7, 507, 1_007],
    level: 'ok',
    says: 'arrived over 1.0',
  },
  {
    name: 'all at once',
    said: [0, 500, 1_000],
    came: [1_007, 1_007, 1_008],
    level: 'warn',
    says: 'holds answers back',
  },
  { name: 'too fast', said: [0, 100, 200], came: [7, 7, 7], level: 'ok', says: 'too fast to tell' },
  { name: 'nothing', said: [], came: [], level: 'warn', says: 'no line' },
])('an answer that came $name: $level', ({ said, came, level, says }) => {
  const lines = said.map((saidMs, index) => ({ saidMs, cameMs: came[index] ?? 0 }))
  expect(judgeStream(lines)).toMatchObject({ level, detail: expect.stringContaining(says) })
})
