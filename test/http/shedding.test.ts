import { expect, test } from 'vitest'
import { z } from 'zod'
import { defineTool } from '../../src/tools/tool.ts'
import type { Bridge } from './bridge.ts'
import { createBoards, startBridge } from './bridge.ts'
import { json, posted, send } from './raw-http.ts'

/** A write that holds its place until it is let go. */
function createHeldTool() {
  const release = Promise.withResolvers<void>()
  const tool = defineTool({
    name: 'held',
    origin: 'game',
    summary: 'Waits.',
    effect: 'write',
    input: z.strictObject({}),
    output: z.object({}),
    run: async () => {
      await release.promise
      return { result: {} }
    },
  })
  return { tool, release: release.resolve }
}

const origin = 'https://page.example'
const createGame = posted('/otto/tool', { tool: 'ttt_create_game' })
/** As many refusals as make a service stop reading. */
const many = 64

/** All places are taken, and the service was asked for more again and again. */
async function swamped({ token }: { token?: string } = {}) {
  const held = createHeldTool()
  const boards = createBoards()
  const bridge = await startBridge({
    tools: [held.tool, ...boards.tools],
    limits: { maxWritesInFlight: 1 },
    access: { allowedHosts: [], allowedOrigins: [origin] },
    ...(token === undefined ? {} : { token }),
  })
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const first = send(bridge.port, posted('/otto/tool', { tool: 'held' }, headers))
  const ask = () => send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }, headers))
  await expect.poll(async () => (await ask()).status).toBe(503)
  await Promise.all(Array.from({ length: many }, ask))
  return { bridge, boards, held, first }
}

const linesOf = ({ logged }: Bridge) => logged.filter(({ msg }) => msg === 'request').length

test('the envelope, the headers and the trace id are those of any refusal', async () => {
  const { bridge, held, first } = await swamped()
  await using _ = bridge
  const before = linesOf(bridge)
  const refused = await send(bridge.port, { ...createGame, headers: { ...createGame.headers, 'x-trace-id': 'mine' } })
  expect(linesOf(bridge)).toBe(before) // nothing else was done for it
  expect(refused.status).toBe(503)
  const { headers } = refused
  const names = ['content-type', 'retry-after', 'x-trace-id', 'cache-control', 'x-content-type-options']
  expect(names.map((name) => headers.get(name))).toEqual([
    'application/json; charset=utf-8',
    '1',
    'mine',
    'no-store',
    'nosniff',
  ])
  const slow = await send(bridge.port, { ...createGame, headers: { ...createGame.headers, origin } })
  expect(linesOf(bridge)).toBe(before + 1) // a page of another origin is answered in full
  expect(slow.headers.get('access-control-allow-origin')).toBe(origin)
  expect(json(refused)).toEqual({ ...json(slow), traceId: 'mine' })
  held.release()
  await first
})

test('what only reads is refused at the door of writes, and answered at its own', async () => {
  const { bridge, boards, held, first } = await swamped()
  await using _ = bridge
  const args = { gameId: boards.create() }
  expect((await send(bridge.port, posted('/otto/tool', { tool: 'ttt_get_state', args }))).status).toBe(503)
  expect((await send(bridge.port, { path: `/otto/games/${args.gameId}/state` })).status).toBe(200)
  expect((await send(bridge.port, posted('/otto/tools/ttt_get_state', args))).status).toBe(200)
  held.release()
  await first
})

test('a place that is free is given at once', async () => {
  const { bridge, held, first } = await swamped()
  await using _ = bridge
  held.release()
  expect((await first).status).toBe(200)
  expect((await send(bridge.port, createGame)).status).toBe(200)
})

test('a foreign host learns of itself first; nobody learns whether a token is right', async () => {
  const { bridge, held } = await swamped({ token: 'the-token-of-this-service-0123456789' })
  await using _ = bridge
  const foreign = await send(bridge.port, { ...createGame, headers: { ...createGame.headers, host: 'evil.example' } })
  expect(json(foreign).code).toBe('HOST_NOT_ALLOWED')
  const wrong = { ...createGame.headers, authorization: 'Bearer wrong' }
  expect(json(await send(bridge.port, { ...createGame, headers: wrong })).code).toBe('OVERLOADED')
  held.release()
})

test('a service that stops says so, and keeps no connection', async () => {
  const { bridge, held, first } = await swamped()
  const closing = bridge.server.close()
  const refused = await send(bridge.port, createGame)
  expect([json(refused).code, refused.headers.get('connection')]).toEqual(['SHUTTING_DOWN', 'close'])
  held.release()
  await Promise.all([first, closing])
})

test('a line of the log counts them all, the last ones too', async () => {
  const { bridge, held, first } = await swamped()
  await using _ = bridge
  const before = linesOf(bridge)
  for (let call = 0; call < 3; call++) await send(bridge.port, createGame)
  expect(linesOf(bridge)).toBe(before)
  const told = () =>
    bridge.logged
      .filter(({ msg }) => msg === 'calls were refused unread')
      .reduce((sum, { refused }) => sum + Number(refused), 0)
  await expect.poll(told, { timeout: 10_000 }).toBeGreaterThanOrEqual(3)
  held.release()
  await first
})
