import { expect, test } from 'vitest'
import { boardLine, noBoardLine } from '../../src/chat/board-line.ts'
import { gameId, viewOf } from './_views.ts'

test.each([
  ['setup', 'setup, NotInitialized, turn none, move 0, round 0', 'Next: ttt_start_game.'],
  ['playing X4 O0', 'playing, InProgress, turn X, move 2, round 0', 'Next: X to move; free cells 1, 2, 3, 5, 6, 7, 8.'],
  [
    'X0 O3 X1 O4 X2',
    'finished, Won, turn none, move 5',
    'Next: X won; finished; ttt_reset_board starts the next round.',
  ],
  ['X0 O4 X8 O1 X7 O6 X2 O5 X3', 'finished, Draw', 'Next: a draw; finished; ttt_reset_board starts the next round.'],
  ['cancelled X4', 'cancelled, Cancelled', 'Next: this game is over for good; ttt_create_game makes another.'],
  [
    'playing round 2',
    'playing, InProgress, turn X, move 0, round 2',
    'Next: X to move; free cells 0, 1, 2, 3, 4, 5, 6, 7, 8.',
  ],
])('says how a game stands and what fits next: %s', (game, standing, next) => {
  const view = viewOf(game)
  const line = boardLine(view)
  expect(line.startsWith(`The ledger as of snapshot ${view.ordinal}: game ${gameId}, ${standing}`)).toBe(true)
  expect(line).toContain(`\n${view.boardText}\n`)
  expect(line.endsWith(next)).toBe(true)
  expect(line.length).toBeLessThanOrEqual(600)
})

test('says that there is no board to go by, and why, in few words', () => {
  expect(noBoardLine('no node could be reached.')).toMatch(/^The ledger could not be read: no node could be reached\. /)
  expect(noBoardLine('x'.repeat(10_000)).length).toBeLessThanOrEqual(600)
})
