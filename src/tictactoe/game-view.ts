import { z } from 'zod'

export const Mark = z.enum(['X', 'O'])
export type Mark = z.output<typeof Mark>

export const Board = z.array(Mark.nullable()).length(9)
export type Board = z.output<typeof Board>

export const Status = z.enum(['NotInitialized', 'InProgress', 'Won', 'Draw', 'Cancelled'])
export type Status = z.output<typeof Status>

export const MachineState = z.enum(['setup', 'playing', 'finished', 'cancelled'])
export type MachineState = z.output<typeof MachineState>

const Address = z.string().describe('A DAG address.')

/** A move as the ledger holds it; hash and ordinal are null where nobody remembers them any more. */
export const PlayedMove = z.object({
  player: Mark,
  cell: z.int().min(0).max(8),
  moveNum: z.int().min(1).max(9),
  signer: Address,
  hash: z.string().nullable().describe("The hash of the move's signed message."),
  ordinal: z.int().nullable().describe('The snapshot that holds the move.'),
})
export type PlayedMove = z.output<typeof PlayedMove>

/** A game as every tool shows it: what the ledger says, read back, never what was hoped for. */
export const GameView = z.object({
  gameId: z.string().describe('Names the game at every tool; stays the same over all rounds.'),
  machineId: z.string().describe("The state machine of this round. A new one begins after 'finished'."),
  oracleId: z.string().describe('The script that knows the rules; stays the same over all rounds.'),
  machineState: MachineState,
  status: Status.describe("The oracle's word for how the round stands."),
  board: Board.describe('Cells 0 to 8, row by row from the top left.'),
  turn: Mark.nullable().describe('Who moves next; null unless the round is in progress.'),
  winner: Mark.nullable(),
  moveCount: z.int().min(0).max(9),
  roundCount: z.int().min(0).describe('0 in the first round.'),
  playerX: Address,
  playerO: Address,
  moveHistory: z.array(PlayedMove),
  boardText: z.string().describe('The board for reading aloud; free cells show their number.'),
  ordinal: z.int().describe('The snapshot that last touched the game.'),
  hash: z.string().nullable().describe("The hash of this call's own message; null when nothing was sent."),
})
export type GameView = z.output<typeof GameView>

/** A game as the ledger holds it after the call. `replayed`: the thing had been done before, and was not done again. */
export type Played = { readonly view: GameView; readonly replayed: boolean }

/**
 * The board as three lines of text, free cells by number.
 * @example boardText(['X', null, null, null, 'O', null, null, null, null]) // ' X | 1 | 2\n---+---+---\n 3 | O | 5\n---+---+---\n 6 | 7 | 8'
 */
export function boardText(board: Board): string {
  const rows = [0, 3, 6].map((row) => ` ${[0, 1, 2].map((column) => board[row + column] ?? row + column).join(' | ')}`)
  return rows.join('\n---+---+---\n')
}
