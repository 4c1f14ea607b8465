import type { JsonObject } from '../core/json.ts'
import type { TransitionStateMachine } from '../fiber/messages.ts'
import type { Signer } from '../signing/signed.ts'
import type { Game, Slot } from './game.ts'
import { nextSlot } from './game.ts'
import type { Mark } from './game-view.ts'
import { eventKeyOf } from './ids.ts'

/** What a state of the ledger says about an event that was sent for a slot. */
export type Fate = 'open' | 'done' | 'superseded'

/** One thing to be done on the ledger: the event, who signs, and how to see what became of it. */
export type GameEvent = {
  readonly gameId: string
  readonly machineId: string
  readonly name: 'start_game' | 'make_move' | 'reset_board' | 'cancel_game'
  readonly payload: JsonObject
  readonly slot: Slot
  readonly signer: Signer
  /** The machine's sequence number that the event expects. */
  readonly sequenceNumber: number
  /** Ordinal of the machine's newest record when the event was made: a failure at or before it is not this event's. */
  readonly sinceOrdinal: number
  /** Machine and oracle may come from neighbouring snapshots, the oracle from the older one. */
  readonly fate: (game: Game) => Fate
}

/** setup → playing. The slot of a start is (round, 0). */
export function startGame(game: Game, signer: Signer): GameEvent {
  const { playerX, playerO } = game.data
  return eventFor(game, 'start_game', { playerX, playerO, gameId: game.gameId }, signer, ({ machineState, ...now }) => {
    if (machineState === 'setup') return 'open'
    return machineState === 'cancelled' && now.oracle.machineId !== game.machineId ? 'superseded' : 'done'
  })
}

/** playing → playing, or finished when the move ends the round. */
export function makeMove(game: Game, move: { player: Mark; cell: number }, signer: Signer): GameEvent {
  const slot = nextSlot(game)
  return eventFor(game, 'make_move', { player: move.player, cell: move.cell }, signer, ({ oracle, machineState }) => {
    if (isRoundOver(oracle, game, slot)) return 'superseded'
    const held = oracle.moveHistory[slot.moveNum - 1]
    if (held) return held.player === move.player && held.cell === move.cell ? 'done' : 'superseded'
    return machineState === 'cancelled' ? 'superseded' : 'open'
  })
}

/** playing → playing with an empty board and the next round. */
export function resetBoard(game: Game, signer: Signer): GameEvent {
  const slot = nextSlot(game)
  return eventFor(game, 'reset_board', {}, signer, ({ oracle, machineState }) => {
    if (oracle.machineId !== game.machineId) return 'superseded'
    if ((oracle.roundCount ?? 0) > slot.round) return 'done'
    return machineState !== 'playing' || oracle.moveCount >= slot.moveNum ? 'superseded' : 'open'
  })
}

/** setup or playing → cancelled. */
export function cancelGame(game: Game, reason: string, signer: Signer): GameEvent {
  const slot = nextSlot(game)
  const payload = { requestedBy: signer.address, reason }
  return eventFor(game, 'cancel_game', payload, signer, ({ oracle, machineState }) => {
    if (machineState === 'cancelled') return 'done'
    if (slot.moveNum === 0) return machineState === 'setup' ? 'open' : 'superseded'
    if (isRoundOver(oracle, game, slot) || machineState !== 'playing') return 'superseded'
    return oracle.moveCount >= slot.moveNum ? 'superseded' : 'open'
  })
}

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

function eventFor(
  game: Game,
  name: GameEvent['name'],
  payload: JsonObject,
  signer: Signer,
  fate: GameEvent['fate'],
): GameEvent {
  const slot = nextSlot(game)
  return {
    gameId: game.gameId,
    machineId: game.machineId,
    name,
    payload: { ...payload, round: slot.round, moveNum: slot.moveNum },
    slot,
    signer,
    sequenceNumber: game.machine.sequenceNumber,
    sinceOrdinal: game.machine.latestUpdateOrdinal,
    fate,
  }
}

/** Has the oracle left the round of this slot? It then obeys another machine or counts another round. */
const isRoundOver = (oracle: Game['oracle'], { machineId }: Game, { round }: Slot): boolean =>
  oracle.machineId !== machineId || oracle.roundCount !== round
