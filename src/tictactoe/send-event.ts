import type { Chain, Delivery, Look, SignedMessage } from '../chain/chain.ts'
import { createBoundedMap } from '../core/bounded-map.ts'
import { refusalBehind } from './_refusals.ts'
import type { Traces } from './_traces.ts'
import type { Caller } from './caller.ts'
import {
  ConfirmationPendingError,
  GameBusyError,
  InvalidMoveError,
  LedgerRefusedError,
  NotSubmittedError,
  OutcomeUnknownError,
} from './errors.ts'
import type { GameEvent } from './events.ts'
import { messageOf } from './events.ts'
import type { Game } from './game.ts'
import type { GameView, Played } from './game-view.ts'
import type { GameReader } from './read-game.ts'
import { toView } from './view.ts'

/** Sends events of games and says what the ledger says became of them. Called by one writer per game at a time. */
export type EventSender = {
  /**
   * Signs and sends an event, and follows it until the ledger shows its fate or the deadline comes.
   * @param intent what the caller asked for, in words that are the same when it is asked for again
   * @throws GameBusyError while an earlier event of the game is neither played nor refused; InvalidMoveError
   * superseded; a refusal of the rules; what is not known at the deadline
   */
  play(event: GameEvent, intent: string, caller: Caller): Promise<Played>
  /**
   * The answer that is still owed when this was the last thing asked of the game and nobody was told what became of it:
   * what was played is told, what is open goes on with the same bytes. Undefined when nothing is owed.
   */
  resume(gameId: string, intent: string, caller: Caller): Promise<Played | undefined>
}

export type EventSenderDeps = {
  readonly chain: Chain
  readonly reader: GameReader
  readonly traces: Traces
  readonly network: string
}

/** An event whose caller was not told its fate. Its bytes are kept: sending again means these bytes. */
type OwedEvent = { readonly event: GameEvent; readonly intent: string; readonly signed: SignedMessage }

/** What a look at the ledger can settle about an event. */
type Settlement =
  | { readonly fate: 'done' | 'superseded'; readonly game: Game }
  | { readonly fate: 'refused'; readonly error: Error }

export function createEventSender(deps: EventSenderDeps): EventSender {
  const { chain, reader, traces, network } = deps
  const owed = createBoundedMap<string, OwedEvent>(10_000) // by gameId

  /** Another thing may be asked only when the one before is settled: until then nobody knows the game's next place. */
  const assertSettledBefore = async (gameId: string, caller: Caller): Promise<void> => {
    const earlier = owed.get(gameId)
    if (earlier === undefined) return
    const { settled } = await look(deps, earlier.event, caller.deadline)
    if (!settled) throw new GameBusyError(gameId, 'The fate of an earlier event of this game is not known yet.')
    owed.delete(gameId)
  }

  /** The state that settled the event, or a newer one where that was not one moment's. */
  const shown = async (seen: Game, { deadline }: Caller): Promise<Game> => {
    const game = reader.take(seen) ? seen : await reader.read(seen.gameId, deadline)
    if (game === undefined) throw new OutcomeUnknownError({ gameId: seen.gameId })
    return game
  }

  /** Settled means answered, unless the caller is gone: then the answer is still owed. */
  const answer = async ({ event, signed }: OwedEvent, settlement: Settlement, caller: Caller): Promise<GameView> => {
    const { gameId } = event
    if (settlement.fate !== 'done') owed.delete(gameId)
    if (settlement.fate === 'refused') throw settlement.error
    const game = await shown(settlement.game, caller)
    if (settlement.fate === 'superseded') throw new InvalidMoveError('superseded', toView(game, traces.find))
    if (event.name === 'make_move') rememberMove(traces, event, game, signed.hash)
    await traces.load(game, caller.deadline)
    if (!caller.gone.aborted) owed.delete(gameId)
    return toView(game, traces.find, signed.hash)
  }

  const send = async (sending: OwedEvent, isResent: boolean, caller: Caller): Promise<GameView> => {
    const { event, signed } = sending
    const { deadline, deadlineMs, onSubmitting } = caller
    owed.set(event.gameId, sending)
    const options = { look: () => look(deps, event, deadline), deadlineMs, onSubmitting }
    const delivery = asProven(await chain.deliver(signed, options), isResent)
    if (delivery.outcome === 'refused' || delivery.outcome === 'not_sent') owed.delete(event.gameId)
    return answer(sending, assertSettled(event, delivery), caller)
  }

  return {
    async play(event, intent, caller) {
      await assertSettledBefore(event.gameId, caller)
      const signed = await chain.sign(messageOf(event, network), [event.signer])
      return { view: await send({ event, intent, signed }, false, caller), replayed: false }
    },

    async resume(gameId, intent, caller) {
      const earlier = owed.get(gameId)
      if (earlier === undefined || earlier.intent !== intent) return undefined
      const seen = await look(deps, earlier.event, caller.deadline)
      if (!seen.settled) return { view: await send(earlier, true, caller), replayed: false }
      if (seen.value.fate === 'done') return { view: await answer(earlier, seen.value, caller), replayed: true }
      owed.delete(gameId) // it was never played: what is asked now is decided on the state as it is
      return undefined
    },
  }
}

/** Reads machine and oracle, and says what they tell about an event: its fate, a refusal, or nothing yet. */
async function look(deps: EventSenderDeps, event: GameEvent, signal: AbortSignal): Promise<Look<Settlement>> {
  const game = await deps.reader.readAt(event.gameId, event.machineId, signal)
  if (game === undefined) return { settled: false }
  const fate = event.fate(game)
  if (fate !== 'open') return { settled: true, value: { fate, game } }
  const error = refusalBehind(event, game, toView(game, deps.traces.find))
  return error ? { settled: true, value: { fate: 'refused', error } } : { settled: false }
}

/** The oracle was invoked last by this move, unless somebody invoked it since: then the record's own ordinal is near. */
function rememberMove(traces: Traces, { machineId, slot }: GameEvent, { script }: Game, hash: string): void {
  const ordinal = script.lastInvocation?.invokedAt ?? script.latestUpdateOrdinal
  traces.remember(machineId, slot.round, slot.moveNum, { hash, ordinal })
}

/** What a delivery proves where the same bytes may have gone out in an earlier call: that one may still be applied. */
const asProven = <T>(delivery: Delivery<T>, isResent: boolean): Delivery<T> =>
  isResent && (delivery.outcome === 'refused' || delivery.outcome === 'not_sent') ? { outcome: 'unknown' } : delivery

/** @throws what is known when the ledger did not show the event's fate in time */
function assertSettled({ gameId, name }: GameEvent, delivery: Delivery<Settlement>): Settlement {
  const details = { gameId, eventName: name }
  switch (delivery.outcome) {
    case 'settled':
      return delivery.value
    case 'refused':
      throw new LedgerRefusedError(delivery.reason)
    case 'not_sent':
      throw new NotSubmittedError(delivery.cause)
    case 'pending':
      throw new ConfirmationPendingError(details)
    case 'unknown':
      throw new OutcomeUnknownError(details)
  }
}
