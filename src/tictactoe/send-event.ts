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
import { keyOf, messageOf } from './events.ts'
import type { Game } from './game.ts'
import type { Played } from './game-view.ts'
import type { GameReader } from './read-game.ts'
import { toView } from './view.ts'

/** Sends events of games and says what the ledger says became of them. Called by one writer per game at a time. */
export type EventSender = {
  /**
   * Signs and sends an event, and follows it until the ledger shows its fate or the deadline comes.
   * @throws GameBusyError while an earlier event of the game is neither played nor refused; InvalidMoveError
   * superseded; a refusal of the rules; what is not known at the deadline
   */
  play(event: GameEvent, caller: Caller): Promise<Played>
  /** Was this event played, and its caller never told? Asking takes the mark away: the next answer is the telling. */
  takeUntold(event: GameEvent): boolean
}

export type EventSenderDeps = {
  readonly chain: Chain
  readonly reader: GameReader
  readonly traces: Traces
  readonly network: string
}

/** An event whose fate nobody could tell at its deadline. Its bytes are kept: sending again means these bytes. */
type OpenEvent = { readonly event: GameEvent; readonly signed: SignedMessage }

/** What a look at the ledger can settle about an event. */
type Settlement =
  | { readonly fate: 'done' | 'superseded'; readonly game: Game }
  | { readonly fate: 'refused'; readonly error: Error }

export function createEventSender(deps: EventSenderDeps): EventSender {
  const { chain, reader, traces, network } = deps
  const open = createBoundedMap<string, OpenEvent>(10_000) // by gameId
  const untold = createBoundedMap<string, true>(10_000) // by event key

  /** The bytes to send: those of the first try when this is the same event again. */
  const prepare = async (event: GameEvent, key: string, caller: Caller): Promise<SignedMessage> => {
    const earlier = open.get(event.gameId)
    if (earlier === undefined) return chain.sign(messageOf(event, network), [event.signer])
    if (keyOf(earlier.event, network) === key) return earlier.signed
    const { settled } = await look(deps, earlier.event, caller.deadline)
    if (!settled) throw new GameBusyError(event.gameId, 'The fate of an earlier event of this game is not known yet.')
    open.delete(event.gameId)
    return chain.sign(messageOf(event, network), [event.signer])
  }

  const send = async (event: GameEvent, signed: SignedMessage, caller: Caller): Promise<Delivery<Settlement>> => {
    const { deadline, deadlineMs, onSubmitting } = caller
    const isResent = open.get(event.gameId) !== undefined
    const delivery = asProven(
      await chain.deliver(signed, { look: () => look(deps, event, deadline), deadlineMs, onSubmitting }),
      isResent,
    )
    if (delivery.outcome === 'pending' || delivery.outcome === 'unknown') open.set(event.gameId, { event, signed })
    else open.delete(event.gameId)
    return delivery
  }

  /** The state that settled the event, or a newer one where that was not one moment's. */
  const shown = async (seen: Game, { deadline }: Caller): Promise<Game> => {
    const game = reader.take(seen) ? seen : await reader.read(seen.gameId, deadline)
    if (game === undefined) throw new OutcomeUnknownError({ gameId: seen.gameId })
    return game
  }

  return {
    takeUntold: (event) => untold.delete(keyOf(event, network)),
    async play(event, caller) {
      const key = keyOf(event, network)
      const signed = await prepare(event, key, caller)
      const delivery = await send(event, signed, caller)
      untold.set(key, true) // until the answer is ready to go, nobody has been told anything
      const settlement = assertSettled(event, delivery)
      if (settlement.fate === 'refused') throw settlement.error
      const game = await shown(settlement.game, caller)
      if (settlement.fate === 'superseded') throw new InvalidMoveError('superseded', toView(game, traces.find))
      if (event.name === 'make_move') rememberMove(traces, event, game, signed.hash)
      await traces.load(game, caller.deadline)
      if (!caller.gone.aborted) untold.delete(key)
      return { view: toView(game, traces.find, signed.hash), replayed: false }
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
