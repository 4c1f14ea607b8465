import type { GameView } from '../../api/client.ts'

/** Does a view tell of a time before another one? Answers overtake each other; a board never goes back. */
export function isOlder(view: GameView, known: GameView): boolean {
  if (view.ordinal !== known.ordinal) return view.ordinal < known.ordinal
  if (view.roundCount !== known.roundCount) return view.roundCount < known.roundCount
  return view.moveCount < known.moveCount
}

/** The newer of two views, as the cache of the queries keeps it. */
export const newerOf = (known: GameView | undefined, view: GameView): GameView =>
  known !== undefined && isOlder(view, known) ? known : view
