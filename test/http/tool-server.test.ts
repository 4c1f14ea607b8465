import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { inlineRefs } from '../../src/http/tool-server-document.ts'
import { gameTools } from '../../src/open-games.ts'
import { tttSimulateMove } from '../../src/tools/ttt-simulate-move.ts'
import { createWorld } from '../tictactoe/_world.ts'
import { convertedTools, pathOf } from './_tool-server-client.ts'
import type { Bridge } from './bridge.ts'
import { createBoards, startBridge } from './bridge.ts'
import { json, posted, send } from './raw-http.ts'

const document = async ({ port }: Pick<Bridge, 'port'>) => json(await send(port, { path: '/tools/openapi.json' }))

describe('the document', () => {
  let world: Awaited<ReturnType<typeof createWorld>>
  let bridge: Bridge
  beforeAll(async () => {
    world = await createWorld()
    bridge = await startBridge({ tools: [...gameTools, tttSimulateMove].map((tool) => tool(world.games)) })
  })
  afterAll(async () => {
    await bridge[Symbol.asyncDispose]()
    await world.close()
  })

  test('is one that a reader of tools turns into the seven of the service', async () => {
    const converted = convertedTools(await document(bridge))
    expect(converted.map(({ name }) => name)).toEqual([
      'ttt_create_game',
      'ttt_start_game',
      'ttt_make_move',
      'ttt_get_state',
      'ttt_reset_board',
      'ttt_cancel_game',
      'ttt_simulate_move',
    ])
    expect(converted[2]).toEqual({
      name: 'ttt_make_move',
      description: expect.stringMatching(
        /^Place a mark on an empty cell\. Call it once per turn.* Signs and submits\. /,
      ),
      properties: {
        gameId: { type: 'string', description: 'The gameId that ttt_create_game returned. A UUID.' },
        player: { type: 'string', description: 'Who moves: X or O. One of "X", "O". Possible values: X, O' },
        cell: { type: 'integer', description: '0 is top left, 8 is bottom right. A whole number from 0 to 8.' },
      },
      required: ['gameId', 'player', 'cell'],
    })
    expect(converted.find(({ name }) => name === 'ttt_cancel_game')?.properties['reason']?.description).toContain('500')
  })

  test('says each argument, with its range, in the description too', async () => {
    for (const { description, properties } of convertedTools(await document(bridge)))
      for (const [key, { type, description: text }] of Object.entries(properties)) {
        expect(type, key).toBeTypeOf('string')
        expect(description).toContain(`${key}: `)
        expect(text.length, key).toBeGreaterThan(10)
      }
  })

  test('is OpenAPI 3.1 that names nothing elsewhere and takes no argument that it does not name', async () => {
    const { openapi, paths, servers } = await document(bridge)
    expect([openapi, servers]).toEqual(['3.1.0', [{ url: '/' }]])
    expect(JSON.stringify(paths)).not.toContain('$ref')
    const posts = Object.values<{ post: Record<string, unknown> }>(paths).map(({ post }) => post)
    const Operation = z.object({
      requestBody: z.object({
        required: z.literal(true),
        content: z.object({
          'application/json': z.object({ schema: z.looseObject({ additionalProperties: z.literal(false) }) }),
        }),
      }),
      responses: z.looseObject({
        200: z.object({ content: z.looseObject({}) }),
        404: z.object({ description: z.string() }),
      }),
    })
    expect(posts).toHaveLength(7)
    for (const post of posts) expect(Operation.safeParse(post).error).toBeUndefined()
  })

  test('leads to a game when it is followed', async () => {
    const listed = await document(bridge)
    const call = async (name: string, args: object) => send(bridge.port, posted(pathOf(listed, name), args))
    const { gameId } = json(await call('ttt_create_game', {}))
    await call('ttt_start_game', { gameId })
    const move = { gameId, player: 'X', cell: 4 }
    const moved = await call('ttt_make_move', move)
    expect([moved.status, json(moved)]).toMatchObject([200, { gameId, turn: 'O' }])
    const again = await call('ttt_make_move', { ...move, player: 'O' })
    expect([again.status, json(again)]).toMatchObject([200, { success: false, code: 'INVALID_MOVE' }])
    const early = await call('ttt_start_game', { gameId })
    expect([early.status, json(early).code]).toEqual([409, 'STATE_ERROR'])
  })
})

describe('a token', () => {
  const token = 'correct-horse-battery-staple-0123456789'

  test.each([{ path: '/tools/openapi.json' }, posted('/otto/tools/ttt_create_game', {})])(
    'is wanted at $path; a scheme without one is 401 and no attempt',
    async (request) => {
      await using bridge = await startBridge({ token })
      const withHeader = (authorization: string) =>
        send(bridge.port, { ...request, headers: { ...('headers' in request ? request.headers : {}), authorization } })
      for (let attempt = 0; attempt < 12; attempt++) {
        const refused = await withHeader(attempt % 2 === 0 ? 'Bearer' : 'Bearer ')
        expect([refused.status, json(refused).code]).toEqual([401, 'UNAUTHENTICATED'])
      }
      expect((await withHeader(`Bearer ${token}`)).status).toBe(200)
    },
  )

  test('is said in the document', async () => {
    await using bridge = await startBridge({ token })
    const headers = { authorization: `Bearer ${token}` }
    const listed = json(await send(bridge.port, { path: '/tools/openapi.json', headers }))
    expect([listed.security, listed.components.securitySchemes.bearer.scheme]).toEqual([[{ bearer: [] }], 'bearer'])
    await using open = await startBridge()
    expect(await document(open)).not.toHaveProperty('security')
  })
})

describe('a page of another origin', () => {
  const origin = 'https://chat.example'
  const start = () => startBridge({ access: { allowedHosts: [], allowedOrigins: [origin] }, token: 'x'.repeat(40) })
  const preflight = (path: string, method: string, more: Readonly<Record<string, string>> = {}) => ({
    method: 'OPTIONS',
    path,
    headers: { origin, 'access-control-request-method': method, ...more },
  })

  test.each([
    ['/tools/openapi.json', 'GET'],
    ['/otto/tools/ttt_make_move', 'POST'],
  ])('may ask first at %s, without a token', async (path, method) => {
    await using bridge = await start()
    const { status, headers } = await send(bridge.port, preflight(path, method))
    expect([status, headers.get('access-control-allow-origin')]).toEqual([204, origin])
    expect(headers.get('access-control-allow-methods')).toContain(method)
    const allowed = headers.get('access-control-allow-headers')?.split(', ') ?? []
    for (const name of [
      'authorization',
      'content-type',
      'idempotency-key',
      'x-otto-tools',
      'x-openwebui-chat-id',
      'x-openwebui-message-id',
      'mcp-protocol-version',
      'mcp-method',
      'mcp-name',
      'mcp-session-id',
    ])
      expect(allowed).toContain(name)
    expect(headers.has('access-control-allow-private-network')).toBe(false)
  })

  test('is let into this private network when its browser asks', async () => {
    await using bridge = await start()
    const asked = preflight('/otto/tools/ttt_make_move', 'POST', { 'access-control-request-private-network': 'true' })
    expect((await send(bridge.port, asked)).headers.get('access-control-allow-private-network')).toBe('true')
  })

  test('that nobody listed is refused, whatever it asks', async () => {
    await using bridge = await startBridge()
    const asked = preflight('/tools/openapi.json', 'GET', { 'access-control-request-private-network': 'true' })
    const { status, headers } = await send(bridge.port, asked)
    expect([status, headers.get('access-control-allow-private-network')]).toEqual([403, undefined])
  })
})

describe('a message of Open WebUI', () => {
  const from = (chatId: string, messageId: string) => ({
    'x-openwebui-chat-id': chatId,
    'x-openwebui-message-id': messageId,
  })
  const create = (headers: Readonly<Record<string, string>>, args: object = {}) =>
    posted('/otto/tools/ttt_create_game', args, headers)

  test.each([
    { name: 'the same message', one: from('c', 'm'), other: from('c', 'm'), same: true },
    { name: 'another message', one: from('c', 'm'), other: from('c', 'n'), same: false },
    { name: 'another chat', one: from('c', 'm'), other: from('d', 'm'), same: false },
    {
      name: 'keys of its own',
      one: { ...from('c', 'm'), 'idempotency-key': '1' },
      other: { ...from('c', 'm'), 'idempotency-key': '2' },
      same: false,
    },
    { name: 'no message', one: { 'x-openwebui-chat-id': 'c' }, other: { 'x-openwebui-chat-id': 'c' }, same: false },
    { name: 'a name that is none', one: from('a b', 'm'), other: from('a b', 'm'), same: false },
  ])('$name: one wish $same', async ({ one, other, same }) => {
    await using bridge = await startBridge()
    const first = json(await send(bridge.port, create(one)))
    const second = json(await send(bridge.port, create(other)))
    expect(first.gameId).toBeTypeOf('string')
    expect(first.gameId === second.gameId).toBe(same)
  })

  test('wishes for other arguments besides, in any order of them', async () => {
    const boards = createBoards()
    const gameId = boards.create()
    await using bridge = await startBridge({ tools: boards.tools })
    const move = (args: object) => send(bridge.port, posted('/otto/tools/ttt_make_move', args, from('c', 'm')))
    await move({ gameId, player: 'X', cell: 0 })
    expect(json(await move({ cell: 0, player: 'X', gameId })).board).toBeDefined()
    await move({ gameId, player: 'O', cell: 1 })
    expect(boards.read(gameId).slice(0, 3)).toEqual(['X', 'O', null])
  })

  test('counts at no other door', async () => {
    await using bridge = await startBridge()
    const call = posted('/otto/tool', { tool: 'ttt_create_game' }, from('c', 'm'))
    const [one, other] = [json(await send(bridge.port, call)), json(await send(bridge.port, call))]
    expect(one.result.gameId).not.toBe(other.result.gameId)
  })

  test('leaves a key in the arguments alone', async () => {
    const world = await createWorld()
    await using bridge = await startBridge({ tools: gameTools.map((tool) => tool(world.games)) })
    const call = () => send(bridge.port, create(from('c', 'm'), { idempotencyKey: crypto.randomUUID() }))
    const [one, other] = [await call(), await call()]
    expect([one.status, other.status]).toEqual([200, 200])
    expect(json(one).gameId).not.toBe(json(other).gameId)
    await world.close()
  })
})

describe('inlineRefs', () => {
  test.each([
    { name: 'nothing to do', schema: { type: 'object' }, expected: { type: 'object' } },
    {
      name: 'references of references',
      schema: { $defs: { a: { $ref: '#/$defs/b~1c' }, 'b/c': { type: 'string' } }, items: [{ $ref: '#/$defs/a' }] },
      expected: { items: [{ type: 'string' }] },
    },
    {
      name: 'what stands beside one wins',
      schema: { $defs: { a: { type: 'string', description: 'A.' } }, items: { $ref: '#/$defs/a', description: 'B.' } },
      expected: { items: { type: 'string', description: 'B.' } },
    },
  ])('$name', ({ schema, expected }) => {
    expect(inlineRefs(schema)).toEqual(expected)
  })

  test.each([
    { name: 'a circle', schema: { $defs: { a: { items: { $ref: '#/$defs/a' } } }, items: { $ref: '#/$defs/a' } } },
    { name: 'one to nothing', schema: { items: { $ref: '#/$defs/a' } } },
    { name: 'one elsewhere', schema: { items: { $ref: 'https://example.org/a' } } },
  ])('refuses $name', ({ schema }) => {
    expect(() => inlineRefs(schema)).toThrow(TypeError)
  })
})
