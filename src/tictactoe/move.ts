import type { Desk } from './_desk.ts'
import { signerOf, viewOf } from './_desk.ts'
import type { Caller } from './caller.ts'
import type { MoveRefusal, StateRefusal } from './errors.ts'
import { GameStateError, InvalidMoveError, OracleFailedError } from './errors.ts'
import { makeMove } from './events.ts'
import type { Game } from './game.ts'
import type { MachineState, Mark, Played } from './game-view.ts'
import { simulateMove } from './simulate.ts'

/** Why each state of a machine refuses an event meant for `playing`. */
export const notPlaying: { readonly [state in MachineState]?: StateRefusal } = {
  setup: 'not_started',
  finished: 'finished',
  cancelled: 'cancelled',
}

/** @throws GameStateError unless the machine is in `playing` */
export function assertPlaying(desk: Desk, game: Game): void {
  const refusal = notPlaying[game.machineState]
  if (refusal) throw new GameStateError(refusal, viewOf(desk, game))
}

type Asked = { readonly player: Mark; readonly cell: number }

/** Plays a move: refused if it is not legal or was the last one played, signed and sent otherwise. */
export async function move(desk: Desk, game: Game, { player, cell }: Asked, caller: Caller): Promise<Played> {
  const asked = { player, cell }
  if (isNewest(game, asked)) throw new InvalidMoveError('already_applied', viewOf(desk, game), asked)
  assertPlaying(desk, game)
  assertLegal(desk, game, asked)
  return desk.sender.play(makeMove(game, asked, signerOf(desk, game, player)), moveWish(asked), caller)
}

/** The words of a move. @see Request */
export const moveWish = ({ player, cell }: Asked): string => `move ${player} ${cell}`

const isNewest = ({ oracle }: Game, { player, cell }: Asked): boolean => {
  const last = oracle.moveHistory.at(-1)
  return last?.player === player && last.cell === cell
}

/** The oracle's words for a refused move, and what they are here. The others cannot come while playing. */
const refusals = new Set<string>(['wrong_turn', 'cell_occupied', 'out_of_bounds'] satisfies MoveRefusal[])
const isMoveRefusal = (reason: string): reason is MoveRefusal => refusals.has(reason)

/** The pre-flight: the oracle's own program on the current board. An illegal move costs no message. */
function assertLegal(desk: Desk, game: Game, asked: Asked): void {
  const { valid, reason } = simulateMove(desk.rules.oracle.program, game.script.stateData, asked)
  if (valid) return
  if (reason !== null && isMoveRefusal(reason)) throw new InvalidMoveError(reason, viewOf(desk, game), asked)
  throw new OracleFailedError(reason ?? 'refused', { gameId: game.gameId })
}
