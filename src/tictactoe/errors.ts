import { z } from 'zod'
import { BaseError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { Board, GameView, Mark } from './game-view.ts'

/** Why a move is not played. The first three are the oracle's own words. @see oracle/tictactoe.json */
export type MoveRefusal = 'cell_occupied' | 'wrong_turn' | 'out_of_bounds' | 'already_applied' | 'superseded'

const facts: { readonly [reason in MoveRefusal]: string } = {
  cell_occupied: 'That cell already holds a mark.',
  wrong_turn: 'It is not that player’s turn.',
  out_of_bounds: 'There is no such cell.',
  already_applied: 'That very move has already been played.',
  superseded: 'Another event took this place in the game.',
}

/** What a model needs for its next try: the board as it stands, and whose turn it is. */
type Position = Pick<GameView, 'gameId' | 'board' | 'boardText' | 'turn' | 'status' | 'machineState' | 'roundCount'>

/** The rules, or an event that came first, refuse the move; the game is as it was. */
export class InvalidMoveError extends BaseError {
  override readonly code = 'INVALID_MOVE'
  override readonly kind = 'conflict'
  constructor(reason: MoveRefusal, view: Position, asked: { player?: Mark; cell?: number } = {}) {
    super(facts[reason], { details: { reason, ...positionOf(view), ...asked }, hint: moveHint(view) })
  }
}

/** Why an event does not fit the state of the game. */
export type StateRefusal = 'not_started' | 'already_started' | 'finished' | 'cancelled'

const stateTexts: { readonly [reason in StateRefusal]: { readonly fact: string; readonly hint: string } } = {
  not_started: { fact: 'The game has not started.', hint: 'Call ttt_start_game first.' },
  already_started: {
    fact: 'The game has already started.',
    hint: 'Play with ttt_make_move, or read it with ttt_get_state.',
  },
  finished: { fact: 'The round is over.', hint: 'Call ttt_reset_board for the next round.' },
  cancelled: { fact: 'The game was cancelled.', hint: 'Call ttt_create_game for a new one.' },
}

/** The game is in a state in which this cannot be done. */
export class GameStateError extends BaseError {
  override readonly code = 'STATE_ERROR'
  override readonly kind = 'conflict'
  constructor(reason: StateRefusal, view: Position) {
    const { fact, hint } = stateTexts[reason]
    super(fact, { details: { reason, ...positionOf(view) }, hint })
  }
}

/** No game of this service has that id. */
export class GameNotFoundError extends BaseError {
  override readonly code = 'GAME_NOT_FOUND'
  override readonly kind = 'not_found'
  constructor(id: string) {
    super('There is no game with this id.', {
      details: { gameId: id },
      hint: 'Create a game with ttt_create_game and use the gameId it returns.',
    })
  }
}

/** Too many calls wait for this game, or an earlier event's fate is not known yet. */
export class GameBusyError extends BaseError {
  override readonly code = 'GAME_BUSY'
  override readonly kind = 'conflict'
  constructor(gameId: string, fact: string) {
    super(fact, { details: { gameId }, hint: 'Wait a moment, then read the board with ttt_get_state.' })
  }
}

/** Time ran out, or the caller hung up, before anything was sent or while reading. */
export class DeadlineExceededError extends BaseError {
  override readonly code = 'DEADLINE_EXCEEDED'
  override readonly kind = 'timeout'
  constructor(cause?: unknown) {
    super('Time ran out before anything was sent.', { cause, hint: 'Nothing was played. Try again.' })
  }
}

/** Causes that say more than that the ledger cannot be reached. */
const tellingCodes: readonly string[] = ['CIRCUIT_OPEN', 'STORAGE_UNAVAILABLE']

/** Nothing was received by the ledger. Where the cause says why, this has its code and its words. */
export class NotSubmittedError extends BaseError {
  override readonly code: Uppercase<string>
  override readonly kind = 'unavailable'
  constructor(cause: unknown) {
    const told = cause instanceof BaseError && tellingCodes.includes(cause.code) ? cause : undefined
    const hint = 'Nothing was played. Try again shortly.'
    super(told?.message ?? 'The ledger cannot be reached.', { cause, hint, details: told?.details ?? {} })
    this.code = told?.code ?? 'LEDGER_UNREACHABLE'
  }
}

/** What was found before about the same request, told again. */
export class EarlierRefusalError extends BaseError {
  override readonly code: Uppercase<string>
  override readonly kind = 'conflict'
  constructor({ code, message, hint, details }: EarlierRefusal) {
    super(message, { details, ...(hint === null ? {} : { hint }) })
    this.code = code as Uppercase<string> // it was one of ours when it was stored
  }
}

/** A refusal as the log of intents keeps it. */
export const EarlierRefusal = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
  // The cast holds: it comes out of JSON.
  details: z.custom<JsonObject>((value) => isJsonObject(value as JsonValue)),
})
export type EarlierRefusal = z.output<typeof EarlierRefusal>

/** Sent, and nobody can say yet what became of it. */
export class OutcomeUnknownError extends BaseError {
  override readonly code = 'OUTCOME_UNKNOWN'
  override readonly kind = 'timeout'
  constructor(details: JsonObject, cause?: unknown) {
    super('The message was sent, but its fate is not known yet.', {
      cause,
      details,
      hint: 'It may have been played: send the same request again, or read the board. Play nothing else.',
    })
  }
}

/** The L1 took it; the L0 does not show it yet. */
export class ConfirmationPendingError extends BaseError {
  override readonly code = 'CONFIRMATION_PENDING'
  override readonly kind = 'timeout'
  constructor(details: JsonObject) {
    super('The message was accepted and is not visible yet.', {
      details,
      hint: 'Read the board with ttt_get_state in a few seconds.',
    })
  }
}

/** The script or the machine failed to run: a fault of the definitions, not of the move. */
export class OracleFailedError extends BaseError {
  override readonly code = 'ORACLE_ERROR'
  override readonly kind = 'internal'
  constructor(reason: string, details: JsonObject = {}) {
    super('The rules on the ledger could not be evaluated.', {
      details: { ...details, reason: reason.slice(0, 200) },
      hint: 'Tell the user; do not repeat the call.',
    })
  }
}

/** The ledger refused the message as such, before any rule of the game was asked. */
export class LedgerRefusedError extends BaseError {
  override readonly code = 'LEDGER_REFUSED'
  override readonly kind = 'internal'
  constructor(reason: string) {
    super('The ledger refused the message.', {
      details: { reason: reason.slice(0, 200) },
      hint: 'An operator must look; do not repeat the call.',
    })
  }
}

/** The wallets of this service are not the players of this game. */
export class WalletMismatchError extends BaseError {
  override readonly code = 'WALLET_ERROR'
  override readonly kind = 'forbidden'
  constructor(details: JsonObject) {
    super('This service does not hold the wallet that the event must be signed with.', {
      details: { reason: 'address_mismatch', ...details },
      hint: 'An operator must look: the game belongs to other wallets.',
    })
  }
}

const positionOf = ({ gameId, board, boardText, turn, status, machineState, roundCount }: Position): JsonObject => ({
  gameId,
  board,
  boardText,
  turn,
  status,
  machineState,
  roundCount,
})

const freeCells = (board: Board): number[] => board.flatMap((mark, cell) => (mark === null ? [cell] : []))

function moveHint({ turn, board, status }: Position): string {
  if (turn === null) return `The round is ${status}. Read the board with ttt_get_state.`
  return `It is ${turn}'s turn; free cells: ${freeCells(board).join(', ')}.`
}
