import { describe, expect, test } from 'vitest'
import type { Games } from '../../src/tictactoe/tictactoe.ts'
import { tttCancelGame } from '../../src/tools/ttt-cancel-game.ts'
import { tttCreateGame } from '../../src/tools/ttt-create-game.ts'
import { tttGetState } from '../../src/tools/ttt-get-state.ts'
import { tttMakeMove } from '../../src/tools/ttt-make-move.ts'
import { tttResetBoard } from '../../src/tools/ttt-reset-board.ts'
import { tttSimulateMove } from '../../src/tools/ttt-simulate-move.ts'
import { tttStartGame } from '../../src/tools/ttt-start-game.ts'
import { agentWith, busOf, said } from './_bus-world.ts'

const gameId = '0193e5a0-0000-7000-8000-000000000000'
const both = ['ledger.sign:playerX', 'ledger.sign:playerO']

/** No call of these tests gets as far as the games. */
const games = new Proxy({}, { get: () => () => Promise.reject(new Error('played')) }) as Games
const tools = [
  tttCancelGame,
  tttCreateGame,
  tttGetState,
  tttMakeMove,
  tttResetBoard,
  tttSimulateMove,
  tttStartGame,
].map((tool) => tool(games))

describe('which wallets a call has sign', () => {
  test.each([
    { name: 'ttt_create_game', args: {}, scopes: both },
    { name: 'ttt_start_game', args: { gameId }, scopes: both },
    { name: 'ttt_make_move', args: { gameId, player: 'X', cell: 0 }, scopes: ['ledger.sign:playerX'] },
    { name: 'ttt_make_move', args: { gameId, player: 'O', cell: 0 }, scopes: ['ledger.sign:playerO'] },
    { name: 'ttt_reset_board', args: { gameId }, scopes: both },
    { name: 'ttt_cancel_game', args: { gameId }, scopes: both },
    { name: 'ttt_get_state', args: { gameId }, scopes: [] },
    { name: 'ttt_simulate_move', args: { gameId, player: 'X', cell: 0 }, scopes: [] },
  ])('$name $args.player: $scopes', ({ name, args, scopes }) => {
    const tool = tools.find(({ description }) => description.name === name)
    expect(tool?.parse(args).scopes).toEqual(scopes)
    expect(tool?.origin).toBe('game')
  })
})

test('an agent signs as the player that it was given, and as no other', async () => {
  const { bus, call } = busOf(tools, { isAuditMode: true })
  bus.grant('ada', 'ttt_make_move')
  const agent = agentWith(['read', 'write'], ['ledger.sign:playerX'])
  const move = (player: string) => call({ gameId, player, cell: 0 }, { agent }, 'ttt_make_move')
  expect(said(await move('O'))).toBe('PERMISSION_DENIED scope')
  expect(said(await move('X'))).toBe('INTERNAL_ERROR') // it got as far as the games
})
