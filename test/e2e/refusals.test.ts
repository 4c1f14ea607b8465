import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { winningMoves } from '../games.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

describe('a move against the rules', () => {
  test.each([
    { reason: 'cell_occupied', move: { player: 'O', cell: 4 } },
    { reason: 'wrong_turn', move: { player: 'X', cell: 0 } },
    { reason: 'out_of_bounds', move: { player: 'O', cell: 9 } },
    { reason: 'out_of_bounds', move: { player: 'O', cell: -1 } },
    { reason: 'already_applied', move: { player: 'X', cell: 4 } },
  ])('is refused before it is signed: $reason $move', async ({ reason, move }) => {
    const { gameId, ordinal: before } = await startedGame(service, [['X', 4]])
    const { status, body } = await service.call('ttt_make_move', { gameId, ...move })
    expect(status).toBe(200)
    expect(body).toMatchObject({ success: false, code: 'INVALID_MOVE', outcome: 'rejected', retryable: false })
    expect(body.details).toMatchObject({
      reason,
      gameId,
      turn: 'O',
      board: [null, null, null, null, 'X', null, null, null, null],
    })
    expect(body.hint).toBe("It is O's turn; free cells: 0, 1, 2, 3, 5, 6, 7, 8.")
    const after = await service.result('ttt_get_state', { gameId })
    expect(after).toMatchObject({ moveCount: 1, ordinal: before })
  })
})

describe('an event that does not fit the state', () => {
  test.each([
    { tool: 'ttt_make_move', args: { player: 'X', cell: 0 }, reason: 'not_started' },
    { tool: 'ttt_reset_board', args: {}, reason: 'not_started' },
  ])('$tool in setup: $reason', async ({ tool, args, reason }) => {
    const { gameId } = await service.result('ttt_create_game')
    const { status, body } = await service.call(tool, { gameId, ...args })
    expect(status).toBe(409)
    expect(body).toMatchObject({ code: 'STATE_ERROR', details: { reason }, hint: 'Call ttt_start_game first.' })
  })

  test('ttt_start_game in playing: already_started', async () => {
    const { gameId } = await startedGame(service)
    expect((await service.call('ttt_start_game', { gameId })).body.details).toMatchObject({ reason: 'already_started' })
  })

  test.each(['ttt_start_game', 'ttt_make_move', 'ttt_cancel_game'])('%s after the end: finished', async (tool) => {
    const { gameId } = await startedGame(service, winningMoves)
    const args = tool === 'ttt_make_move' ? { player: 'O', cell: 8 } : {}
    const { status, body } = await service.call(tool, { gameId, ...args })
    expect(status).toBe(409)
    expect(body).toMatchObject({ code: 'STATE_ERROR', details: { reason: 'finished', machineState: 'finished' } })
  })

  test.each(['ttt_start_game', 'ttt_make_move', 'ttt_reset_board'])(
    '%s after a cancellation: cancelled',
    async (tool) => {
      const { gameId } = await startedGame(service)
      await service.result('ttt_cancel_game', { gameId })
      const args = tool === 'ttt_make_move' ? { player: 'X', cell: 8 } : {}
      expect((await service.call(tool, { gameId, ...args })).body.details).toMatchObject({ reason: 'cancelled' })
    },
  )
})

describe('a call that is not understood', () => {
  const unknown = '7c9e6679-7425-40de-944b-e07fc1f90ae7'

  test('names the tools when the tool is unknown', async () => {
    const { status, body } = await service.call('ttt_hack')
    expect(status).toBe(404)
    expect(body).toMatchObject({ code: 'UNKNOWN_TOOL', outcome: 'not_submitted' })
    expect(body.details['availableTools']).toContain('ttt_make_move')
  })

  test.each([
    { args: { gameId: unknown, player: 'X', cell: '4' }, path: 'cell' },
    { args: { gameId: unknown, player: 'x', cell: 4 }, path: 'player' },
    { args: { gameId: 'game-1', player: 'X', cell: 4 }, path: 'gameId' },
    { args: { gameId: unknown, player: 'X', cell: 4, force: true }, path: 'force' },
    { args: { player: 'X', cell: 4 }, path: 'gameId' },
    { args: { gameId: unknown, player: 'X', cell: 4.5 }, path: 'cell' },
  ])('names the argument at fault: $path of $args', async ({ args, path }) => {
    const { status, body } = await service.call('ttt_make_move', args)
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'INVALID_ARGUMENTS', details: { path } })
    expect(body.hint).toContain('gameId: string, player: "X" or "O", cell: integer 0–8')
  })

  test('refuses two different names for one game', async () => {
    const { machineId, gameId } = await startedGame(service)
    const { status, body } = await service.call('ttt_get_state', { gameId, machineId })
    expect(status).toBe(400)
    expect(body).toMatchObject({ code: 'INVALID_REQUEST', details: { path: 'machineId' } })
  })

  test('says when there is no such game', async () => {
    const { status, body } = await service.call('ttt_get_state', { gameId: unknown })
    expect(status).toBe(404)
    expect(body.code).toBe('GAME_NOT_FOUND')
    expect((await service.get(`/otto/games/${unknown}/state`)).status).toBe(404)
  })

  test('refuses a reason that no node would take', async () => {
    const { gameId } = await startedGame(service)
    const { status, body } = await service.call('ttt_cancel_game', { gameId, reason: 'two\nlines' })
    expect(status).toBe(400)
    expect(body.details).toMatchObject({ path: 'reason' })
  })
})

describe('ttt_simulate_move', () => {
  test.each([
    { move: { player: 'O', cell: 0 }, valid: true, reason: null },
    { move: { player: 'O', cell: 4 }, valid: false, reason: 'cell_occupied' },
    { move: { player: 'X', cell: 0 }, valid: false, reason: 'wrong_turn' },
  ])('says $valid to $move and changes nothing', async ({ move, valid, reason }) => {
    const view = await startedGame(service, [['X', 4]])
    const said = await service.result('ttt_simulate_move', { gameId: view.gameId, ...move })
    expect(said).toEqual({ ...view, hash: null, valid, reason })
    expect(await service.result('ttt_get_state', { gameId: view.gameId })).toEqual({ ...view, hash: null })
  })

  test('is callable and not among the six', async () => {
    const { tools } = (await service.get('/otto/tools')).body as { tools: { name: string }[] }
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'ttt_cancel_game',
      'ttt_create_game',
      'ttt_get_state',
      'ttt_make_move',
      'ttt_reset_board',
      'ttt_start_game',
    ])
  })
})

describe('a request key', () => {
  test('makes the same request answer the same, once', async () => {
    const { gameId } = await startedGame(service)
    const move = { gameId, player: 'X', cell: 4 }
    const first = await service.call('ttt_make_move', move, { 'idempotency-key': 'my-key-1' })
    const again = await service.call('ttt_make_move', move, { 'idempotency-key': 'my-key-1' })
    expect(again.body).toEqual({ ...first.body, replayed: true, traceId: again.body.traceId })
    expect((await service.result('ttt_get_state', { gameId })).moveCount).toBe(1)
  })

  test('is refused for another request', async () => {
    const { gameId } = await startedGame(service)
    await service.call('ttt_make_move', { gameId, player: 'X', cell: 4 }, { 'idempotency-key': 'my-key-2' })
    const { status, body } = await service.call(
      'ttt_make_move',
      { gameId, player: 'X', cell: 5 },
      { 'idempotency-key': 'my-key-2' },
    )
    expect(status).toBe(422)
    expect(body.code).toBe('IDEMPOTENCY_KEY_REUSED')
  })

  test('is free again after a refusal that came before anything was sent', async () => {
    const { gameId } = await startedGame(service)
    const key = { 'idempotency-key': 'my-key-3' }
    expect((await service.call('ttt_make_move', { gameId, player: 'O', cell: 4 }, key)).body.code).toBe('INVALID_MOVE')
    expect((await service.call('ttt_make_move', { gameId, player: 'X', cell: 4 }, key)).body.success).toBe(true)
  })

  test('finds the game it once made', async () => {
    const idempotencyKey = '0d3c9f6a-5df1-4a6e-9d2b-6f0c3a1f7b11'
    const first = await service.result('ttt_create_game', { idempotencyKey })
    expect((await service.result('ttt_create_game', { idempotencyKey })).gameId).toBe(first.gameId)
    expect((await service.result('ttt_create_game')).gameId).not.toBe(first.gameId)
  })
})

test('logs one line for each tool call, with the trace id of its answer and no argument', async () => {
  const { gameId } = await startedGame(service)
  const { body } = await service.call(
    'ttt_make_move',
    { gameId, player: 'X', cell: 7 },
    { 'x-trace-id': 'my-trace-0001' },
  )
  expect(body.traceId).toBe('my-trace-0001')
  const lines = service.logs.map((line) => JSON.parse(line)).filter(({ traceId }) => traceId === 'my-trace-0001')
  expect(lines.filter(({ msg }) => msg === 'tool call')).toEqual([
    expect.objectContaining({
      tool: 'ttt_make_move',
      outcome: 'applied',
      gameId,
      hash: body.result.hash,
      ordinal: body.result.ordinal,
    }),
  ])
  expect(JSON.stringify(lines)).not.toContain('"cell"')
})

test('health names the parts', async () => {
  expect((await service.get('/health')).body).toMatchObject({
    status: 'degraded', // no model answers
    components: { l1: { status: 'healthy' } },
  })
})
