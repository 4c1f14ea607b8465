import { z } from 'zod'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { TransitionStateMachine } from '../fiber/messages.ts'
import type { Intent } from '../intent/intent.ts'
import type { Signer } from '../signing/signed.ts'
import type { Game, Slot } from './game.ts'
import { nextSlot } from './game.ts'
import type { Mark } from './game-view.ts'
import { eventKeyOf } from './ids.ts'

/** What a state of the ledger says about an event that was sent for a slot. */
export type Fate = 'open' | 'done' | 'superseded'

const EventName = z.enum(['start_game', 'make_move', 'reset_board', 'cancel_game'])
type EventName = z.output<typeof EventName>

/** An event for its place: all that is needed to see in the ledger what became of it, today or after a restart. */
export const PlacedEvent = z.object({
  machineId: z.string(),
  name: EventName,
  // The cast holds: it comes out of JSON.
  payload: z.custom<JsonObject>((value) => isJsonObject(value as JsonValue)),
  slot: z.object({ round: z.int(), moveNum: z.int() }),
  /** Ordinal of the machine's newest record when the event was made: a failure at or before it is not this event's. */
  sinceOrdinal: z.int(),
  /** The state that it was made for. A state before that is an old one, and says nothing about it. */
  since: z.object({ script: z.int(), machine: z.int() }),
})
export type PlacedEvent = z.output<typeof PlacedEvent>

/** The event that an intent was stored for. */
export const readPlacedEvent = ({ facts }: Pick<Intent, 'facts'>): PlacedEvent => PlacedEvent.parse(facts['event'])

/** One thing to be done on the ledger: the event, who signs, and the machine's sequence number that it expects. */
export type GameEvent = PlacedEvent & {
  readonly gameId: string
  readonly signer: Signer
  readonly sequenceNumber: number
}

/** setup → playing. The slot of a start is (round, 0). */
export function startGame(game: Game, signer: Signer): GameEvent {
  const { playerX, playerO } = game.data
  return eventFor(game, 'start_game', { playerX, playerO, gameId: game.gameId }, signer)
}

/** playing → playing, or finished when the move ends the round. */
export const makeMove = (game: Game, { player, cell }: { player: Mark; cell: number }, signer: Signer): GameEvent =>
  eventFor(game, 'make_move', { player, cell }, signer)

/** playing → playing with an empty board and the next round. */
export const resetBoard = (game: Game, signer: Signer): GameEvent => eventFor(game, 'reset_board', {}, signer)

/** setup or playing → cancelled. */
export const cancelGame = (game: Game, reason: string, signer: Signer): GameEvent =>
  eventFor(game, 'cancel_game', { requestedBy: signer.address, reason }, signer)

/**
 * What the ledger tells about an event. Machine and oracle may come from neighbouring snapshots, the oracle from the
 * older one.
 */
export const fateOf = (event: PlacedEvent, game: Game): Fate =>
  isOlder(event, game) ? 'open' : fates[event.name](event, game)

/** A node that lags behind may show the game as it was before. */
export const isOlder = ({ since }: PlacedEvent, { script, machine }: Game): boolean =>
  script.sequenceNumber < since.script || machine.sequenceNumber < since.machine

const fates: { readonly [name in EventName]: (event: PlacedEvent, game: Game) => Fate } = {
  start_game({ machineId }, { machineState, oracle }) {
    if (machineState === 'setup') return 'open'
    return machineState === 'cancelled' && oracle.machineId !== machineId ? 'superseded' : 'done'
  },
  make_move(event, { oracle, machineState }) {
    if (isRoundOver(event, oracle)) return 'superseded'
    const held = oracle.moveHistory[event.slot.moveNum - 1]
    if (held)
      return held.player === event.payload['player'] && held.cell === event.payload['cell'] ? 'done' : 'superseded'
    return machineState === 'cancelled' ? 'superseded' : 'open'
  },
  reset_board({ machineId, slot }, { oracle, machineState }) {
    if (oracle.machineId !== machineId) return 'superseded'
    if ((oracle.roundCount ?? 0) > slot.round) return 'done'
    return machineState !== 'playing' || oracle.moveCount >= slot.moveNum ? 'superseded' : 'open'
  },
  cancel_game(event, { oracle, machineState }) {
    const { slot } = event
    if (machineState === 'cancelled') return 'done'
    if (slot.moveNum === 0) return machineState === 'setup' ? 'open' : 'superseded'
    if (isRoundOver(event, oracle) || machineState !== 'playing') return 'superseded'
    return oracle.moveCount >= slot.moveNum ? 'superseded' : 'open'
  },
}

/** Has the oracle left the round of this slot? It then obeys another machine or counts another round. */
const isRoundOver = ({ machineId, slot }: PlacedEvent, oracle: Game['oracle']): boolean =>
  oracle.machineId !== machineId || oracle.roundCount !== slot.round

/** The message of an event. A dialect writes the key or the sequence number, whichever its chain reads. */
export const messageOf = (event: GameEvent, network: string): TransitionStateMachine => ({
  type: 'TransitionStateMachine',
  fiberId: event.machineId,
  eventName: event.name,
  payload: event.payload,
  targetSequenceNumber: event.sequenceNumber,
  idempotencyKey: keyOf(event, network),
})

/** The event's own key. The payload holds its slot, so the key names the place as well. */
export const keyOf = ({ machineId, name, payload }: GameEvent, network: string): string =>
  eventKeyOf(network, machineId, name, payload)

function eventFor(game: Game, name: EventName, payload: JsonObject, signer: Signer): GameEvent {
  const slot: Slot = nextSlot(game)
  return {
    gameId: game.gameId,
    machineId: game.machineId,
    name,
    payload: { ...payload, round: slot.round, moveNum: slot.moveNum },
    slot,
    signer,
    sequenceNumber: game.machine.sequenceNumber,
    sinceOrdinal: game.machine.latestUpdateOrdinal,
    since: { script: game.script.sequenceNumber, machine: game.machine.sequenceNumber },
  }
}
