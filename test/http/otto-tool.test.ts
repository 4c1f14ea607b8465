import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineTool } from '../../src/tools/tool.ts'
import { createBoards, startBridge } from './bridge.ts'
import { json, open, posted, send } from './raw-http.ts'

const start = async () => {
  const boards = createBoards()
  return { bridge: await startBridge({ tools: boards.tools }), gameId: boards.create(), boards }
}

describe('POST /otto/tool', () => {
  test.each(['args', 'arguments'])('takes the arguments under %s and answers in an envelope', async (field) => {
    const { bridge, gameId } = await start()
    await using _ = bridge
    const call = { tool: 'ttt_make_move', [field]: { gameId, player: 'X', cell: 4 } }
    const answer = await send(bridge.port, posted('/otto/tool', call))
    expect(answer.status).toBe(200)
    expect(json(answer)).toMatchObject({
      success: true,
      result: { gameId, board: [null, null, null, null, 'X', null, null, null, null] },
    })
  })

  test('takes a tool without arguments', async () => {
    await using bridge = await startBridge()
    expect(json(await send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }))).success).toBe(true)
  })

  test('a refused move is an answer', async () => {
    const { bridge, gameId } = await start()
    await using _ = bridge
    const move = posted('/otto/tool', { tool: 'ttt_make_move', args: { gameId, player: 'X', cell: 0 } })
    await send(bridge.port, move)
    const answer = await send(bridge.port, move)
    expect(answer.status).toBe(200)
    expect(json(answer)).toMatchObject({ success: false, code: 'INVALID_MOVE', outcome: 'rejected', retryable: false })
  })

  test.each([
    { name: 'no tool', body: { args: {} }, path: 'tool' },
    { name: 'a member too many', body: { tool: 'ttt_create_game', force: true }, path: 'force' },
    {
      name: 'both names of the arguments',
      body: { tool: 'ttt_create_game', args: {}, arguments: {} },
      path: 'arguments',
    },
    { name: 'arguments that are no object', body: { tool: 'ttt_create_game', args: [] }, path: 'args' },
    { name: 'a very long name', body: { tool: 'a'.repeat(129) }, path: 'tool' },
  ])('$name: 400 naming $path', async ({ body, path }) => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, posted('/otto/tool', body))
    expect(answer.status).toBe(400)
    expect(json(answer)).toMatchObject({
      code: 'INVALID_REQUEST',
      details: { path },
      hint: expect.stringContaining('GET /otto/tools'),
    })
  })

  test('a long member name comes back cut', async () => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game', ['m'.repeat(5_000)]: 1 }))
    expect(json(answer).details.path).toBe('m'.repeat(64))
  })

  test('a body larger than the limit is refused and the connection stays in step', async () => {
    await using bridge = await startBridge({ limits: { maxBodyBytes: 100 } })
    const answer = await send(bridge.port, posted('/otto/tool', { tool: 'a'.repeat(100) }))
    expect([answer.status, json(answer).code, json(answer).details]).toEqual([
      413,
      'PAYLOAD_TOO_LARGE',
      { maxBytes: 100 },
    ])
    expect(answer.headers.get('connection')).not.toBe('close')
  })

  test.each([
    { body: '{"tool":"ttt_create_game"}', status: 200 },
    { body: `{"tool":"${'a'.repeat(200)}"}`, status: 413 },
  ])('a chunked body is read like any other, and measured: $status', async ({ body, status }) => {
    await using bridge = await startBridge({ limits: { maxBodyBytes: 100 } })
    const head =
      'POST /otto/tool HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked'
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`
    expect((await open(bridge.port, Buffer.from(`${head}\r\n\r\n${chunk}`)).answer).status).toBe(status)
  })

  test.each([
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json ; charset="UTF-8"',
    'application/json;',
  ])('takes %s', async (type) => {
    await using bridge = await startBridge()
    const request = posted('/otto/tool', { tool: 'ttt_create_game' }, { 'content-type': type })
    expect((await send(bridge.port, request)).status).toBe(200)
  })

  test.each([
    { 'content-type': 'application/json; charset=latin1' },
    { 'content-type': 'application/json; profile=x' },
    { 'content-type': 'application/problem+json' },
    { 'content-type': 'text/json' },
    { 'content-type': '/' },
    { 'content-type': 'application/json', 'content-encoding': 'br' },
  ])('refuses %o', async (headers) => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }, headers))
    expect([answer.status, json(answer).code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  test('passes the key on as it came, an empty one too', async () => {
    await using bridge = await startBridge()
    const call = (key: string) =>
      send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }, { 'idempotency-key': key }))
    const first = json(await call('one'))
    expect(json(await call('one'))).toMatchObject({ replayed: true, result: first.result })
    expect(json(await call('')).code).toBe('IDEMPOTENCY_KEY_INVALID')
  })

  test('two key headers are no key', async () => {
    await using bridge = await startBridge()
    const body = '{"tool":"ttt_create_game"}'
    const head = `POST /otto/tool HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`
    const twice = `${head}\r\nIdempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n${body}`
    expect(json(await open(bridge.port, Buffer.from(twice)).answer).code).toBe('IDEMPOTENCY_KEY_INVALID')
  })
})

describe('POST /otto/tools/:name', () => {
  test('takes flat arguments and answers the flat result', async () => {
    const { bridge, gameId, boards } = await start()
    await using _ = bridge
    const answer = await send(bridge.port, posted('/otto/tools/ttt_get_state', { gameId }))
    expect([answer.status, json(answer)]).toEqual([200, { gameId, board: boards.read(gameId) }])
  })

  test.each([
    { name: 'an unknown tool', path: '/otto/tools/nothing', body: {}, status: 404, code: 'UNKNOWN_TOOL' },
    {
      name: 'a wrong argument',
      path: '/otto/tools/ttt_get_state',
      body: { gameId: 1 },
      status: 400,
      code: 'INVALID_ARGUMENTS',
    },
    { name: 'no object', path: '/otto/tools/ttt_create_game', body: [], status: 400, code: 'INVALID_REQUEST' },
    {
      name: 'a wrapped call',
      path: '/otto/tools/ttt_create_game',
      body: { args: {} },
      status: 400,
      code: 'INVALID_ARGUMENTS',
    },
  ])('$name: the envelope of an error', async ({ path, body, status, code }) => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, posted(path, body))
    expect(answer.status).toBe(status)
    expect(json(answer)).toMatchObject({ success: false, code, outcome: 'not_submitted' })
  })
})

test('GET /otto/tools lists what the catalog offers', async () => {
  await using bridge = await startBridge()
  const { tools } = json(await send(bridge.port, { path: '/otto/tools' }))
  expect(tools.map(({ name, effect }: { name: string; effect: string }) => [name, effect])).toContainEqual([
    'ttt_make_move',
    'write',
  ])
  expect(tools[0].inputSchema).toMatchObject({ type: 'object' })
})

test('a tool that breaks is told as INTERNAL_ERROR, without its text', async () => {
  const broken = defineTool({
    name: 'broken',
    origin: 'game',
    summary: 'Breaks.',
    effect: 'read',
    input: z.strictObject({}),
    output: z.object({}),
    run: () => Promise.reject(new Error('secret of the house')),
  })
  await using bridge = await startBridge({ tools: [broken] })
  const answer = await send(bridge.port, posted('/otto/tool', { tool: 'broken' }))
  expect([answer.status, json(answer).code]).toEqual([500, 'INTERNAL_ERROR'])
  expect(answer.body).not.toContain('secret')
})
