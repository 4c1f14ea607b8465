import type { GameView, Mark } from '../tictactoe/game-view.ts'

/** A new game: its ids and its players. */
export const gameLines = ({ gameId, oracleId, playerX, playerO }: GameView): string =>
  `game ${gameId}\noracle ${oracleId}\nX ${playerX}\nO ${playerO}`

/** A round that begins. */
export const roundLines = ({ roundCount, machineId }: GameView): string =>
  `\nround ${roundCount + 1} on machine ${machineId}`

/** A move that was made, with the game after it. */
export function moveLines({ player, cell }: { readonly player: Mark; readonly cell: number }, view: GameView): string {
  const move = view.moveHistory.at(-1)
  return `\n${player} takes cell ${cell}, signed by ${move?.signer}\nhash ${move?.hash}, ordinal ${move?.ordinal}\n${view.boardText}`
}

/** A round that is over. */
export const endLines = ({ winner, machineState, status }: GameView): string =>
  `\n${winner ? `${winner} wins` : 'draw'}; the machine is ${machineState}, the oracle says ${status}`
