import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { SandboxOptions } from '../../src/sandbox/create-sandbox.ts'
import type { HttpAsk } from '../../src/sandbox/sandbox.ts'
import { openLoopbackNode } from '../chain/loopback-node.ts'
import { never, openSandbox } from './_sandbox.ts'

const asking = (url: string, more: Partial<HttpAsk> = {}): HttpAsk => ({
  method: 'GET',
  url,
  headers: {},
  timeoutMs: 15_000,
  maxBytes: 1_000,
  signal: never,
  ...more,
})

/** An agent that may ask hosts on this machine, and others. */
const network = (options: Partial<SandboxOptions> & { allow?: readonly string[]; perMinute?: number } = {}) => {
  const { allow = ['127.0.0.1', 'localhost', '10.0.0.1', 'localhost.example.org'], perMinute = 10, ...rest } = options
  const rules = { allowHosts: allow, requestsPerMinute: perMinute }
  return openSandbox('/nowhere', { rules, allowPrivate: true, ...rest }).network
}

const portOf = (url: string) => new URL(url).port

test('gives what the host answers, and sends what was asked', async () => {
  await using server = await openLoopbackNode((request, response) => {
    response
      .writeHead(404, { 'x-seen': `${request.headers['x-mine']} ${request.headers.connection}` })
      .end('no such thing')
  })
  const ask = {
    method: 'POST',
    body: '{"a":1}',
    headers: { 'x-mine': 'yes', 'content-type': 'application/json' },
  } as const
  const answer = await network().request(asking(`${server.url}/a?b=c#d`, ask))
  expect(answer).toMatchObject({ status: 404, body: 'no such thing', isCut: false, headers: { 'x-seen': 'yes close' } })
  expect(server.received).toEqual([{ method: 'POST', path: '/a?b=c', body: '{"a":1}', type: 'application/json' }])
})

describe('refuses', () => {
  test.each([
    { name: 'a host that is not on the list', url: 'https://other.example/' },
    { name: 'another protocol', url: 'ftp://localhost/' },
    { name: 'a file', url: 'file:///etc/passwd' },
    { name: 'a password in the URL', url: 'http://me:pw@localhost/' },
    { name: 'a private address', url: 'http://10.0.0.1/' },
    { name: 'what is no URL', url: 'localhost' },
  ])('$name', async ({ url }) => {
    await expect(network().request(asking(url))).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
      details: { rule: 'sandbox' },
    })
  })

  test.each(['127.0.0.1', '[::1]', 'localhost', '169.254.169.254', '0x7f000001', '[::ffff:127.0.0.1]', '2130706433'])(
    '%s where it is on the list',
    async (host) => {
      const closed = network({ allow: [host], allowPrivate: false })
      await expect(closed.request(asking(`http://${host}:1/`))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    },
  )

  test.each([
    { address: '10.0.0.7', family: 4 },
    { address: '169.254.169.254', family: 4 },
    { address: '::ffff:10.0.0.7', family: 6 },
    { address: 'fd00::1', family: 6 },
  ])('a name that has the address $address, also beside another', async (bad) => {
    const lookup = async () => [{ address: '127.0.0.1', family: 4 }, bad]
    const refusing = network({ lookup }).request(asking('http://localhost.example.org:1/'))
    await expect(refusing).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  test.each([
    { name: 'Host', value: 'other.example' },
    { name: 'transfer-encoding', value: 'chunked' },
    { name: 'Content-Length', value: '3' },
    { name: 'proxy-authorization', value: 'x' },
    { name: 'a b', value: 'x' },
    { name: 'x-mine', value: 'a\r\nhost: b' },
  ])('the header $name', async ({ name, value }) => {
    const refusing = network().request(asking('http://localhost:1/', { headers: { [name]: value } }))
    await expect(refusing).rejects.toThrow('headers: ')
    await expect(refusing).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })
})

test('a name is looked up once, and what was checked is what is connected to', async () => {
  await using server = await openLoopbackNode((_, response) => void response.end('here'))
  const asked: string[] = []
  const lookup = async (hostname: string) => {
    asked.push(hostname)
    // The second answer is the trap of a name that changes.
    return [{ address: asked.length === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]
  }
  const answer = await network({ lookup }).request(asking(`http://localhost.example.org:${portOf(server.url)}/`))
  expect(answer.body).toBe('here')
  expect(asked).toEqual(['localhost.example.org'])
})

const redirecting =
  (status: number, location: (path: string) => string | undefined): RequestListener =>
  (request, response) => {
    const target = location(request.url ?? '')
    if (target === undefined) response.end(`at ${request.url} as ${request.headers.authorization}`)
    else response.writeHead(status, { location: target }).end('gone')
  }

describe('a redirect', () => {
  test('is followed, with what was written for the host as long as it stays', async () => {
    await using server = await openLoopbackNode(redirecting(302, (path) => (path === '/a' ? '/b' : undefined)))
    const answer = await network().request(asking(`${server.url}/a`, { headers: { Authorization: 'mine' } }))
    expect(answer).toMatchObject({ status: 200, url: `${server.url}/b`, body: 'at /b as mine' })
  })

  test('to another host loses it', async () => {
    await using target = await openLoopbackNode(redirecting(302, () => undefined))
    await using server = await openLoopbackNode(redirecting(302, () => `${target.url}/b`))
    const answer = await network().request(asking(server.url, { headers: { Authorization: 'mine' } }))
    expect(answer.body).toBe('at /b as undefined')
  })

  test.each([
    { status: 303, method: 'GET', body: '' },
    { status: 302, method: 'GET', body: '' },
    { status: 307, method: 'POST', body: 'text' },
    { status: 308, method: 'POST', body: 'text' },
  ])('of status $status after a POST is a $method', async ({ status, method, body }) => {
    await using server = await openLoopbackNode(redirecting(status, (path) => (path === '/a' ? '/b' : undefined)))
    await network().request(asking(`${server.url}/a`, { method: 'POST', body: 'text' }))
    expect(server.received.at(-1)).toMatchObject({ path: '/b', method, body })
  })

  test.each([
    { to: 'a host that is not on the list', location: 'http://other.example/' },
    { to: 'a private address', location: 'http://10.0.0.1/' },
    { to: 'another protocol', location: 'file:///etc/passwd' },
  ])('to $to is refused', async ({ location }) => {
    await using server = await openLoopbackNode(redirecting(302, () => location))
    await expect(network().request(asking(server.url))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(server.received).toHaveLength(1)
  })

  test('is followed five times', async () => {
    await using server = await openLoopbackNode(redirecting(302, (path) => `${path}x`))
    await expect(network().request(asking(`${server.url}/`))).rejects.toMatchObject({ code: 'TOOL_FAILED' })
    expect(server.received).toHaveLength(6)
  })
})

test('a body is cut where it is too large, and between two characters', async () => {
  await using server = await openLoopbackNode((_, response) => void response.end('é'.repeat(600)))
  const answer = await network().request(asking(server.url, { maxBytes: 1_001 }))
  expect(answer).toMatchObject({ body: 'é'.repeat(500), isCut: true })
  expect(await network().request(asking(server.url, { maxBytes: 1_200 }))).toMatchObject({ isCut: false })
})

test('the eleventh request in a minute is refused, and another host is asked still', async () => {
  await using server = await openLoopbackNode((_, response) => void response.end())
  const standing = { nowMs: () => 0, monotonicMs: () => 0, sleep: () => new Promise<void>(() => undefined) }
  const limited = network({ clock: standing })
  for (let count = 0; count < 10; count++) await limited.request(asking(server.url))
  await expect(limited.request(asking(server.url))).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    details: { host: '127.0.0.1', retryAfterSeconds: 6 },
  })
  expect(server.received).toHaveLength(10)
  const other = `http://localhost:${portOf(server.url)}/`
  const lookup = async () => [{ address: '127.0.0.1', family: 4 }]
  expect(await network({ clock: standing, lookup }).request(asking(other))).toMatchObject({ status: 200 })
})

describe('a host that', () => {
  test.each<{ name: string; answer: RequestListener }>([
    { name: 'never answers', answer: () => undefined },
    {
      name: 'stands still in its body',
      answer: (_, response) => void response.writeHead(200, { 'content-length': '100' }).write('a'),
    },
  ])('$name is not waited for', async ({ answer }) => {
    await using server = await openLoopbackNode(answer)
    await expect(network().request(asking(server.url, { timeoutMs: 300 }))).rejects.toMatchObject({
      code: 'DEADLINE_EXCEEDED',
      details: { timeoutMs: 300 },
    })
  })

  test('breaks off has failed', async () => {
    await using server = await openLoopbackNode((request) => void request.socket.resetAndDestroy())
    await expect(network().request(asking(server.url))).rejects.toMatchObject({ code: 'TOOL_FAILED' })
  })
})

test('who hangs up is told why, and nothing goes on', async () => {
  await using server = await openLoopbackNode(() => gone.abort(new Error('gone')))
  const gone = new AbortController()
  await expect(network().request(asking(server.url, { signal: gone.signal }))).rejects.toThrow('gone')
})
