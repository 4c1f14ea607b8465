import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineTool } from '../../src/tools/tool.ts'
import { createBoards, startBridge } from './bridge.ts'
import { json, open, posted, send, toBytes } from './raw-http.ts'

/** A tool that waits until the test lets it go, or its caller is gone. */
function createSlowTool(effect: 'read' | 'write') {
  const started = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<unknown>()
  const running = { now: 0 }
  const tool = defineTool({
    name: 'slow',
    origin: 'game',
    summary: 'Waits.',
    effect,
    input: z.strictObject({}),
    output: z.object({}),
    run: async (_input, caller) => {
      running.now += 1
      caller.gone.addEventListener('abort', () => gone.resolve(caller.gone.reason))
      started.resolve()
      await release.promise
      running.now -= 1
      return { result: {} }
    },
  })
  return { tool, running, started: started.promise, gone: gone.promise, release: release.resolve }
}

const slowCall = posted('/otto/tool', { tool: 'slow' })

test('a call with a body runs to its end while the caller listens', async () => {
  const slow = createSlowTool('write')
  await using bridge = await startBridge({ tools: [slow.tool] })
  const { answer } = open(bridge.port, toBytes(bridge.port, slowCall))
  await slow.started
  const first = await Promise.race([
    slow.gone.then(() => 'gone'),
    send(bridge.port, { path: '/wallets' }).then(() => 'here'),
  ])
  slow.release()
  expect(first).toBe('here')
  expect(json(await answer)).toMatchObject({ success: true })
})

test('a caller who hangs up is noticed at once', async () => {
  const slow = createSlowTool('read')
  await using bridge = await startBridge({ tools: [slow.tool] })
  const { hangUp } = open(bridge.port, toBytes(bridge.port, slowCall))
  await slow.started
  hangUp()
  expect(await slow.gone).toBeInstanceOf(Error)
  slow.release()
  await expect.poll(() => bridge.logged.find(({ msg }) => msg === 'request')).toMatchObject({ hungUp: true })
})

describe('limits', () => {
  test('requests past the limit are told to wait, liveness is not', async () => {
    const slow = createSlowTool('read')
    await using bridge = await startBridge({ tools: [slow.tool], limits: { maxRequestsInFlight: 1 } })
    const { answer } = open(bridge.port, toBytes(bridge.port, slowCall))
    await slow.started
    const refused = await send(bridge.port, { path: '/wallets' })
    expect([refused.status, json(refused).code, refused.headers.get('retry-after')]).toEqual([503, 'OVERLOADED', '1'])
    expect((await send(bridge.port, { path: '/health/live' })).status).toBe(200)
    slow.release()
    await answer
    await expect.poll(async () => (await send(bridge.port, { path: '/wallets' })).status).toBe(200)
  })

  test('writes past the limit are refused in the envelope, reads go on', async () => {
    const slow = createSlowTool('write')
    const boards = createBoards()
    const tools = [slow.tool, ...boards.tools]
    await using bridge = await startBridge({ tools, limits: { maxWritesInFlight: 1 } })
    const { answer } = open(bridge.port, toBytes(bridge.port, slowCall))
    await slow.started
    const refused = await send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }))
    expect(refused.status).toBe(503)
    expect(json(refused)).toMatchObject({
      success: false,
      code: 'OVERLOADED',
      outcome: 'not_submitted',
      retryable: true,
    })
    const read = await send(
      bridge.port,
      posted('/otto/tool', { tool: 'ttt_get_state', args: { gameId: boards.create() } }),
    )
    expect(read.status).toBe(200)
    slow.release()
    await answer
    expect((await send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }))).status).toBe(200)
  })

  test('a write counts until it ends, not until its caller leaves', async () => {
    const slow = createSlowTool('write')
    await using bridge = await startBridge({ tools: [slow.tool], limits: { maxWritesInFlight: 1 } })
    const { hangUp } = open(bridge.port, toBytes(bridge.port, slowCall))
    await slow.started
    hangUp()
    await slow.gone
    expect((await send(bridge.port, slowCall)).status).toBe(503)
    slow.release()
    await expect.poll(() => slow.running.now).toBe(0)
    expect((await send(bridge.port, slowCall)).status).toBe(200)
  })

  test('headers past their limit: 431, and the connection ends', async () => {
    await using bridge = await startBridge({ limits: { maxHeaderBytes: 2_000 } })
    const answer = await send(bridge.port, { path: '/wallets', headers: { 'x-long': 'a'.repeat(3_000) } })
    expect([answer.status, json(answer).code]).toEqual([431, 'PAYLOAD_TOO_LARGE'])
    expect(answer.headers.get('connection')).toBe('close')
  })

  test('16 KiB of headers are the default', async () => {
    await using bridge = await startBridge()
    const ask = (length: number) => send(bridge.port, { path: '/wallets', headers: { 'x-long': 'a'.repeat(length) } })
    expect((await ask(15_000)).status).toBe(200)
    expect((await ask(17_000)).status).toBe(431)
  })

  test.each([
    { name: 'half a head', text: 'GET /wallets HTTP/1.1\r\nHost: local' },
    {
      name: 'half a body',
      text: 'POST /otto/tool HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    },
  ])('$name that does not go on: 408', async ({ text }) => {
    await using bridge = await startBridge({ limits: { arrivalTimeoutMs: 50 } })
    const answer = await open(bridge.port, Buffer.from(text)).answer
    expect([answer.status, json(answer).code]).toEqual([408, 'DEADLINE_EXCEEDED'])
  })

  test('connections past their limit are dropped', async () => {
    const slow = createSlowTool('read')
    await using bridge = await startBridge({ tools: [slow.tool], limits: { maxConnections: 1 } })
    const { answer } = open(bridge.port, toBytes(bridge.port, slowCall))
    await slow.started
    expect((await send(bridge.port, { path: '/wallets' })).status).toBe(0)
    slow.release()
    expect((await answer).status).toBe(200)
  })
})

test('closing lets a running write end and starts no other', async () => {
  const slow = createSlowTool('write')
  const bridge = await startBridge({ tools: [slow.tool] })
  const running = open(bridge.port, toBytes(bridge.port, slowCall))
  await slow.started
  const arrived = once(bridge.server.server, 'request')
  const bytes = toBytes(bridge.port, slowCall)
  const late = open(bridge.port, bytes.subarray(0, -5))
  await arrived
  const closed = bridge.server.close()
  // While the write runs whoever comes is told, on a connection of its own too.
  await expect.poll(async () => (await send(bridge.port, { path: '/health/ready' })).status).toBe(503)
  late.write(bytes.subarray(-5))
  const refused = await late.answer
  expect(refused.status).toBe(503)
  expect(json(refused)).toMatchObject({ code: 'SHUTTING_DOWN', outcome: 'not_submitted', retryable: true })
  expect(refused.headers.get('retry-after')).toBe('5')
  expect(refused.headers.get('connection')).toBe('close')
  slow.release()
  expect(json(await running.answer)).toMatchObject({ success: true })
  await closed
  expect((await send(bridge.port, { path: '/wallets' })).status).toBe(0)
})

describe('methods and paths', () => {
  test.each([
    { method: 'GET', path: '/otto/tool', status: 405, allow: 'POST' },
    { method: 'PUT', path: '/otto/tool', status: 405, allow: 'POST' },
    { method: 'DELETE', path: '/wallets', status: 405, allow: 'GET, HEAD' },
    { method: 'POST', path: '/wallets?x=1', status: 405, allow: 'GET, HEAD' },
    {
      method: 'PATCH',
      path: '/otto/games/7c9e6679-7425-40de-944b-e07fc1f90ae7/state',
      status: 405,
      allow: 'GET, HEAD',
    },
    { method: 'OPTIONS', path: '/otto/tool', status: 405, allow: 'POST' },
    { method: 'PURGE', path: '/wallets', status: 405, allow: 'GET, HEAD' },
    { method: 'TRACE', path: '/wallets', status: 405, allow: 'GET, HEAD' },
    { method: 'GET', path: '/otto/tools/ttt_create_game', status: 405, allow: 'POST' },
    { method: 'GET', path: '/nothing', status: 404, allow: undefined },
    { method: 'GET', path: '/otto/tools/', status: 404, allow: undefined },
    { method: 'GET', path: '//wallets', status: 404, allow: undefined },
    { method: 'GET', path: '/wallets/', status: 404, allow: undefined },
    { method: 'GET', path: '/WALLETS', status: 404, allow: undefined },
    { method: 'GET', path: '/%zz', status: 400, allow: undefined },
    { method: 'GET', path: `/otto/games/${'7'.repeat(500)}/state`, status: 404, allow: undefined },
  ])('$method $path: $status', async ({ method, path, status, allow }) => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, { method, path })
    expect(answer.status).toBe(status)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
    expect(answer.headers.get('allow')).toBe(allow)
    expect(json(answer).status).toBe(status)
  })

  test('CONNECT opens no tunnel: 405', async () => {
    await using bridge = await startBridge()
    const answer = await open(bridge.port, Buffer.from('CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'))
      .answer
    expect([answer.status, json(answer).code]).toEqual([405, 'METHOD_NOT_ALLOWED'])
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST')
  })

  test('an unknown expectation is no obstacle', async () => {
    await using bridge = await startBridge()
    expect((await send(bridge.port, { path: '/wallets', headers: { expect: 'miracles' } })).status).toBe(200)
  })

  test('answers are neither cached nor guessed at', async () => {
    await using bridge = await startBridge()
    const { headers } = await send(bridge.port, { path: '/wallets' })
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('the log', () => {
  test('has one line a request, and never what was sent', async () => {
    await using bridge = await startBridge()
    const request = posted('/otto/tool?q=secret', { tool: 'secret' }, { authorization: 'secret', 'x-trace-id': 't-1' })
    await send(bridge.port, request)
    await send(bridge.port, { path: '/secret' })
    await expect.poll(() => bridge.logged.filter(({ msg }) => msg === 'request').length).toBe(2)
    const [first, second] = bridge.logged.filter(({ msg }) => msg === 'request')
    expect(first).toMatchObject({
      traceId: 't-1',
      method: 'POST',
      route: '/otto/tool',
      status: 404,
      code: 'UNKNOWN_TOOL',
      level: 30,
    })
    expect(second).toMatchObject({ route: null, status: 404, code: 'NOT_FOUND' })
    expect(first?.['ms']).toEqual(expect.any(Number))
    expect(JSON.stringify(bridge.logged)).not.toContain('secret')
  })

  test('shows a bug of a route whole, and the caller none of it', async () => {
    const wallets = () => {
      throw new Error('the wallet is on fire')
    }
    await using bridge = await startBridge({ wallets })
    const answer = await send(bridge.port, { path: '/wallets' })
    expect([answer.status, json(answer).code]).toEqual([500, 'INTERNAL_ERROR'])
    expect(answer.body).not.toContain('fire')
    expect(JSON.stringify(bridge.logged)).toContain('the wallet is on fire')
  })
})
