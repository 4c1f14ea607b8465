import type { GameView } from '../api/client.ts'

/** The key of the page's own move in a place of a game: any tab asks under the same one, so it is made once. */
export const autoKey = ({ gameId, roundCount, moveCount }: GameView): string =>
  `page:${gameId}:${roundCount}:${moveCount + 1}`
