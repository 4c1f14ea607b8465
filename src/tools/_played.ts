import type { GameView, Played } from '../tictactoe/game-view.ts'

/** A played event as a tool's result. */
export const toResult = ({ view, replayed }: Played): { result: GameView; replayed: boolean } => ({
  result: view,
  replayed,
})
