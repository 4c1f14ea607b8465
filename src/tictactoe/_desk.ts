import type { IntentLog } from '../intent/intent.ts'
import type { Request } from './_owed.ts'
import { begunBefore, payOwed } from './_owed.ts'
import type { GameQueue } from './_queue.ts'
import type { Traces } from './_traces.ts'
import type { Caller } from './caller.ts'
import { untilGone } from './caller.ts'
import type { FiberMaker, Players } from './create-game.ts'
import { WalletMismatchError } from './errors.ts'
import type { Game } from './game.ts'
import { addressOf } from './game.ts'
import type { GameView, Mark, Played } from './game-view.ts'
import type { Outbox } from './outbox.ts'
import type { GameReader } from './read-game.ts'
import type { Rules } from './rules.ts'
import type { EventSender } from './send-event.ts'
import { toView } from './view.ts'

/** What every operation on a game works with. */
export type Desk = {
  readonly intents: IntentLog
  readonly reader: GameReader
  readonly traces: Traces
  readonly sender: EventSender
  readonly maker: FiberMaker
  readonly queue: GameQueue
  readonly players: Players
  readonly rules: Rules
  readonly forget: Outbox['forget']
}

/**
 * One write at a time per game, decided on the state as it is when its turn has come. An answer that is still owed for
 * the very same request comes first: what was played once is told, not played again.
 */
export async function withGame(
  desk: Desk,
  request: Request,
  caller: Caller,
  work: (game: Game) => Promise<Played>,
): Promise<Played> {
  const signal = untilGone(caller)
  const begun = await begunBefore(desk, caller)
  const known = begun?.gameId ?? desk.reader.idOf(request.gameId)
  const gameId = known ?? (await desk.reader.find(request.gameId, signal)).gameId
  return desk.queue.run(gameId, caller, async () => {
    const owed = await payOwed(desk, { gameId, wish: request.wish }, caller)
    return owed ?? work(await desk.reader.find(gameId, signal))
  })
}

/** The view with every move's place on the ledger, as far as the ledger still tells it. */
export async function show(desk: Desk, game: Game, signal: AbortSignal, hash: string | null = null): Promise<GameView> {
  await desk.traces.load(game, signal)
  return toView(game, desk.traces.find, hash)
}

/** The view for an error: what is known without asking again. */
export const viewOf = (desk: Desk, game: Game): GameView => toView(game, desk.traces.find)

/** @throws WalletMismatchError when the game's player is not the wallet held here */
export function signerOf({ players }: Desk, game: Game, mark: Mark) {
  const expected = addressOf(game, mark)
  const held = players[mark].address
  if (held !== expected) throw new WalletMismatchError({ player: mark, expected, held })
  return players[mark]
}
