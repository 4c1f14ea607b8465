import type { BaseError } from '../core/errors.ts'
import type { MoveRefusal, StateRefusal } from './errors.ts'
import { GameStateError, InvalidMoveError, OracleFailedError } from './errors.ts'
import type { PlacedEvent } from './events.ts'
import type { Game } from './game.ts'
import type { GameView } from './game-view.ts'

/** The script's refusals as a failed event's message carries them. Texts: `error` in oracle/tictactoe.json. */
const moveRefusals: readonly (readonly [text: string, reason: MoveRefusal])[] = [
  ['Not your turn', 'wrong_turn'],
  ['Cell already occupied', 'cell_occupied'],
  ['Cell out of bounds', 'out_of_bounds'],
]
const stateRefusals: readonly (readonly [text: string, reason: StateRefusal])[] = [
  ['Game already in progress', 'already_started'],
  ['Round is not newer', 'already_started'],
  ['Game was cancelled', 'cancelled'],
]
const NOT_IN_PROGRESS = 'Game is not in progress'

/**
 * Failures that say nothing about an event whose slot is open: no guard takes an event for another slot, so these
 * were written by a late duplicate of an earlier one. The sequence number is that of the same duplicate.
 */
const ghostTexts = [/guard/i, /no transition/i, /sequence number/i]

/**
 * The error behind a failure on the machine's record, when it can only be this event's: newer than the event, of its
 * name, and a word of the script. Undefined while the event may still be applied.
 */
export function refusalBehind(event: PlacedEvent, { machine }: Game, view: GameView): BaseError | undefined {
  const last = machine.lastEvent
  if (last === null || last.success || last.ordinal <= event.sinceOrdinal) return undefined
  if (last.eventName !== null && last.eventName !== event.name) return undefined
  const text = last.reason ?? ''
  const move = moveRefusals.find(([words]) => text.includes(words))
  if (move) return new InvalidMoveError(move[1], view)
  const state = stateRefusals.find(([words]) => text.includes(words))
  if (state) return new GameStateError(state[1], view)
  if (text.includes(NOT_IN_PROGRESS)) return new GameStateError(stateBehind(view), view)
  return ghostTexts.some((ghost) => ghost.test(text)) ? undefined : new OracleFailedError(text)
}

const stateBehind = ({ status }: GameView): StateRefusal => {
  if (status === 'Cancelled') return 'cancelled'
  return status === 'NotInitialized' ? 'not_started' : 'finished'
}
