/** X wins with the top row on the fifth move. */
export const winningMoves = [
  ['X', 0],
  ['O', 3],
  ['X', 1],
  ['O', 4],
  ['X', 2],
] as const

/** Nine moves without a line. */
export const drawnMoves = [
  ['X', 0],
  ['O', 4],
  ['X', 8],
  ['O', 1],
  ['X', 7],
  ['O', 6],
  ['X', 2],
  ['O', 5],
  ['X', 3],
] as const
