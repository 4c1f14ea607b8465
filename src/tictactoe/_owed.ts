import type { IntentLog, LoggedIntent } from '../intent/intent.ts'
import type { Caller } from './caller.ts'
import type { FiberMaker } from './create-game.ts'
import { isCreation } from './create-game.ts'
import { EarlierRefusal, EarlierRefusalError, GameBusyError } from './errors.ts'
import type { Played } from './game-view.ts'
import type { EventSender } from './send-event.ts'

/** What is asked of a game, in words that are the same when it is asked for again. */
export type Request = { readonly gameId: string; readonly wish: string }

export type OwedDeps = {
  readonly intents: IntentLog
  readonly sender: EventSender
  readonly maker: FiberMaker
}

/**
 * Comes before anything is decided about a game. An earlier event whose fate is open is settled first, and only its own
 * repeat may proceed while it is not. The answer that is owed is given where this asks for the very same thing and
 * nobody was told what became of it; undefined where nothing is owed.
 * @throws GameBusyError while an earlier event of the game is neither played nor refused; EarlierRefusalError
 */
export async function payOwed(deps: OwedDeps, { gameId, wish }: Request, caller: Caller): Promise<Played | undefined> {
  const continued = await begunBefore(deps, caller)
  // Only now, when nobody else is at work on the game: until then it might have been begun all the same.
  if (continued === undefined && caller.isContinued) caller.onAbandoned()
  if (continued?.state === 'rejected') throw new EarlierRefusalError(EarlierRefusal.parse(continued.reason))
  // A machine for the next round is only half of what was asked for.
  if (continued?.state === 'confirmed' && !isCreation(continued)) return deps.sender.retell(continued, caller)
  let paid: Played | undefined
  for (const owed of await deps.intents.owedIn(gameId))
    paid = (await pay(deps, owed, owed.wish === wish, caller)) ?? paid
  return paid
}

/** @returns the answer, where this very thing is asked for */
async function pay(deps: OwedDeps, owed: LoggedIntent, isSame: boolean, caller: Caller): Promise<Played | undefined> {
  if (owed.state === 'confirmed') return isSame && !isCreation(owed) ? deps.sender.retell(owed, caller) : undefined
  return isCreation(owed) ? payCreation(deps, owed, isSame, caller) : payEvent(deps, owed, isSame, caller)
}

/**
 * What a request under the same key had begun before, and did not take back.
 * @throws StorageUnavailableError
 */
export async function begunBefore(
  { intents }: Pick<OwedDeps, 'intents'>,
  caller: Caller,
): Promise<LoggedIntent | undefined> {
  const { isContinued, principal, requestKey } = caller
  if (!isContinued || requestKey === undefined) return undefined
  const begun = await intents.underKey(principal, requestKey)
  return begun?.state === 'abandoned' ? undefined : begun
}

async function payEvent(
  { sender }: OwedDeps,
  owed: LoggedIntent,
  isSame: boolean,
  caller: Caller,
): Promise<Played | undefined> {
  const fate = await sender.lookAt(owed, caller)
  if (fate === 'done') return isSame ? sender.retell(owed, caller) : undefined
  if (fate === 'undone') return undefined // what is asked now is decided on the state as it is
  if (isSame) return sender.goOn(owed, caller)
  throw stillOpen(owed)
}

/** The same wish goes on with what was begun when it makes its fibers. */
async function payCreation(
  { maker }: OwedDeps,
  owed: LoggedIntent,
  isSame: boolean,
  caller: Caller,
): Promise<undefined> {
  if (isSame || (await maker.lookAt(owed, caller)) === 'done') return undefined
  throw stillOpen(owed)
}

const stillOpen = ({ gameId }: LoggedIntent) =>
  new GameBusyError(gameId, 'The fate of an earlier event of this game is not known yet.')
