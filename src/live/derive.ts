import type { GameView, PlayedMove } from '../tictactoe/game-view.ts'
import type { stepTypes } from './live.ts'
import type { Standing } from './standing.ts'
import { stageOf } from './standing.ts'

/** One step of a game, or that it stands elsewhere without anybody knowing the way. */
export type Step =
  | { readonly type: 'game' | (typeof stepTypes)[number] }
  | { readonly type: 'move_made'; readonly move: PlayedMove }

const standsElsewhere: readonly Step[] = [{ type: 'game' }]

/**
 * The steps from one state of a game to a later one, in order. Where some of them cannot be known, the one step `game`.
 * @param before undefined: nobody knows; `new`: there was no such game
 */
export function deriveSteps(before: Standing | 'new' | undefined, view: GameView): readonly Step[] {
  if (before === undefined || view.moveHistory.length !== view.moveCount) return standsElsewhere
  if (before === 'new')
    return view.roundCount === 0 ? [{ type: 'game_created' }, ...ofRound(created, view)] : standsElsewhere
  if (view.roundCount === before.roundCount) return ofRound(before, view)
  return isNextRound(before, view) ? [{ type: 'board_reset' }, ...ofRound(emptied, view)] : standsElsewhere
}

type Place = Pick<Standing, 'status' | 'moveCount'>
const created: Place = { status: 'NotInitialized', moveCount: 0 }
const emptied: Place = { status: 'InProgress', moveCount: 0 }

function ofRound(before: Place, view: GameView): readonly Step[] {
  const made = view.moveHistory.slice(before.moveCount)
  // Who cancels before the start leaves no trace of one.
  const isStarted = stageOf(before) === 0 && (view.status !== 'Cancelled' ? stageOf(view) > 0 : made.length > 0)
  const isOver = stageOf(before) < 2 && stageOf(view) === 2
  return [
    ...(isStarted ? [{ type: 'game_started' } as const] : []),
    ...made.map((move) => ({ type: 'move_made', move }) as const),
    ...(isOver ? [{ type: view.status === 'Cancelled' ? 'game_cancelled' : 'game_ended' } as const] : []),
  ]
}

/** While it is played a board is emptied on the same machine; after its end the next round has a machine of its own. */
function isNextRound(before: Standing, view: GameView): boolean {
  if (view.roundCount !== before.roundCount + 1 || stageOf(before) === 0) return false
  return (stageOf(before) === 1) === (before.machineId === view.machineId)
}
