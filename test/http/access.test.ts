import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createAccess } from '../../src/http/access.ts'
import { requestTo, startAllDoors } from './_all-doors.ts'
import { startBridge } from './bridge.ts'
import { json, open, posted, send } from './raw-http.ts'

const assertAllowed = createAccess({
  allowedHosts: ['otto.example', 'Bridge.Example:8443', '[2001:db8::1]'],
  allowedOrigins: ['https://page.example', 'http://localhost:3000', 'null'],
})

const requestWith = (host: string, origin?: string): IncomingMessage => {
  const request = new IncomingMessage(new Socket())
  request.url = '/wallets'
  request.rawHeaders = ['Host', host]
  if (origin !== undefined) request.headers.origin = origin
  return request
}

const refusalOf = (host: string, origin?: string): unknown => {
  try {
    assertAllowed(requestWith(host, origin))
    return 'allowed'
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error
  }
}

describe('a host', () => {
  test.each([
    'localhost',
    'LOCALHOST:8080',
    '127.0.0.1',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:8080',
    'otto.example',
    'otto.example:9',
    'bridge.example:8443',
    '[2001:db8::1]:80',
  ])('%s is answered for', (host) => {
    expect(refusalOf(host)).toBe('allowed')
  })

  test.each([
    '',
    'evil.example',
    'localhost.evil.example',
    'localhost.',
    'xlocalhost',
    'otto.example.evil.example',
    'bridge.example',
    'bridge.example:80',
    '127.0.0.2',
    '127.1',
    '0x7f000001',
    '[::2]',
    '::1',
    'localhost:',
    'localhost:port',
    'localhost:808080',
    'user@localhost',
    'localhost, evil.example',
    'localhost localhost',
  ])('"%s" is not', (host) => {
    expect(refusalOf(host)).toBe('HOST_NOT_ALLOWED')
  })
})

describe('an origin', () => {
  test.each([
    { host: 'localhost:8080', origin: 'http://localhost:8080' },
    { host: '127.0.0.1:8080', origin: 'https://127.0.0.1:8080' },
  ])("the service's own page at $origin may call", ({ host, origin }) => {
    expect(refusalOf(host, origin)).toBe('allowed')
  })

  test.each([
    { host: 'localhost:8080', origin: 'http://localhost:8081' },
    { host: 'localhost:8080', origin: 'http://127.0.0.1:8080' },
    { host: 'localhost:8080', origin: 'file://localhost:8080' },
    { host: 'evil.example', origin: 'http://evil.example' },
  ])('a page at $origin may not call $host', ({ host, origin }) => {
    expect(refusalOf(host, origin)).toMatch(/NOT_ALLOWED/)
  })

  test.each(['https://page.example', 'http://localhost:3000'])('%s may call', (origin) => {
    expect(refusalOf('localhost', origin)).toBe('allowed')
  })

  test.each([
    '',
    'null',
    'http://page.example',
    'https://page.example:8443',
    'https://page.example/',
    'https://page.example.evil.example',
    'https://PAGE.example',
    'http://localhost:3000, https://page.example',
  ])('"%s" may not', (origin) => {
    expect(refusalOf('localhost', origin)).toBe('ORIGIN_NOT_ALLOWED')
  })
})

describe('every path is guarded', () => {
  test.each([
    '/wallets',
    '/health',
    '/health/live',
    '/otto/tools',
    '/nothing',
    '/otto/games/%zz/state',
    `/otto/tools/${'a'.repeat(200)}`,
    '/mcp',
    '/docs',
  ])('%s refuses a foreign host and a foreign origin', async (path) => {
    await using bridge = await startBridge()
    const foreignHost = await send(bridge.port, { path, headers: { host: 'evil.example' } })
    const foreignOrigin = await send(bridge.port, { path, headers: { origin: 'https://evil.example' } })
    expect([foreignHost.status, json(foreignHost).code]).toEqual([403, 'HOST_NOT_ALLOWED'])
    expect([foreignOrigin.status, json(foreignOrigin).code]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
    expect(foreignOrigin.headers.has('access-control-allow-origin')).toBe(false)
  })

  test('the doors of the chat, of MCP and of tools refuse them before a body is read', async () => {
    await using doors = await startAllDoors()
    const posts = doors.routes.filter((route) => route.startsWith('POST ')).map((route) => requestTo(route).path)
    expect(posts.length).toBeGreaterThan(15)
    for (const path of posts) {
      // The body never comes: whoever reads it first would wait.
      const head = (lines: string) =>
        open(doors.port, Buffer.from(`POST ${path} HTTP/1.1\r\n${lines}\r\nContent-Length: 9\r\n\r\n`)).answer
      const foreignHost = await head('Host: evil.example')
      const foreignOrigin = await head('Host: localhost\r\nOrigin: https://evil.example')
      expect([path, foreignHost.status, foreignHost.headers.has('access-control-allow-origin')]).toEqual([
        path,
        403,
        false,
      ])
      expect([path, foreignOrigin.status, foreignOrigin.headers.has('access-control-allow-origin')]).toEqual([
        path,
        403,
        false,
      ])
      expect(foreignHost.body.toUpperCase()).toContain('HOST_NOT_ALLOWED')
      expect(foreignOrigin.body.toUpperCase()).toContain('ORIGIN_NOT_ALLOWED')
    }
  })

  test.each([{ host: 'evil.example' }, { origin: 'https://evil.example' }, { origin: 'null' }])(
    'no preflight passes with %o, nor one at a path that is not there',
    async (headers) => {
      await using bridge = await startBridge()
      for (const path of ['/mcp', '/otto/tool', '/nothing']) {
        const asked = { ...headers, 'access-control-request-method': 'POST' }
        const answer = await send(bridge.port, { method: 'OPTIONS', path, headers: asked })
        expect(answer.status).toBe(403)
        expect(answer.headers.has('access-control-allow-methods')).toBe(false)
      }
    },
  )

  test.each([
    { name: 'two hosts', head: 'GET /wallets HTTP/1.1\r\nHost: localhost\r\nHost: evil.example' },
    { name: 'no host', head: 'GET /wallets HTTP/1.1' },
    { name: 'no host in HTTP/1.0', head: 'GET /wallets HTTP/1.0' },
    { name: 'an absolute target', head: 'GET http://evil.example/wallets HTTP/1.1\r\nHost: localhost' },
    { name: 'an asterisk', head: 'OPTIONS * HTTP/1.1\r\nHost: localhost' },
  ])('$name: 400', async ({ head }) => {
    await using bridge = await startBridge()
    const answer = await open(bridge.port, Buffer.from(`${head}\r\n\r\n`)).answer
    expect([answer.status, json(answer).code]).toEqual([400, 'INVALID_REQUEST'])
  })

  test('two hosts close the connection', async () => {
    await using bridge = await startBridge()
    const answer = await open(bridge.port, Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n'))
      .answer
    expect(answer.headers.get('connection')).toBe('close')
  })
})

describe('a page of a listed origin', () => {
  const origin = 'https://page.example'
  const access = { allowedHosts: [], allowedOrigins: [origin] }

  test('may read answers, errors too', async () => {
    await using bridge = await startBridge({ access })
    for (const path of ['/wallets', '/nothing']) {
      const { headers } = await send(bridge.port, { path, headers: { origin } })
      expect(headers.get('access-control-allow-origin')).toBe(origin)
      expect(headers.get('vary')).toBe('origin')
      expect(headers.has('access-control-allow-credentials')).toBe(false)
    }
  })

  test('may ask first', async () => {
    await using bridge = await startBridge({ access })
    const preflight = { origin, 'access-control-request-method': 'POST' }
    const answer = await send(bridge.port, { method: 'OPTIONS', path: '/otto/tool', headers: preflight })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-methods')).toBe('POST')
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })

  test('may send what clients need to, at every door', async () => {
    await using doors = await startAllDoors({ access })
    const needed = ['authorization', 'content-type', 'idempotency-key', 'prefer', 'traceparent', 'x-trace-id']
    const clients = ['mcp-protocol-version', 'mcp-method', 'mcp-name', 'x-stainless-lang', 'x-otto-tools']
    for (const path of ['/otto/tool', '/mcp', '/api/chat', '/v1/chat/completions', '/generate']) {
      const preflight = { origin, 'access-control-request-method': 'POST' }
      const { status, headers } = await send(doors.port, { method: 'OPTIONS', path, headers: preflight })
      expect([path, status, headers.get('access-control-allow-origin')]).toEqual([path, 204, origin])
      const allowed = headers.get('access-control-allow-headers')?.split(', ')
      expect(allowed).toEqual(expect.arrayContaining([...needed, ...clients]))
      expect(headers.has('access-control-allow-credentials')).toBe(false)
    }
  })

  test('sees when to come again, and what of its preferences counted', async () => {
    await using bridge = await startBridge({ access })
    const answer = await send(bridge.port, { path: '/wallets', headers: { origin } })
    expect(answer.headers.get('access-control-expose-headers')).toBe(
      'x-trace-id, retry-after, allow, preference-applied',
    )
  })

  test('is told nothing of unknown paths', async () => {
    await using bridge = await startBridge({ access })
    const preflight = { origin, 'access-control-request-method': 'POST' }
    expect((await send(bridge.port, { method: 'OPTIONS', path: '/nothing', headers: preflight })).status).toBe(404)
  })

  test('without a page nothing is said about origins', async () => {
    await using bridge = await startBridge({ access })
    const answer = await send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }))
    expect(answer.status).toBe(200)
    expect(answer.headers.has('access-control-allow-origin')).toBe(false)
  })
})
