import { z } from 'zod'
import type { ConfirmedWrite, Facts } from '../../src/chat/claims.ts'
import type { Board, GameView, Mark } from '../../src/tictactoe/game-view.ts'
import { boardText } from '../../src/tictactoe/game-view.ts'

/** The game of the vectors. */
export const gameId = '7f0c1c52-9a3e-4d7b-8f21-0b6d5e4a3c2d'

const lines = [0, 3, 6]
  .flatMap((row) => [[row, row + 1, row + 2]])
  .concat(
    [0, 1, 2].map((column) => [column, column + 3, column + 6]),
    [
      [0, 4, 8],
      [2, 4, 6],
    ],
  )

/** `X4 O0` as moves. */
const movesOf = (text: string): readonly (readonly [Mark, number])[] =>
  [...text.matchAll(/\b([XO])([0-8])\b/g)].map(([, mark, cell]) => [mark === 'X' ? 'X' : 'O', Number(cell)])

/**
 * A game as a tool shows it, from a few words: `setup`, `playing X4 O0`, `cancelled X4`, `playing round 2 X4`; a game
 * that is won or full is finished by itself.
 */
export function viewOf(text: string): GameView {
  const moves = movesOf(text)
  const board: Board = Array<Mark | null>(9).fill(null)
  for (const [mark, cell] of moves) board[cell] = mark
  const won = lines.find(([a = 0, b = 0, c = 0]) => board[a] !== null && board[a] === board[b] && board[b] === board[c])
  const winner = won === undefined ? null : (board[won[0] ?? 0] ?? null)
  const stands = standing(text, winner, moves.length)
  const round = Number(/round (\d)/.exec(text)?.[1] ?? 0)
  return {
    gameId,
    machineId: gameId,
    oracleId: '0d4e6f1a-5b7c-4c8d-9e2f-1a3b5c7d9e0f',
    ...stands,
    board,
    turn: stands.status === 'InProgress' ? (moves.length % 2 === 0 ? 'X' : 'O') : null,
    winner,
    moveCount: moves.length,
    roundCount: round,
    playerX: 'DAG0X',
    playerO: 'DAG0O',
    moveHistory: moves.map(([player, cell], index) => ({
      player,
      cell,
      moveNum: index + 1,
      signer: `DAG0${player}`,
      hash: null,
      ordinal: null,
    })),
    boardText: boardText(board),
    ordinal: 40 + moves.length,
    hash: null,
  }
}

function standing(text: string, winner: Mark | null, count: number): Pick<GameView, 'machineState' | 'status'> {
  if (text.startsWith('cancelled')) return { machineState: 'cancelled', status: 'Cancelled' }
  if (text.startsWith('setup')) return { machineState: 'setup', status: 'NotInitialized' }
  if (winner !== null) return { machineState: 'finished', status: 'Won' }
  return count === 9 ? { machineState: 'finished', status: 'Draw' } : { machineState: 'playing', status: 'InProgress' }
}

/** What was known in a turn, in a few words: `writes` are moves (`X4`) or `create`, `start`, `reset`, `cancel`. */
export const ShortFacts = z.strictObject({
  game: z.string().nullable(),
  writes: z.array(z.string()).default([]),
  hasTools: z.boolean().default(true),
})

/** The whole of it. The view of a move is the game up to that move. */
export function factsOf({ game, writes, hasTools }: z.output<typeof ShortFacts>): Facts {
  return {
    writes: writes.map((write) => writeOf(write, game ?? '')),
    view: game === null ? undefined : viewOf(game),
    hasTools,
  }
}

const others: Readonly<Record<string, string>> = {
  create: 'setup',
  start: 'playing',
  reset: 'playing round 1',
  cancel: 'cancelled',
}
const tools: Readonly<Record<string, string>> = {
  create: 'ttt_create_game',
  start: 'ttt_start_game',
  reset: 'ttt_reset_board',
  cancel: 'ttt_cancel_game',
}

function writeOf(write: string, game: string): ConfirmedWrite {
  const [move] = movesOf(write)
  if (move === undefined) return { tool: tools[write] ?? write, args: { gameId }, view: viewOf(others[write] ?? game) }
  const [player, cell] = move
  const upTo = game.includes(write) ? game.slice(0, game.indexOf(write) + write.length) : `playing ${write}`
  return { tool: 'ttt_make_move', args: { gameId, player, cell }, view: viewOf(upTo) }
}
