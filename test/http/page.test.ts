import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownerToken } from '../../src/http/tokens.ts'
import type { AllDoors } from './_all-doors.ts'
import { startAllDoors } from './_all-doors.ts'
import { startBridge } from './bridge.ts'
import { json, send } from './raw-http.ts'

const html = '<!doctype html><title>Otto</title>'
const script = 'console.log("otto")'
const asBrowser = { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }
const token = 'a-token-for-the-page-0123456789abcdef'

let folder: string
let doors: AllDoors
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'otto-page-'))
  await mkdir(join(folder, 'assets'))
  await writeFile(join(folder, 'index.html'), html)
  await writeFile(join(folder, 'assets', 'index-1a2b.js'), script)
  await writeFile(join(folder, 'assets', 'index-1a2b.js.gz'), 'as if it were smaller')
  doors = await startAllDoors({ page: folder, tokens: [ownerToken(token)] })
})
afterAll(async () => {
  await doors[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
})

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  send(doors.port, { method, path, headers })

describe('the page', () => {
  test.each(['/', '/ui', '/ui/', '/ui/games/8f0e', '/ui/ledger?ordinal=3'])(
    'is at %s, without a token',
    async (path) => {
      const { status, headers, body } = await get(path, asBrowser)
      expect([status, body.toString()]).toEqual([200, html])
      expect(headers.get('content-type')).toMatch(/^text\/html/)
      expect(headers.get('cache-control')).toBe('no-cache')
    },
  )

  test('lets in nothing that is not a file of the service', async () => {
    const { headers } = await get('/ui', asBrowser)
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy.split(';')).toEqual(
      expect.arrayContaining(["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]),
    )
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    expect(headers.get('x-frame-options')).toBe('DENY')
  })

  test('its files are kept for ever, and come compressed to whoever takes that', async () => {
    const plain = await get('/ui/assets/index-1a2b.js')
    expect([plain.status, plain.body.toString()]).toEqual([200, script])
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(plain.headers.get('content-type')).toMatch(/javascript/)
    const small = await get('/ui/assets/index-1a2b.js', { 'accept-encoding': 'gzip' })
    expect([small.headers.get('content-encoding'), small.body.toString()]).toEqual(['gzip', 'as if it were smaller'])
    expect(small.headers.get('vary')).toMatch(/accept-encoding/i)
  })

  test('what was not changed is not sent again', async () => {
    const tag = (await get('/ui', asBrowser)).headers.get('etag') ?? ''
    const again = await get('/ui', { ...asBrowser, 'if-none-match': tag })
    expect([again.status, again.body.length]).toEqual([304, 0])
  })

  test.each([
    '/ui/assets/missing.js',
    '/ui/assets/../../index.html',
    '/ui/assets/%2e%2e/%2e%2e/etc/passwd',
    '/ui/assets/',
    '/ui/assets/..%2findex.html',
  ])('has no file %s', async (path) => {
    const answer = await get(path)
    expect([answer.status, json(answer).code]).toEqual([404, 'NOT_FOUND'])
  })

  test('takes no other method, and no foreign host', async () => {
    expect((await get('/ui', { authorization: `Bearer ${token}` }, 'POST')).status).toBe(405)
    expect((await get('/ui', { ...asBrowser, host: 'evil.example' })).status).toBe(403)
  })
})

describe('at / a client that is no browser', () => {
  test.each(['GET', 'HEAD'] as const)('is told by %s that Ollama runs', async (method) => {
    const { statusCode, headers, body } = await request(`http://127.0.0.1:${doors.port}/`, { method })
    expect([statusCode, await body.text()]).toEqual([200, method === 'HEAD' ? '' : 'Ollama is running'])
    expect(headers).toMatchObject({ 'content-type': expect.stringMatching(/^text\/plain/), vary: 'accept' })
  })

  test('is told that nothing is there, where there is no chat', async () => {
    await using bridge = await startBridge()
    expect((await send(bridge.port, { path: '/' })).status).toBe(404)
  })
})

test('a page that was not built is not there, and nothing else fails', async () => {
  await using bridge = await startBridge({ page: join(folder, 'nowhere') })
  const refused = await send(bridge.port, { path: '/ui', headers: asBrowser })
  expect([refused.status, json(refused).hint]).toEqual([404, expect.stringContaining('npm run build -w web')])
  expect((await send(bridge.port, { path: '/wallets' })).status).toBe(200)
})
