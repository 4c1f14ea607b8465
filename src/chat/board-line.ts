import type { GameView } from '../tictactoe/game-view.ts'

/**
 * How a game stands, for the model, right before the user's last word: a long conversation holds old boards, and the
 * newest must be the last one read. At most 600 characters.
 */
export function boardLine(view: GameView): string {
  const { gameId, machineState, status, turn, moveCount, roundCount, boardText, ordinal } = view
  return [
    `The ledger as of snapshot ${ordinal}: game ${gameId}, ${machineState}, ${status}, turn ${turn ?? 'none'}, move ${moveCount}, round ${roundCount}.`,
    boardText,
    `Next: ${nextStep(view)}.`,
  ].join('\n')
}

/**
 * Said in place of the board where it could not be read, so that the model does not go on with an old one.
 * @param reason in plain words; cut after 200 characters
 */
export const noBoardLine = (reason: string): string =>
  `The ledger could not be read: ${reason.slice(0, 200)} Boards further up may be old: read the game before you speak of it.`

function nextStep({ machineState, status, winner, turn, board }: GameView): string {
  if (machineState === 'setup') return 'ttt_start_game'
  if (machineState === 'cancelled') return 'this game is over for good; ttt_create_game makes another'
  if (machineState === 'finished')
    return `${status === 'Won' ? `${winner} won` : 'a draw'}; finished; ttt_reset_board starts the next round`
  const free = board.flatMap((mark, cell) => (mark === null ? [cell] : []))
  return `${turn ?? 'nobody'} to move; free cells ${free.join(', ')}`
}
