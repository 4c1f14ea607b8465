import type { Board } from '../../../src/tictactoe/game-view.ts'

/** Three in a row, by cells. A test compares them with the oracle's. @see oracle/tictactoe.json */
export const lines: readonly (readonly [number, number, number])[] = [
  [0, 1, 2],
  [3, 4, 5],
  [6, 7, 8],
  [0, 3, 6],
  [1, 4, 7],
  [2, 5, 8],
  [0, 4, 8],
  [2, 4, 6],
]

/** The cells that show why a round is won; empty while nobody has won. Only for showing: the ledger names the winner. */
export const wonCells = (board: Board): readonly number[] =>
  lines.filter(([a, b, c]) => board[a] != null && board[a] === board[b] && board[a] === board[c]).flat()
