import { readFileSync } from 'node:fs'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonObject } from '../../src/core/json.ts'
import type { Dialect } from '../../src/dialect/dialect.ts'
import type { Engine } from '../../src/fiber/engine.ts'
import type { EngineProof } from '../../src/fiber/lookup.ts'
import type { Message } from '../../src/fiber/messages.ts'
import type { Fiber } from '../../src/fiber/records.ts'
import { addressFromId } from '../../src/signing/address.ts'
import { parseOracleFile, parseStateMachineFile } from '../../src/tictactoe/rules-file.ts'

const readRules = (path: string): JsonValue =>
  JSON.parse(readFileSync(new URL(`../../${path}/tictactoe.json`, import.meta.url), 'utf8'))

export const oracleFile = readRules('oracle')
export const machineFile = readRules('statemachine')
export const oracle = parseOracleFile(oracleFile)
export const machine = parseStateMachineFile(machineFile)

export const oracleId = '159a616b-2b5b-47b4-847e-cba303fecac3'
export const machineId = '4cb69947-9308-4e1d-88de-0b17dd984bf0'
export const gameId = 'g-1'

export type Mark = 'X' | 'O'

const proofOf = (digit: string): EngineProof => {
  const id = digit.repeat(128)
  return { id, signature: '30', address: addressFromId(id) }
}
export const proofs = { X: proofOf('a'), O: proofOf('b') }
const players = { playerX: proofs.X.address, playerO: proofs.O.address }

export const createScript: Message = {
  type: 'CreateScript',
  fiberId: oracleId,
  vocabulary: 'current',
  ...oracle,
  initialState: { ...oracle.initialState, gameId },
}

export const createMachine: Message = {
  type: 'CreateStateMachine',
  fiberId: machineId,
  definition: machine.instantiate(oracleId),
  initialData: { gameId, oracleFiberId: oracleId, ...players, roundCount: 0 },
  parentFiberId: null,
}

export const eventOf = (eventName: string, payload: JsonObject): Message => ({
  type: 'TransitionStateMachine',
  fiberId: machineId,
  eventName,
  payload,
  targetSequenceNumber: null,
  idempotencyKey: null,
})

export const snapshotAt = (ordinal: number) => ({ ordinal, lastSnapshotHash: '0'.repeat(64), epochProgress: 0 })

/** Both fibers of a game; a move makes a new one. */
export type Table = ReadonlyMap<string, Fiber>

/** A game that has just begun; definition and script as they are decoded from the wire of a dialect. */
export function begin(engine: Engine, dialect: Dialect): Table {
  const table = new Map<string, Fiber>()
  const start = eventOf('start_game', { ...players, gameId, round: 0, moveNum: 0 })
  const created = [createScript, createMachine].map((message) => dialect.decode(dialect.encode(message)))
  for (const message of [...created, start]) {
    const outcome = engine.apply(table, message, [proofs.X, proofs.O], snapshotAt(1))
    if (outcome.outcome !== 'committed') throw new Error(JSON.stringify(outcome))
    for (const fiber of outcome.changed) table.set(fiber.fiberId, fiber)
  }
  return table
}

/** One move signed by a player; the table after it, undefined when the ledger did not commit it. */
export function play(engine: Engine, table: Table, payload: JsonObject, by: Mark): Table | undefined {
  const outcome = engine.apply(table, eventOf('make_move', payload), [proofs[by]], snapshotAt(2))
  if (outcome.outcome !== 'committed') return undefined
  const next = new Map(table)
  for (const fiber of outcome.changed) next.set(fiber.fiberId, fiber)
  return next
}

/** The oracle's stored state. */
export function oracleState(table: Table): JsonObject {
  const state = table.get(oracleId)?.stateData ?? null
  return isJsonObject(state) ? state : {}
}
