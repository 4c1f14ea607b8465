import type { LoggedIntent } from '../intent/intent.ts'
import type { Desk } from './_desk.ts'
import { show, viewOf, withGame } from './_desk.ts'
import { createDesk } from './_open-desk.ts'
import { begunBefore } from './_owed.ts'
import { createSettle } from './_settle.ts'
import type { Caller } from './caller.ts'
import { untilGone } from './caller.ts'
import { GameStateError } from './errors.ts'
import { cancelGame } from './events.ts'
import type { Game } from './game.ts'
import type { GameView, Mark, Played } from './game-view.ts'
import type { GamesDeps } from './games-deps.ts'
import { gameIdOf } from './ids.ts'
import type { ListGames } from './list-games.ts'
import { createGameList } from './list-games.ts'
import { move, moveWish, notPlaying } from './move.ts'
import { reset, startRound } from './rounds.ts'
import { simulateMove } from './simulate.ts'

export type Move = { readonly gameId: string; readonly player: Mark; readonly cell: number }

/** Everything that can be done with games. `gameId` may be any id of the game: its own, its oracle's, a machine's. */
export type Games = {
  /** A new game in `setup`: an oracle and a machine that both players own. */
  create(caller: Caller): Promise<Played>
  start(gameId: string, caller: Caller): Promise<Played>
  /** @throws InvalidMoveError before anything is signed when the oracle's own program refuses the move */
  move(move: Move, caller: Caller): Promise<Played>
  /** While playing: an empty board. After the round: the next one, on a new machine with the same oracle. */
  reset(gameId: string, caller: Caller): Promise<Played>
  /** Cancelling a cancelled game changes nothing and is no error. */
  cancel(request: { gameId: string; reason: string }, caller: Caller): Promise<Played>
  state(gameId: string, caller: Caller): Promise<GameView>
  readonly list: ListGames
  /** What the oracle would say to a move, without making it. `reason` is null when the move is legal. */
  simulate(move: Move, caller: Caller): Promise<GameView & { valid: boolean; reason: string | null }>
  /** Takes an open intent one step further, on nobody's behalf. @returns whether it is settled now */
  settle(intent: LoggedIntent): Promise<boolean>
  /** Lets go of the places that are held for intents which are not open any more. */
  forget(openIds: ReadonlySet<string>): void
}

/** @param deps everything games touch: a ledger, two wallets, the rules, time and chance */
export function createGames(deps: GamesDeps): Games {
  const { chain, network, newId } = deps
  const desk = createDesk(deps)
  return {
    create: (caller) => create(desk, { network, newId }, caller),
    start: (gameId, caller) => withGame(desk, { gameId, wish: 'start' }, caller, (game) => start(desk, game, caller)),
    move: (asked, caller) =>
      withGame(desk, { gameId: asked.gameId, wish: moveWish(asked) }, caller, (game) =>
        move(desk, game, asked, caller),
      ),
    reset: (gameId, caller) => withGame(desk, { gameId, wish: 'reset' }, caller, (game) => reset(desk, game, caller)),
    cancel: ({ gameId, reason }, caller) =>
      withGame(desk, { gameId, wish: 'cancel' }, caller, (game) => cancel(desk, game, reason, caller)),
    state: (id, caller) => state(desk, id, caller),
    list: createGameList(chain),
    simulate: (asked, caller) => simulate(desk, asked, caller),
    settle: createSettle(desk, deps.clock),
    forget: desk.forget,
  }
}

async function create(desk: Desk, naming: Pick<GamesDeps, 'network' | 'newId'>, caller: Caller): Promise<Played> {
  const { principal, requestKey, deadline } = caller
  const gameId = requestKey === undefined ? naming.newId() : gameIdOf(naming.network, principal, requestKey)
  return desk.queue.run(gameId, caller, async () => {
    const begun = await begunBefore(desk, caller)
    if (begun === undefined && caller.isContinued) caller.onAbandoned()
    // Made by the same request, before: a node that does not show it lags behind.
    const isMade = begun?.state === 'confirmed'
    const { made, hash } = isMade ? { made: false, hash: null } : await desk.maker.makeGame(gameId, caller)
    const game = await desk.reader.readMade(gameId, deadline)
    return { view: await show(desk, game, deadline, hash), replayed: !made }
  })
}

async function start(desk: Desk, game: Game, caller: Caller): Promise<Played> {
  const { machineState } = game
  if (machineState === 'setup') return startRound(desk, game, 'start', caller)
  throw new GameStateError(machineState === 'playing' ? 'already_started' : machineState, viewOf(desk, game))
}

async function cancel(desk: Desk, game: Game, reason: string, caller: Caller): Promise<Played> {
  if (game.machineState === 'cancelled') return { view: await show(desk, game, caller.deadline), replayed: false }
  if (game.machineState === 'finished') throw new GameStateError('finished', viewOf(desk, game))
  return desk.sender.play(cancelGame(game, reason, desk.players.X), 'cancel', caller)
}

async function state(desk: Desk, id: string, caller: Caller): Promise<GameView> {
  const signal = untilGone(caller)
  return show(desk, await desk.reader.find(id, signal), signal)
}

async function simulate(desk: Desk, { gameId, player, cell }: Move, caller: Caller) {
  const signal = untilGone(caller)
  const game = await desk.reader.find(gameId, signal)
  const view = await show(desk, game, signal)
  const refusal = notPlaying[game.machineState]
  if (refusal) return { ...view, valid: false, reason: refusal }
  return { ...view, ...simulateMove(desk.rules.oracle.program, game.script.stateData, { player, cell }) }
}
