import type { Chain } from '../chain/chain.ts'
import type { Clock, NewId } from '../core/clock.ts'
import type { Desk } from './_desk.ts'
import { show, viewOf, withGame } from './_desk.ts'
import { createGameQueue } from './_queue.ts'
import { createTraces } from './_traces.ts'
import type { Caller } from './caller.ts'
import { untilGone } from './caller.ts'
import type { Players } from './create-game.ts'
import { createFiberMaker } from './create-game.ts'
import { GameStateError } from './errors.ts'
import { cancelGame } from './events.ts'
import type { Game } from './game.ts'
import type { GameView, Mark, Played } from './game-view.ts'
import { gameIdOf } from './ids.ts'
import type { ListGames } from './list-games.ts'
import { createGameList } from './list-games.ts'
import { move, moveIntent, notPlaying } from './move.ts'
import { createGameReader } from './read-game.ts'
import { reset, startRound } from './rounds.ts'
import type { Rules } from './rules.ts'
import { createEventSender } from './send-event.ts'
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
}

export type GamesDeps = {
  readonly chain: Chain
  readonly players: Players
  readonly rules: Rules
  readonly clock: Clock
  readonly newId: NewId
  /** Names the network inside event keys and game ids. */
  readonly network: string
}

/** @param deps everything games touch: a ledger, two wallets, the rules, time and chance */
export function createGames(deps: GamesDeps): Games {
  const { chain, players, rules, clock, newId, network } = deps
  const reader = createGameReader({ chain, clock })
  const traces = createTraces(chain)
  const sender = createEventSender({ chain, reader, traces, network })
  const maker = createFiberMaker({ chain, players, rules })
  const desk: Desk = { reader, traces, sender, maker, queue: createGameQueue({ clock }), players, rules }
  return {
    create: (caller) => create(desk, { network, newId }, caller),
    start: (gameId, caller) => withGame(desk, { gameId, intent: 'start' }, caller, (game) => start(desk, game, caller)),
    move: (asked, caller) =>
      withGame(desk, { gameId: asked.gameId, intent: moveIntent(asked) }, caller, (game) =>
        move(desk, game, asked, caller),
      ),
    reset: (gameId, caller) => withGame(desk, { gameId, intent: 'reset' }, caller, (game) => reset(desk, game, caller)),
    cancel: ({ gameId, reason }, caller) =>
      withGame(desk, { gameId, intent: 'cancel' }, caller, (game) => cancel(desk, game, reason, caller)),
    state: (id, caller) => state(desk, id, caller),
    list: createGameList(chain),
    simulate: (asked, caller) => simulate(desk, asked, caller),
  }
}

async function create(desk: Desk, naming: Pick<GamesDeps, 'network' | 'newId'>, caller: Caller): Promise<Played> {
  const { principal, requestKey, gone, deadline, deadlineMs } = caller
  const gameId = requestKey === undefined ? naming.newId() : gameIdOf(naming.network, principal, requestKey)
  return desk.queue.run(gameId, { signal: gone, deadlineMs }, async () => {
    await desk.maker.makeOracle(gameId, caller)
    const { made, hash } = await desk.maker.makeMachine(gameId, 0, caller)
    const game = await desk.reader.find(gameId, deadline)
    return { view: await show(desk, game, deadline, made ? hash : null), replayed: !made }
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
