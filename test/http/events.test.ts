import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import type { Sink } from '../../src/live/live.ts'
import type { World } from '../live/_world.ts'
import { createWorld, feedOf } from '../live/_world.ts'
import { openEvents } from './_event-stream.ts'
import { startBridge } from './bridge.ts'
import { json, send } from './raw-http.ts'

const patience = { timeout: 10_000, interval: 10 }
const token = 'owner-0123456789abcdef0123456789abcdef'

type Options = Parameters<typeof startBridge>[0]

/** A bridge whose streams tell of a world, with a game that is played. */
async function startWatching(options: Options = {}, world: World = createWorld()) {
  const live = feedOf(world)
  const gameId = world.create()
  world.play(gameId, 'start')
  const bridge = await startBridge({ live, ...options })
  return { ...bridge, world, live, gameId }
}

/** The answer to a handshake: its status, and the frames that follow as text. */
async function shakeHands(port: number, path: string, headers: Record<string, string> = {}) {
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    agent: false,
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  })
  sent.end()
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; socket?: Socket; head?: Buffer }>()
  sent.once('upgrade', ({ statusCode = 0 }, socket, head) => resolve({ status: statusCode, socket, head }))
  sent.once('response', (answer) => {
    answer.resume()
    resolve({ status: answer.statusCode ?? 0 })
  })
  sent.once('error', reject)
  return promise
}

describe('GET /otto/games/:id/events', () => {
  test('server-sent events: how the game stands, then what happens', async () => {
    await using bridge = await startWatching()
    const events = await openEvents(bridge.port, `/otto/games/${bridge.gameId.toUpperCase()}/events`)
    expect(events.answer.statusCode).toBe(200)
    expect(events.answer.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    })
    bridge.world.play(bridge.gameId, 'move')
    await vi.waitFor(() => expect(events.types()).toEqual(['game', 'move_made']), patience)
    expect(events.state.text).toMatch(/^retry: 1000\n\nid: boot-\d+\nevent: game\ndata: \{.*\}\n\n/)
    events.hangUp()
    await vi.waitFor(() => expect(bridge.live.watchers()).toBe(0), patience)
    await vi.waitFor(
      () =>
        expect(bridge.logged).toContainEqual(expect.objectContaining({ route: '/otto/games/:id/events', status: 200 })),
      patience,
    )
  })

  test.each(['header', 'query'])('goes on after the id of the %s', async (where) => {
    await using bridge = await startWatching()
    const path = `/otto/games/${bridge.gameId}/events`
    const first = await openEvents(bridge.port, path)
    await vi.waitFor(() => expect(first.types()).toEqual(['game']), patience)
    const id = first.data()[0]?.id ?? ''
    first.hangUp()
    bridge.world.play(bridge.gameId, 'move', 'move')
    const next =
      where === 'header'
        ? await openEvents(bridge.port, path, { 'last-event-id': id })
        : await openEvents(bridge.port, `${path}?lastEventId=${id}`)
    await vi.waitFor(() => expect(next.types()).toEqual(['move_made', 'move_made']), patience)
    next.hangUp()
  })
})

describe.each(['events', 'watch'])('GET /otto/games/:id/%s', (door) => {
  test.each([
    { name: 'no game', path: `/otto/games/${crypto.randomUUID()}`, status: 404, code: 'GAME_NOT_FOUND', details: {} },
    { name: 'no id', path: '/otto/games/seven', status: 400, code: 'INVALID_ARGUMENTS', details: { path: 'id' } },
  ])('$name is refused before anything begins', async ({ path, status, code, details }) => {
    await using bridge = await startWatching()
    const answer = await send(bridge.port, { path: `${path}/${door}` })
    expect([answer.status, json(answer).code]).toEqual([status, code])
    expect(json(answer).details).toMatchObject(details)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
  })

  test('a parameter that it does not have is named', async () => {
    await using bridge = await startWatching()
    const answer = await send(bridge.port, { path: `/otto/games/${bridge.gameId}/${door}?since=1` })
    expect([answer.status, json(answer).details]).toEqual([400, { path: 'since' }])
  })

  test('HEAD is not served', async () => {
    await using bridge = await startWatching()
    const sent = request({
      host: '127.0.0.1',
      port: bridge.port,
      path: `/otto/games/${bridge.gameId}/${door}`,
      method: 'HEAD',
    })
    sent.end()
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, 'GET'])
  })
})

test('a reader that takes nothing loses its connection, and nobody else does', async () => {
  const sinks: Sink[] = []
  const live = {
    watchGame: async () => (sink: Sink) => {
      sinks.push(sink)
      return () => void sinks.splice(sinks.indexOf(sink), 1)
    },
    watchAll: () => Promise.reject(new Error('not asked')),
    close: () => {},
  }
  await using bridge = await startBridge({ live })
  const path = `/otto/games/${crypto.randomUUID()}/events`
  const slow = connect(bridge.port, '127.0.0.1')
  slow.pause()
  slow.on('error', () => {})
  slow.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await vi.waitFor(() => expect(sinks).toHaveLength(1), patience)
  const quick = await openEvents(bridge.port, path)
  const sent = { id: 'boot-1', type: 'game', json: JSON.stringify({ type: 'game', text: 'x'.repeat(60_000) }) } as const
  let count = 0
  while (sinks.length > 1 && count < 2_000) {
    for (const sink of [...sinks]) sink.send(sent)
    count += 1
    await vi.waitFor(() => expect(quick.state.text.length).toBeGreaterThan(count * 60_000), patience)
  }
  expect(sinks).toHaveLength(1)
  expect(quick.state.isOver).toBe(false)
  quick.hangUp()
  slow.destroy()
})

describe('how many streams there may be', () => {
  test('they have a bound of their own, and take none of the requests in flight', async () => {
    await using bridge = await startWatching({ limits: { maxRequestsInFlight: 1, maxStreams: 2 } })
    const open = [await openEvents(bridge.port, '/otto/events'), await openEvents(bridge.port, '/otto/events')]
    const third = await send(bridge.port, { path: '/otto/events' })
    expect([third.status, json(third).code, third.headers.get('retry-after')]).toEqual([503, 'OVERLOADED', '1'])
    expect((await shakeHands(bridge.port, `/otto/games/${bridge.gameId}/watch`)).status).toBe(503)
    expect((await send(bridge.port, { path: '/wallets' })).status).toBe(200)
    open[0]?.hangUp()
    await vi.waitFor(async () => {
      const events = await openEvents(bridge.port, '/otto/events')
      expect(events.answer.statusCode).toBe(200)
      events.hangUp()
    }, patience)
    open[1]?.hangUp()
  })

  test('closing ends them all, whether or not their readers agree', async () => {
    const bridge = await startWatching()
    const events = await openEvents(bridge.port, '/otto/events')
    const { socket } = await shakeHands(bridge.port, `/otto/games/${bridge.gameId}/watch`)
    socket?.on('error', () => {})
    await vi.waitFor(() => expect(bridge.live.watchers()).toBe(2), patience)
    const startedMs = performance.now()
    await bridge[Symbol.asyncDispose]()
    expect(performance.now() - startedMs).toBeLessThan(5_000)
    await vi.waitFor(() => expect(events.state.isOver).toBe(true), patience)
    await vi.waitFor(() => expect(bridge.live.watchers()).toBe(0), patience)
  })
})

describe('GET /otto/games/:id/watch', () => {
  const origin = 'http://page.example'
  const path = (gameId: string) => `/otto/games/${gameId}/watch`

  test('the same records as text frames, whatever the client says', async () => {
    await using bridge = await startWatching()
    const socket = new WebSocket(`ws://127.0.0.1:${bridge.port}${path(bridge.gameId)}`)
    const records: { type: string; id: string }[] = []
    socket.addEventListener('message', ({ data }) => records.push(JSON.parse(data)))
    await vi.waitFor(() => expect(records).toMatchObject([{ type: 'game' }]), patience)
    socket.send('{"type":"move"}')
    bridge.world.play(bridge.gameId, 'move')
    await vi.waitFor(() => expect(records).toMatchObject([{ type: 'game' }, { type: 'move_made' }]), patience)
    const plain = json(await send(bridge.port, { path: `${path(bridge.gameId)}?lastEventId=${records[0]?.id}` }))
    expect(plain).toEqual({ records: [records[1]] })
    const closed = once(socket, 'close')
    socket.send('x'.repeat(1_025))
    const [{ code }] = await closed
    expect(code).toBe(1009)
    await vi.waitFor(() => expect(bridge.live.watchers()).toBe(0), patience)
  })

  test.each([
    { name: 'another host', headers: { host: 'otto.example' }, status: 403 },
    { name: 'a foreign page', headers: { origin }, status: 403 },
    { name: 'no token', headers: { authorization: '' }, status: 401 },
    { name: 'a wrong token', headers: { authorization: `Bearer ${'x'.repeat(32)}` }, status: 401 },
    { name: 'another version', headers: { 'sec-websocket-version': '7' }, status: 400 },
  ])('$name: no upgrade', async ({ headers, status }) => {
    await using bridge = await startWatching({ token })
    const given = { authorization: `Bearer ${token}`, ...headers } as Record<string, string>
    expect((await shakeHands(bridge.port, path(bridge.gameId), given)).status).toBe(status)
    await vi.waitFor(() => expect(bridge.live.watchers()).toBe(0), patience)
  })

  test('with the token, and from a page that may call: an upgrade', async () => {
    await using bridge = await startWatching({ token, access: { allowedHosts: [], allowedOrigins: [origin] } })
    const headers = { authorization: `Bearer ${token}`, origin }
    const { status, socket } = await shakeHands(bridge.port, path(bridge.gameId), headers)
    expect(status).toBe(101)
    socket?.destroy()
    await vi.waitFor(
      () => expect(bridge.logged).toContainEqual(expect.objectContaining({ route: path(':id'), status: 101 })),
      patience,
    )
  })

  test.each([
    { name: 'no game', path: path(crypto.randomUUID()), status: 404 },
    { name: 'another route', path: '/wallets', status: 200 },
    { name: 'no route', path: '/otto/nothing/watch', status: 404 },
    { name: 'another protocol', path: path('seven'), status: 400, headers: { upgrade: 'h2c' } },
  ])('$name: answered as if nobody had asked for an upgrade', async ({ path, status, headers = {} }) => {
    await using bridge = await startWatching()
    expect((await shakeHands(bridge.port, path, headers as Record<string, string>)).status).toBe(status)
  })
})
