import type { Desk } from './_desk.ts'
import { signerOf } from './_desk.ts'
import type { Caller } from './caller.ts'
import { OutcomeUnknownError } from './errors.ts'
import { resetBoard, startGame } from './events.ts'
import type { Game } from './game.ts'
import type { Played } from './game-view.ts'
import { machineIdOf } from './ids.ts'
import { assertPlaying } from './move.ts'

/** What a round is begun for: by itself, or because the board was to be reset. */
type Wish = 'start' | 'reset'

/** setup → playing: the oracle lays out an empty board for this round. */
export const startRound = (desk: Desk, game: Game, wish: Wish, caller: Caller): Promise<Played> =>
  desk.sender.play(startGame(game, signerOf(desk, game, 'X')), wish, caller)

/** An empty board: within `playing` by an event, after `finished` by a new machine on the same oracle. */
export async function reset(desk: Desk, game: Game, caller: Caller): Promise<Played> {
  if (game.machineState === 'finished') return nextRound(desk, game, caller)
  assertPlaying(desk, game)
  return desk.sender.play(resetBoard(game, signerOf(desk, game, 'X')), 'reset', caller)
}

/** Made but not started, the machine waits: the same call again goes on from there. */
async function nextRound(desk: Desk, game: Game, caller: Caller): Promise<Played> {
  const { gameId, data } = game
  const round = data.roundCount + 1
  // Half of what was asked for: the caller is not told of it.
  await desk.maker.makeMachine(gameId, round, { ...caller, onAccepted: () => {} })
  const next = await desk.reader.readAt(gameId, machineIdOf(gameId, round), caller.deadline)
  if (next === undefined) throw new OutcomeUnknownError({ gameId })
  return startRound(desk, next, 'reset', caller)
}
