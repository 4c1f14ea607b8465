import type { CreateScript, CreateStateMachine } from '../fiber/messages.ts'
import { machineIdOf, oracleIdOf } from './ids.ts'
import type { Rules } from './rules.ts'

/** The addresses that play, by mark. */
export type PlayerAddresses = { readonly X: { readonly address: string }; readonly O: { readonly address: string } }

/** The message that makes the oracle of a game. Everything in it follows from the rules and the game's id. */
export function oracleMessage({ oracle }: Rules, gameId: string): CreateScript {
  const { scriptProgram, initialState, accessControl } = oracle
  return {
    type: 'CreateScript',
    fiberId: oracleIdOf(gameId),
    vocabulary: 'current',
    scriptProgram,
    initialState: { ...initialState, gameId },
    accessControl,
  }
}

/** The message that makes the machine of a game that begins with `round`. */
export function machineMessage(
  { machine }: Rules,
  { X, O }: PlayerAddresses,
  gameId: string,
  round: number,
): CreateStateMachine {
  const oracleFiberId = oracleIdOf(gameId)
  return {
    type: 'CreateStateMachine',
    fiberId: machineIdOf(gameId, round),
    definition: machine.instantiate(oracleFiberId),
    initialData: { gameId, oracleFiberId, playerX: X.address, playerO: O.address, roundCount: round },
    parentFiberId: null,
  }
}
