import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drawnMoves, winningMoves } from '../games.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

const empty = Array(9).fill(null)

describe.each(['workchain', 'ottochain'])('a game on a %s ledger', (dialect) => {
  let service: Service
  beforeAll(async () => {
    service = await startService({ OTTO_DIALECT: dialect })
  })
  afterAll(() => service.close())

  test('begins in setup, owned by both wallets', async () => {
    const wallets = (await service.get('/wallets')).body as {
      playerX: { address: string }
      playerO: { address: string }
    }
    const view = await service.result('ttt_create_game')
    expect(view).toMatchObject({
      machineState: 'setup',
      status: 'NotInitialized',
      board: empty,
      turn: null,
      winner: null,
      moveCount: 0,
      roundCount: 0,
      playerX: wallets.playerX.address,
      playerO: wallets.playerO.address,
      moveHistory: [],
    })
    expect(view.hash).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is won by the move that completes a line, and tells who signed each move and where it is', async () => {
    const view = await startedGame(service, winningMoves)
    expect(view).toMatchObject({ machineState: 'finished', status: 'Won', winner: 'X', turn: null, moveCount: 5 })
    expect(view.board).toEqual(['X', 'X', 'X', 'O', 'O', null, null, null, null])
    expect(view.moveHistory.map(({ player, cell, moveNum }) => [player, cell, moveNum])).toEqual(
      winningMoves.map(([player, cell], index) => [player, cell, index + 1]),
    )
    for (const { player, signer, hash, ordinal } of view.moveHistory) {
      expect(signer).toBe(player === 'X' ? view.playerX : view.playerO)
      expect(hash).toMatch(/^[0-9a-f]{64}$/)
      expect(ordinal).toBeGreaterThan(0)
    }
    expect(view.moveHistory.at(-1)?.hash).toBe(view.hash)
    const { body } = await service.get(`/otto/games/${view.gameId}/state`)
    expect(body).toEqual({ ...view, hash: null })
  })

  test('is drawn by the ninth move', async () => {
    const view = await startedGame(service, drawnMoves)
    expect(view).toMatchObject({ machineState: 'finished', status: 'Draw', winner: null, turn: null, moveCount: 9 })
  })

  test('is reset while it is played: same machine, next round', async () => {
    const { gameId, machineId, oracleId } = await startedGame(service, [['X', 4]])
    const view = await service.result('ttt_reset_board', { gameId })
    expect(view).toMatchObject({ gameId, machineId, oracleId, roundCount: 1, board: empty, turn: 'X', moveHistory: [] })
    const again = await service.result('ttt_make_move', { gameId, player: 'X', cell: 4 })
    expect(again).toMatchObject({ moveCount: 1, roundCount: 1 })
  })

  test('goes into the next round after a win: new machine, same oracle', async () => {
    const { gameId, machineId, oracleId } = await startedGame(service, winningMoves)
    const view = await service.result('ttt_reset_board', { gameId })
    expect(view).toMatchObject({ gameId, oracleId, roundCount: 1, machineState: 'playing', board: empty, turn: 'X' })
    expect(view.machineId).not.toBe(machineId)
    for (const [player, cell] of winningMoves) await service.result('ttt_make_move', { gameId, player, cell })
    const third = await service.result('ttt_reset_board', { gameId })
    expect(third).toMatchObject({ oracleId, roundCount: 2, machineState: 'playing' })
  })

  test.each(['setup', 'playing'])('is cancelled from %s, and cancelled again without effect', async (state) => {
    const { gameId } = state === 'setup' ? await service.result('ttt_create_game') : await startedGame(service)
    const view = await service.result('ttt_cancel_game', { gameId, reason: 'lunch' })
    expect(view).toMatchObject({ machineState: 'cancelled', status: 'Cancelled', turn: null })
    expect(await service.result('ttt_cancel_game', { gameId })).toEqual({ ...view, hash: null })
  })

  test('answers to the id of its machine and of its oracle', async () => {
    const view = await startedGame(service, [['X', 4]])
    for (const id of [view.machineId, view.oracleId])
      expect((await service.get(`/otto/games/${id}/state`)).body).toEqual({ ...view, hash: null })
    const moved = await service.result('ttt_make_move', { machineId: view.machineId, player: 'O', cell: 0 })
    expect(moved).toMatchObject({ gameId: view.gameId, moveCount: 2 })
  })

  test('of twenty parallel moves for one turn exactly one is played', async () => {
    const { gameId } = await startedGame(service)
    const answers = await Promise.all(
      [...Array(20).keys()].map((index) => service.call('ttt_make_move', { gameId, player: 'X', cell: index % 9 })),
    )
    expect(answers.filter(({ body }) => body.success)).toHaveLength(1)
    expect((await service.result('ttt_get_state', { gameId })).moveCount).toBe(1)
  })

  test('games do not touch each other', async () => {
    const games = await Promise.all([...Array(8)].map(() => startedGame(service)))
    const views = await Promise.all(
      games.map(({ gameId }, cell) => service.result('ttt_make_move', { gameId, player: 'X', cell })),
    )
    expect(views.map(({ board }) => board)).toEqual(views.map((_, cell) => empty.with(cell, 'X')))
  })
})
