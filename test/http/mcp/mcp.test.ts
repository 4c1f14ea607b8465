import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineTool } from '../../../src/tools/tool.ts'
import { createBoards, startBridge } from '../bridge.ts'
import { json, open as openSocket, posted, send, toBytes } from '../raw-http.ts'
import { accept, call, createGate, legacy, modern, open, post } from './raw.ts'

const eras = ['legacy', 'modern'] as const
const uuid = '7f0c6f4e-3a52-4d0e-9a51-0d4c2b6a9e11'
const handshake = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'curl', version: '1' },
}

const start = async () => {
  const boards = createBoards()
  const bridge = await startBridge({ tools: boards.tools, rules: { oracle: '{"a":1}', stateMachine: '{"b":2}' } })
  return { bridge, boards, gameId: boards.create() }
}

const list = (port: number, era: (typeof eras)[number]) => {
  if (era === 'legacy') return post(port, legacy('tools/list'))
  const { body, headers } = modern('tools/list')
  return post(port, body, headers)
}

describe('without an SDK, in the legacy era', () => {
  test('initialize, initialized, list and call', async () => {
    const { bridge, gameId } = await start()
    await using _ = bridge
    const opened = await post(bridge.port, legacy('initialize', handshake))
    expect([opened.status, opened.headers['mcp-session-id']]).toEqual([200, undefined])
    expect(opened.messages).toMatchObject([
      { id: 1, result: { protocolVersion: '2025-06-18', serverInfo: { name: 'otto' }, capabilities: { tools: {} } } },
    ])
    const version = { 'mcp-protocol-version': '2025-06-18' }
    const noted = await post(bridge.port, { jsonrpc: '2.0', method: 'notifications/initialized' }, version)
    expect([noted.status, noted.text]).toEqual([202, ''])
    const listed = await post(bridge.port, legacy('tools/list', {}, 'two'), version)
    expect(listed.messages[0]).toMatchObject({ jsonrpc: '2.0', id: 'two' })
    const args = { gameId, player: 'X', cell: 4 }
    const moved = await post(bridge.port, legacy('tools/call', { name: 'ttt_make_move', arguments: args }, 3), version)
    expect(moved.headers['content-type']).toContain('application/json')
    expect(moved.messages[0]).toMatchObject({ id: 3, result: { isError: false, structuredContent: { gameId } } })
  })

  test('nothing of the modern era stands in its results', async () => {
    const { bridge, gameId } = await start()
    await using _ = bridge
    const { result } = (await list(bridge.port, 'legacy')).messages[0]
    expect(Object.keys(result)).toEqual(['tools'])
    const called = (await call(bridge.port, 'legacy', 'ttt_get_state', { gameId })).messages[0].result
    expect(called).not.toHaveProperty('resultType')
    expect(Object.keys(called._meta)).toEqual(['otto/traceId'])
  })

  test.each([
    { name: 'a version that is not served', headers: { 'mcp-protocol-version': '2020-01-01' }, status: 400 },
    { name: 'a client that takes no stream', headers: { accept: 'application/json' }, status: 406 },
  ])('refuses $name', async ({ headers, status }) => {
    await using bridge = await startBridge()
    const answer = await post(bridge.port, legacy('tools/list'), headers)
    expect([answer.status, answer.messages[0].error.code]).toEqual([status, -32000])
  })
})

describe('the list', () => {
  test('is the catalogue, in its order, with the hints of each tool', async () => {
    const { bridge, boards } = await start()
    await using _ = bridge
    const { tools } = (await list(bridge.port, 'legacy')).messages[0].result
    expect(tools.map(({ name }: { name: string }) => name)).toEqual(boards.tools.map((tool) => tool.description.name))
    const hints = Object.fromEntries(
      tools.map((tool: { name: string; annotations: object }) => [tool.name, tool.annotations]),
    )
    const write = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true }
    expect(hints).toEqual({
      ttt_create_game: { title: 'Create game', ...write },
      ttt_get_state: { title: 'Get state', readOnlyHint: true, openWorldHint: true },
      ttt_make_move: { title: 'Make move', ...write },
      ttt_cancel_game: { title: 'Cancel game', ...write, destructiveHint: true, idempotentHint: true },
    })
    expect(tools[2]).toMatchObject({
      title: 'Make move',
      description: 'Place a mark.',
      inputSchema: { additionalProperties: false, required: ['gameId', 'player', 'cell'] },
      outputSchema: { type: 'object' },
    })
  })

  test('a write that nobody judged counts as destructive', async () => {
    const tool = defineTool({
      name: 'burn',
      origin: 'game',
      summary: 'Burns.',
      effect: 'write',
      input: z.strictObject({}),
      output: z.object({}),
      run: async () => ({ result: {} }),
    })
    await using bridge = await startBridge({ tools: [tool] })
    const [{ annotations }] = (await list(bridge.port, 'legacy')).messages[0].result.tools
    expect(annotations).toMatchObject({ destructiveHint: true, idempotentHint: false })
  })

  test('the modern era may keep it, and knows who gave it', async () => {
    await using bridge = await startBridge()
    expect((await list(bridge.port, 'modern')).messages[0].result).toMatchObject({
      resultType: 'complete',
      ttlMs: 300_000,
      cacheScope: 'public',
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'otto', version: '1' } },
    })
  })
})

describe.each(eras)('a call in the %s era', (era) => {
  test('gives the flat result, and the same as text', async () => {
    const { bridge, boards, gameId } = await start()
    await using _ = bridge
    const { result } = (await call(bridge.port, era, 'ttt_make_move', { gameId, player: 'X', cell: 8 })).messages[0]
    expect(result.structuredContent).toEqual({ gameId, board: boards.read(gameId) })
    expect(JSON.parse(result.content[0].text)).toEqual(result.structuredContent)
    expect(result.isError).toBe(false)
  })

  test.each([
    { name: 'a refused move', args: { gameId: uuid, player: 'X', cell: 0 }, code: 'GAME_NOT_FOUND' },
    { name: 'a wrong argument', args: { gameId: uuid, player: 'Z', cell: 0 }, code: 'INVALID_ARGUMENTS' },
    { name: 'a missing argument', args: {}, code: 'INVALID_ARGUMENTS' },
  ])('$name is a result that a model can act on', async ({ args, code }) => {
    await using bridge = await startBridge()
    const answer = await call(bridge.port, era, 'ttt_make_move', args)
    const { result } = answer.messages[0]
    expect([answer.status, result.isError, result.structuredContent]).toEqual([200, true, undefined])
    expect(JSON.parse(result.content[0].text)).toMatchObject({
      code,
      hint: expect.any(String),
      error: expect.any(String),
    })
  })

  test.each([
    { name: 'an unknown tool', params: { name: 'ttt_win_game', arguments: {} } },
    { name: 'a call without a name', params: { arguments: {} } },
    { name: 'arguments that are no object', params: { name: 'ttt_get_state', arguments: [] } },
  ])('$name is an error of the protocol', async ({ params }) => {
    await using bridge = await startBridge()
    const { body, headers } = modern('tools/call', params)
    const answer = await (era === 'legacy'
      ? post(bridge.port, legacy('tools/call', params))
      : post(bridge.port, body, headers))
    expect([answer.status, answer.messages[0].id, answer.messages[0].error.code]).toEqual([200, 1, -32602])
  })

  test('32 in flight never mix, even under one id and when they end in reverse', async () => {
    const { tool, arrived, release } = createGate()
    await using bridge = await startBridge({ tools: [tool] })
    const keys = Array.from({ length: 32 }, (_, index) => `call ${index}`)
    const answers = keys.map((key) => call(bridge.port, era, 'wait', { key }, { id: 7 }))
    await Promise.all(keys.map(arrived))
    for (const key of keys.toReversed()) release(key)
    const told = (await Promise.all(answers)).map(({ messages }) => [
      messages[0].id,
      messages[0].result.structuredContent,
    ])
    expect(told).toEqual(keys.map((key) => [7, { key }]))
  })

  test('a tool that breaks tells nothing of the house', async () => {
    const tool = defineTool({
      name: 'broken',
      origin: 'game',
      summary: 'Breaks.',
      effect: 'read',
      input: z.strictObject({}),
      output: z.object({}),
      run: () => Promise.reject(new Error('secret of the house')),
    })
    await using bridge = await startBridge({ tools: [tool] })
    const { text, messages } = await call(bridge.port, era, 'broken', {})
    expect(text).not.toContain('secret')
    expect(JSON.parse(messages[0].result.content[0].text).code).toBe('INTERNAL_ERROR')
  })
})

describe('the headers of a modern request', () => {
  const move = () => modern('tools/call', { name: 'ttt_get_state', arguments: { gameId: uuid } })

  test.each([
    { name: 'another method', headers: { 'mcp-method': 'tools/list' } },
    { name: 'no method', headers: { 'mcp-method': undefined } },
    { name: 'another tool', headers: { 'mcp-name': 'ttt_make_move' } },
    { name: 'no tool', headers: { 'mcp-name': undefined } },
    { name: 'another version', headers: { 'mcp-protocol-version': '2025-11-25' } },
    { name: 'no version', headers: { 'mcp-protocol-version': undefined } },
  ])('that name $name: −32020, and nothing runs', async ({ headers }) => {
    await using bridge = await startBridge()
    const sent = Object.entries({ ...move().headers, ...headers }).filter(([, value]) => value !== undefined)
    const answer = await post(bridge.port, move().body, Object.fromEntries(sent) as Record<string, string>)
    expect([answer.status, answer.messages[0].error.code]).toEqual([400, -32020])
    expect(bridge.logged.some(({ msg }) => msg === 'tool call')).toBe(false)
  })

  test('may write the name in base64', async () => {
    const { bridge, gameId } = await start()
    await using _ = bridge
    const { body, headers } = modern('tools/call', { name: 'ttt_get_state', arguments: { gameId } })
    const encoded = `=?base64?${Buffer.from('ttt_get_state').toString('base64')}?=`
    const answer = await post(bridge.port, body, { ...headers, 'mcp-name': encoded })
    expect(answer.messages[0].result.isError).toBe(false)
  })

  test('a version that is not served is told which are', async () => {
    await using bridge = await startBridge()
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2027-01-01' }
    const { body, headers } = modern('tools/list', {}, { meta })
    const answer = await post(bridge.port, body, { ...headers, 'mcp-protocol-version': '2027-01-01' })
    expect([answer.status, answer.messages[0].error]).toMatchObject([
      400,
      { code: -32022, data: { supported: ['2026-07-28'] } },
    ])
  })

  test('an unknown method is not found', async () => {
    await using bridge = await startBridge()
    const { body, headers } = modern('prompts/list')
    const answer = await post(bridge.port, body, headers)
    expect([answer.status, answer.messages[0].error.code]).toEqual([404, -32601])
  })
})

describe('what is no message', () => {
  test.each([
    { name: 'no JSON', body: '{"jsonrpc"', status: 400, code: -32700 },
    { name: 'a member twice', body: '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', status: 400, code: -32700 },
    { name: 'a batch', body: [legacy('tools/list')], status: 400, code: -32600 },
    { name: 'an empty batch', body: [], status: 400, code: -32600 },
    { name: 'another object', body: { tool: 'ttt_create_game' }, status: 400, code: -32600 },
    { name: 'null', body: 'null', status: 400, code: -32600 },
    { name: 'a body past 1 MiB', body: `"${'a'.repeat(1_048_576)}"`, status: 413, code: -32000 },
  ])('$name: $status', async ({ body, status, code }) => {
    await using bridge = await startBridge()
    const answer = await post(bridge.port, body)
    expect([answer.status, answer.messages[0]]).toMatchObject([status, { jsonrpc: '2.0', id: null, error: { code } }])
  })

  test('another type: 415', async () => {
    await using bridge = await startBridge()
    const answer = await post(bridge.port, legacy('tools/list'), { 'content-type': 'text/plain' })
    expect([answer.status, answer.messages[0].error.data.code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  test.each(['GET', 'DELETE'])('%s: 405, there is no session', async (method) => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, { method, path: '/mcp', headers: { accept: 'text/event-stream' } })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST'])
  })
})

describe('who may call', () => {
  const page = 'https://page.example'

  test('a foreign page may not', async () => {
    await using bridge = await startBridge()
    const answer = await post(bridge.port, legacy('tools/list'), { origin: page })
    expect([answer.status, answer.messages[0].error.data.code]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
  })

  test('a listed page may, and its browser is told so, by the SDK too', async () => {
    await using bridge = await startBridge({ access: { allowedHosts: [], allowedOrigins: [page] } })
    const listed = await post(bridge.port, legacy('tools/list'), { origin: page })
    const opened = await post(bridge.port, legacy('initialize', handshake), { origin: page })
    expect(listed.headers['access-control-allow-origin']).toBe(page)
    expect(opened.headers).toMatchObject({ 'access-control-allow-origin': page, 'content-type': 'text/event-stream' })
  })

  test('a browser may ask first', async () => {
    await using bridge = await startBridge({ access: { allowedHosts: [], allowedOrigins: [page] } })
    const headers = { origin: page, 'access-control-request-method': 'POST' }
    const answer = await send(bridge.port, { method: 'OPTIONS', path: '/mcp', headers })
    expect(answer.status).toBe(204)
    for (const name of ['mcp-protocol-version', 'mcp-method', 'mcp-name'])
      expect(answer.headers.get('access-control-allow-headers')).toContain(name)
  })

  test('without the token: 401, and how to come with one', async () => {
    await using bridge = await startBridge({ token: 'a'.repeat(32) })
    const refused = await post(bridge.port, legacy('tools/list'))
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    expect(refused.messages[0].error.data.code).toBe('UNAUTHENTICATED')
    const taken = await post(bridge.port, legacy('tools/list'), { authorization: `Bearer ${'a'.repeat(32)}` })
    expect(taken.status).toBe(200)
  })
})

describe('what else a request brings', () => {
  const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

  test('a trace named in the message goes to the log and back', async () => {
    const { bridge, gameId } = await start()
    await using _ = bridge
    const answer = await call(bridge.port, 'modern', 'ttt_get_state', { gameId }, { meta: { traceparent: parent } })
    expect(answer.headers['x-trace-id']).toBe('0af7651916cd43dd8448eb211c80319c')
    expect(bridge.logged).toContainEqual(
      expect.objectContaining({ msg: 'tool call', traceId: '0af7651916cd43dd8448eb211c80319c' }),
    )
  })

  test('a trace in a header comes first', async () => {
    const { bridge, gameId } = await start()
    await using _ = bridge
    const params = { name: 'ttt_get_state', arguments: { gameId }, _meta: { traceparent: parent } }
    const answer = await post(bridge.port, legacy('tools/call', params), { 'x-trace-id': 'mine' })
    expect([answer.headers['x-trace-id'], answer.messages[0].result._meta['otto/traceId']]).toEqual(['mine', 'mine'])
  })

  test('the same key again: the first answer, told as such', async () => {
    await using bridge = await startBridge()
    const create = legacy('tools/call', { name: 'ttt_create_game', arguments: {} })
    const first = (await post(bridge.port, create, { 'idempotency-key': 'one' })).messages[0].result
    const again = (await post(bridge.port, create, { 'idempotency-key': 'one' })).messages[0].result
    expect(again).toMatchObject({ structuredContent: first.structuredContent, _meta: { 'otto/replayed': true } })
  })

  test('each request has its line in the log', async () => {
    await using bridge = await startBridge()
    await list(bridge.port, 'modern')
    await expect
      .poll(() => bridge.logged)
      .toContainEqual(expect.objectContaining({ msg: 'request', route: '/mcp', method: 'POST', status: 200 }))
  })
})

describe('resources', () => {
  const read = (port: number, uri: string) => post(port, legacy('resources/read', { uri }))

  test('a game by its id', async () => {
    const { bridge, boards, gameId } = await start()
    await using _ = bridge
    const { contents } = (await read(bridge.port, `otto://games/${gameId.toUpperCase()}`)).messages[0].result
    expect(contents).toMatchObject([{ mimeType: 'application/json' }])
    expect(JSON.parse(contents[0].text)).toEqual({ gameId, board: boards.read(gameId) })
  })

  test('the two files of the rules, which alone are listed', async () => {
    const { bridge } = await start()
    await using _ = bridge
    const { resources } = (await post(bridge.port, legacy('resources/list'))).messages[0].result
    expect(resources.map(({ uri }: { uri: string }) => uri)).toEqual([
      'otto://rules/oracle',
      'otto://rules/statemachine',
    ])
    const texts = await Promise.all(
      resources.map(
        async ({ uri }: { uri: string }) => (await read(bridge.port, uri)).messages[0].result.contents[0].text,
      ),
    )
    expect(texts).toEqual(['{"a":1}', '{"b":2}'])
    const { resourceTemplates } = (await post(bridge.port, legacy('resources/templates/list'))).messages[0].result
    expect(resourceTemplates).toMatchObject([{ uriTemplate: 'otto://games/{gameId}' }])
  })

  test.each([`otto://games/${uuid}`, 'otto://games/x', 'otto://rules/', 'file:///etc/passwd'])(
    '%s is not there',
    async (uri) => {
      const { bridge } = await start()
      await using _ = bridge
      expect((await read(bridge.port, uri)).messages[0].error.code).toBe(-32602)
    },
  )
})

test('a stop ends open subscriptions at once', async () => {
  const bridge = await startBridge()
  const { body, headers } = modern('subscriptions/listen', { notifications: {} })
  const stream = await open(bridge.port, body, headers)
  const chunks = stream[Symbol.asyncIterator]()
  expect(String((await chunks.next()).value)).toContain('notifications/subscriptions/acknowledged')
  await bridge.server.close()
  while (!(await chunks.next()).done);
})

test('a write while the service stops is refused in words', async () => {
  const { tool, arrived, release } = createGate()
  const bridge = await startBridge({ tools: [tool, ...createBoards().tools] })
  const callOf = (name: string, args: object) =>
    toBytes(bridge.port, posted('/mcp', legacy('tools/call', { name, arguments: args }), accept))
  const running = openSocket(bridge.port, callOf('wait', { key: 'x' }))
  await arrived('x')
  const here = once(bridge.server.server, 'request')
  const bytes = callOf('ttt_create_game', {})
  const late = openSocket(bridge.port, bytes.subarray(0, -5))
  await here
  const closed = bridge.server.close()
  const ready = async () => (await send(bridge.port, { path: '/health/ready' })).status
  await expect.poll(ready).toBe(503)
  late.write(bytes.subarray(-5))
  const { result } = json(await late.answer)
  expect(JSON.parse(result.content[0].text)).toMatchObject({ code: 'SHUTTING_DOWN', outcome: 'not_submitted' })
  release('x')
  expect(json(await running.answer).result.isError).toBe(false)
  await closed
})
