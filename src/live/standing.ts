import type { GameView, Status } from '../tictactoe/game-view.ts'

/** How far a game has come; the list of games tells it too. */
export type Standing = Pick<GameView, 'machineId' | 'status' | 'roundCount' | 'moveCount'>

export const standingOf = ({ machineId, status, roundCount, moveCount }: Standing): Standing => ({
  machineId,
  status,
  roundCount,
  moveCount,
})

const stages: Readonly<Record<Status, number>> = { NotInitialized: 0, InProgress: 1, Won: 2, Draw: 2, Cancelled: 2 }

/** 0 before the start of a round, 1 while it is played, 2 when it is over. */
export const stageOf = ({ status }: Pick<Standing, 'status'>): number => stages[status]

/**
 * Is one state of a game later than another? Its rounds only grow, within a round its stages, within a stage its moves.
 * @see oracle/tictactoe.json: `resetGame` and `initialize` count a round on, `makeMove` a move
 */
export const isNewer = (one: Standing, other: Standing): boolean =>
  (one.roundCount - other.roundCount || stageOf(one) - stageOf(other) || one.moveCount - other.moveCount) > 0
