import { z } from 'zod'
import type { JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { MachineView, ScriptView } from '../dialect/dialect.ts'
import { GameNotFoundError } from './errors.ts'
import { Board, MachineState, Mark, Status } from './game-view.ts'

const Move = z.object({ player: Mark, cell: z.int(), moveNum: z.int() })

/** What the oracle's stored state must hold. @see oracle/tictactoe.json */
export const OracleState = z.object({
  gameId: z.string(),
  status: Status,
  board: Board,
  currentTurn: Mark,
  moveCount: z.int(),
  moveHistory: z.array(Move),
  roundCount: z.int().optional(),
  machineId: z.string().optional(),
  winner: Mark.nullish(),
})

/** What the machine's stored data must hold. @see statemachine/tictactoe.json */
const MachineData = z.object({
  gameId: z.string(),
  oracleFiberId: z.string(),
  playerX: z.string(),
  playerO: z.string(),
  roundCount: z.int(),
  lastMove: z.object({ moveNum: z.int().optional() }).optional(),
  cancelledBy: z.string().nullish(),
})

/** One game as two records of the ledger tell it, read at nearly the same moment. */
export type Game = {
  readonly gameId: string
  readonly oracleId: string
  readonly machineId: string
  readonly machineState: MachineState
  readonly data: z.output<typeof MachineData>
  readonly oracle: z.output<typeof OracleState>
  readonly machine: MachineView
  readonly script: ScriptView
}

/** The id of the game that a machine or a script of ours belongs to, undefined when it is none of ours. */
export const gameIdIn = (stateData: JsonValue | undefined): string | undefined => textIn(stateData, 'gameId')

/** The machine that the oracle obeys now; undefined before the first start. */
export const machineIdIn = ({ stateData }: ScriptView): string | undefined => textIn(stateData, 'machineId')

function textIn(stateData: JsonValue | undefined, name: string): string | undefined {
  const text = isJsonObject(stateData) ? member(stateData, name) : undefined
  return typeof text === 'string' ? text : undefined
}

/** @throws GameNotFoundError when the records at these ids are not those of a game of ours */
export function parseGame(gameId: string, machine: MachineView, script: ScriptView): Game {
  const data = MachineData.safeParse(machine.stateData)
  const oracle = OracleState.safeParse(script.stateData)
  const machineState = MachineState.safeParse(machine.currentState)
  if (!data.success || !oracle.success || !machineState.success) throw new GameNotFoundError(gameId)
  return {
    gameId,
    oracleId: script.fiberId,
    machineId: machine.fiberId,
    machineState: machineState.data,
    data: data.data,
    oracle: oracle.data,
    machine,
    script,
  }
}

/** The machine states in which each word of the oracle can stand when both are read from one snapshot. */
const statesByStatus: { readonly [status in Status]: readonly MachineState[] } = {
  NotInitialized: ['setup', 'cancelled'],
  InProgress: ['playing'],
  Won: ['finished'],
  Draw: ['finished'],
  Cancelled: ['cancelled'],
}

/**
 * Do the two records come from one snapshot? They are read one after the other, so a move may fall between.
 * A script that somebody else invoked directly never agrees again: such a game is shown as it stands.
 */
export function isConsistent({ machineState, data, oracle, machineId }: Game): boolean {
  if (!statesByStatus[oracle.status].includes(machineState)) return false
  if (oracle.status === 'NotInitialized') return true
  return (
    oracle.machineId === machineId &&
    oracle.roundCount === data.roundCount &&
    oracle.moveCount === (data.lastMove?.moveNum ?? 0)
  )
}

/** The place the next event of a game is meant for: at most one event takes it, and it never comes back. */
export type Slot = { readonly round: number; readonly moveNum: number }

/** @see statemachine/tictactoe.json: events out of `setup` carry moveNum 0, those out of `playing` the next move's. */
export const nextSlot = ({ machineState, data, oracle }: Game): Slot => ({
  round: data.roundCount,
  moveNum: machineState === 'setup' ? 0 : oracle.moveCount + 1,
})

/** The address that a mark stands for. */
export const addressOf = ({ data }: Game, mark: Mark): string => (mark === 'X' ? data.playerX : data.playerO)
