import type { Delivery, Look } from '../chain/chain.ts'
import type { BaseError } from '../core/errors.ts'
import type { Intent, LoggedIntent, Mark } from '../intent/intent.ts'
import { refusalBehind } from './_refusals.ts'
import type { Traces } from './_traces.ts'
import type { Caller } from './caller.ts'
import { InvalidMoveError, OutcomeUnknownError } from './errors.ts'
import type { GameEvent, PlacedEvent } from './events.ts'
import { fateOf, messageOf, readPlacedEvent } from './events.ts'
import type { Game } from './game.ts'
import type { GameView, Played } from './game-view.ts'
import type { Outbox, Underway } from './outbox.ts'
import { reasonOf } from './outbox.ts'
import type { GameReader } from './read-game.ts'
import { toView } from './view.ts'

/** Sends events of games and says what the ledger says became of them. Called by one writer per game at a time. */
export type EventSender = {
  /**
   * Signs, stores and sends an event, and follows it until the ledger shows its fate or the deadline comes.
   * @param wish what the caller asked for, in words that are the same when it is asked for again
   * @throws InvalidMoveError superseded; a refusal of the rules; what is not known at the deadline
   */
  play(event: GameEvent, wish: string, caller: Caller): Promise<Played>
  /** Goes on with a stored event with the same bytes; told at once when its fate shows already. */
  goOn(intent: LoggedIntent, caller: Caller): Promise<Played>
  /**
   * Looks once at what became of a stored event, and stores that. `open` while nothing shows; `undone` when it can not
   * be applied any more.
   */
  lookAt(intent: LoggedIntent, caller: Caller): Promise<'open' | 'undone' | 'done'>
  /** The same on nobody's behalf: the answer stays owed. @throws what is not known at the deadline */
  push(intent: LoggedIntent, caller: Caller): Promise<void>
  /** The answer about an event that was played before, with the game as it is now. */
  retell(intent: LoggedIntent, caller: Caller): Promise<Played>
}

export type EventSenderDeps = {
  readonly outbox: Outbox
  readonly reader: GameReader
  readonly traces: Traces
  readonly network: string
  /** Told when an intent's outcome is on its way to whoever asked. */
  readonly onDelivered: (intentId: string) => void
}

/** What a look at the ledger can settle about an event. */
type Shown =
  | { readonly fate: 'done' | 'superseded'; readonly game: Game }
  | { readonly fate: 'refused'; readonly game: Game; readonly error: BaseError }

export function createEventSender(deps: EventSenderDeps): EventSender {
  const { outbox, network } = deps

  const bring = async (underway: Underway, event: PlacedEvent, caller: Caller): Promise<Shown> => {
    const { intent } = underway
    const delivery: Delivery<Shown> = await outbox.deliver(underway, 0, () => look(deps, intent, event, caller), caller)
    if (delivery.outcome !== 'settled') throw await outbox.failed(intent, 0, delivery, caller)
    await store(deps, intent, delivery.value, caller)
    return delivery.value
  }
  const follow = async (underway: Underway, event: PlacedEvent, caller: Caller): Promise<GameView> =>
    answer(deps, underway.intent, event, await bring(underway, event, caller), caller)

  return {
    async play(event, wish, caller) {
      const { gameId, signer, sequenceNumber: _, ...placed } = event
      const { machineId, slot } = placed
      const underway = await outbox.prepare(
        {
          gameId,
          slot: `${machineId}/${slot.round}/${slot.moveNum}`,
          wish,
          messages: [messageOf(event, network)],
          signers: [signer],
          facts: { event: placed },
        },
        caller,
      )
      return { view: await follow(underway, placed, caller), replayed: false }
    },

    async goOn(intent, caller) {
      return { view: await follow(outbox.resume(intent), readPlacedEvent(intent), caller), replayed: false }
    },

    async lookAt(intent, caller) {
      const seen = await look(deps, intent, readPlacedEvent(intent), caller)
      if (!seen.settled) return 'open'
      await store(deps, intent, seen.value, caller)
      return seen.value.fate === 'done' ? 'done' : 'undone'
    },

    async push(intent, caller) {
      await bring(outbox.resume(intent, true), readPlacedEvent(intent), caller)
    },

    async retell(intent, caller) {
      const { gameId } = intent
      const game = await deps.reader.read(gameId, caller.deadline)
      if (game === undefined) throw new OutcomeUnknownError({ gameId })
      return { view: await tell(deps, intent, readPlacedEvent(intent), game, caller), replayed: true }
    },
  }
}

/** Reads machine and oracle, and says what they tell about an event: its fate, a refusal, or nothing yet. */
async function look(
  { reader, traces }: EventSenderDeps,
  { gameId }: Intent,
  event: PlacedEvent,
  { deadline }: Caller,
): Promise<Look<Shown>> {
  const game = await reader.readAt(gameId, event.machineId, deadline)
  if (game === undefined) return { settled: false }
  const fate = fateOf(event, game)
  if (fate !== 'open') return { settled: true, value: { fate, game } }
  const error = refusalBehind(event, game, toView(game, traces.find))
  return error ? { settled: true, value: { fate: 'refused', game, error } } : { settled: false }
}

/** Nobody is told before it is stored; where it cannot be, the ledger holds it all the same, and shows it again. */
async function store({ outbox, traces }: EventSenderDeps, intent: Intent, shown: Shown, caller: Caller): Promise<void> {
  if (shown.fate === 'done') {
    await outbox.settle(intent, { state: 'confirmed', mark: markOf(shown.game) }, caller)
    return
  }
  const reason = reasonOf(shown.fate === 'refused' ? shown.error : superseded(traces, shown.game))
  await outbox.settle(intent, { state: 'rejected', reason }, caller)
}

const markOf = ({ script, machineId, machine }: Game): Mark => ({
  scriptSequence: script.sequenceNumber,
  machineId,
  machineSequence: machine.sequenceNumber,
})

const superseded = (traces: Traces, game: Game) => new InvalidMoveError('superseded', toView(game, traces.find))

/** The view for whoever asked. @throws the refusal, where it was not played */
async function answer(
  deps: EventSenderDeps,
  intent: Intent,
  event: PlacedEvent,
  shown: Shown,
  caller: Caller,
): Promise<GameView> {
  if (shown.fate === 'refused') throw shown.error
  if (shown.fate === 'superseded') throw superseded(deps.traces, await newest(deps, shown.game, caller))
  return tell(deps, intent, event, await newest(deps, shown.game, caller), caller)
}

/** The state that settled the event, or a newer one where that was not one moment's. */
async function newest({ reader }: EventSenderDeps, seen: Game, { deadline }: Caller): Promise<Game> {
  const game = reader.take(seen) ? seen : await reader.read(seen.gameId, deadline)
  if (game === undefined) throw new OutcomeUnknownError({ gameId: seen.gameId })
  return game
}

/** Settled means answered, unless the caller is gone: then the answer is still owed. */
async function tell(
  { traces, onDelivered }: EventSenderDeps,
  intent: Intent,
  event: PlacedEvent,
  game: Game,
  caller: Caller,
): Promise<GameView> {
  const hash = intent.messages[0]?.hash ?? null
  if (event.name === 'make_move' && hash !== null) rememberMove(traces, event, game, hash)
  await traces.load(game, caller.deadline)
  if (!caller.gone.aborted) onDelivered(intent.id)
  return toView(game, traces.find, hash)
}

/** The oracle was invoked last by this move, unless somebody invoked it since: then the record's own ordinal is near. */
function rememberMove(traces: Traces, { machineId, slot }: PlacedEvent, game: Game, hash: string): void {
  const { script, oracle } = game
  const isNewest = game.machineId === machineId && oracle.roundCount === slot.round && oracle.moveCount === slot.moveNum
  if (!isNewest) return
  const ordinal = script.lastInvocation?.invokedAt ?? script.latestUpdateOrdinal
  traces.remember(machineId, slot.round, slot.moveNum, { hash, ordinal })
}
