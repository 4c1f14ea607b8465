import type { Game } from './game.ts'
import { addressOf } from './game.ts'
import type { GameView, Mark, PlayedMove, Status } from './game-view.ts'
import { boardText } from './game-view.ts'

/** Where a move is on the ledger, as far as anybody still knows. */
export type MoveTrace = { readonly hash: string; readonly ordinal: number }

/** The trace of one move, by its place. */
export type FindTrace = (machineId: string, round: number, moveNum: number) => MoveTrace | undefined

/** The one shape that every tool answers with. `hash` is that of the call's own message. */
export function toView(game: Game, findTrace: FindTrace, hash: string | null = null): GameView {
  const { gameId, machineId, oracleId, machineState, oracle, data } = game
  const status = statusOf(game)
  return {
    gameId,
    machineId,
    oracleId,
    machineState,
    status,
    board: oracle.board,
    turn: status === 'InProgress' ? oracle.currentTurn : null,
    winner: oracle.winner ?? null,
    moveCount: oracle.moveCount,
    roundCount: data.roundCount,
    playerX: data.playerX,
    playerO: data.playerO,
    moveHistory: oracle.moveHistory.map((move) => toPlayedMove(game, move, findTrace)),
    boardText: boardText(oracle.board),
    ordinal: Math.max(game.machine.latestUpdateOrdinal, game.script.latestUpdateOrdinal),
    hash,
  }
}

/** The oracle's word; a machine cancelled before its start never told the oracle. */
const statusOf = ({ machineState, oracle }: Game): Status =>
  machineState === 'cancelled' ? 'Cancelled' : oracle.status

function toPlayedMove(game: Game, move: { player: Mark; cell: number; moveNum: number }, find: FindTrace): PlayedMove {
  const trace = find(game.machineId, game.data.roundCount, move.moveNum)
  // The guard of make_move lets a move in only under a proof of the player it names: the signer follows.
  const signer = addressOf(game, move.player)
  return { ...move, signer, hash: trace?.hash ?? null, ordinal: trace?.ordinal ?? null }
}
