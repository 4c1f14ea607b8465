import { z } from 'zod'
import { createHttpTransport } from '../chain/http-transport.ts'
import type { NodeAnswer } from '../chain/transport.ts'
import { BaseError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Dialect, MachineView, ScriptView } from '../dialect/dialect.ts'
import { RecordUnreadableError } from '../dialect/errors.ts'
import { systemClock } from '../system.ts'
import { GameNotFoundError } from '../tictactoe/errors.ts'
import type { Game } from '../tictactoe/game.ts'
import { gameIdIn, machineIdIn, parseGame } from '../tictactoe/game.ts'
import { machineIdOf } from '../tictactoe/ids.ts'

/** A metagraph L0 that answers, but not with its state. */
class LedgerStateError extends BaseError {
  override readonly code = 'LEDGER_STATE'
  override readonly kind = 'unavailable'
  constructor(fact: string, cause?: unknown) {
    super(fact, { cause, hint: 'otto doctor says what answers at each address.' })
  }
}

/** What a metagraph L0 holds. */
export type LedgerState = {
  readonly dialect: string
  readonly ordinal: number
  readonly machines: number
  readonly oracles: number
  /** The games among them, the one that changed last at the end. */
  readonly games: readonly Game[]
}

export type LedgerToRead = {
  /** Base URLs of metagraph L0 nodes: the first that answers is asked. */
  readonly addresses: readonly string[]
  readonly dialect: Dialect
  readonly signal: AbortSignal
}

const readTimeoutMs = 60_000
const maxStateBytes = 512 * 1024 * 1024 // every record carries its definition

/** @throws LedgerStateError, NodeAddressInvalidError */
export async function readLedger({ addresses, dialect, signal }: LedgerToRead): Promise<LedgerState> {
  // Only the L0 is asked; a transport wants both.
  const transport = createHttpTransport({
    l1: addresses,
    l0: addresses,
    clock: systemClock,
    maxAnswerBytes: maxStateBytes,
  })
  const request = {
    layer: 'l0',
    method: 'GET',
    path: `${dialect.prefix}/checkpoint`,
    signal: AbortSignal.any([signal, AbortSignal.timeout(readTimeoutMs)]),
  } as const
  try {
    const answer = await transport.request(request).catch((cause: unknown) => {
      signal.throwIfAborted()
      throw new LedgerStateError(`No metagraph L0 answers at ${addresses.join(', ')}.`, cause)
    })
    return toState(answer, dialect)
  } finally {
    await transport.close()
  }
}

// The cast holds: it comes out of parsed JSON.
const Records = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue))
/** @see Constellation metagraph L0, custom routes: the whole calculated state under its ordinal */
const Checkpoint = z.object({ ordinal: z.int(), state: Records })

function toState({ status, json }: NodeAnswer, dialect: Dialect): LedgerState {
  const checkpoint = Checkpoint.safeParse(status === 200 ? json : undefined).data
  if (checkpoint === undefined)
    throw new LedgerStateError(
      `${dialect.prefix}/checkpoint answers ${status}: no metagraph L0 of the dialect ${dialect.name}.`,
    )
  const { ordinal, state } = checkpoint
  const machines = recordsIn(state, 'stateMachines')
  const scripts = recordsIn(state, dialect.name === 'workchain' ? 'scriptOracles' : 'scripts')
  const games = gamesOf(readAll(machines, dialect.readMachine), readAll(scripts, dialect.readScript))
  return { dialect: dialect.name, ordinal, machines: machines.length, oracles: scripts.length, games }
}

/** What can be read: a stranger's odd record must not hide the others. */
const readAll = <View>(records: readonly JsonValue[], read: (record: JsonValue) => View): readonly View[] =>
  records.flatMap((record) => {
    try {
      return [read(record)]
    } catch (error) {
      if (error instanceof RecordUnreadableError) return []
      throw error
    }
  })

function recordsIn(state: JsonObject, name: string): readonly JsonValue[] {
  const records = member(state, name)
  return isJsonObject(records) ? Object.values(records) : []
}

/** A game is an oracle of ours and the machine that it obeys, as the service reads it. */
function gamesOf(machines: readonly MachineView[], scripts: readonly ScriptView[]): readonly Game[] {
  const byId = new Map(machines.map((machine) => [machine.fiberId, machine]))
  const games = scripts.flatMap((script) => {
    const gameId = gameIdIn(script.stateData)
    const machine = gameId === undefined ? undefined : byId.get(machineIdIn(script) ?? machineIdOf(gameId, 0))
    return gameId === undefined || machine === undefined ? [] : gameIn(gameId, machine, script)
  })
  return games.toSorted((one, other) => updatedAt(one) - updatedAt(other))
}

/** Fibers of others may look like a game's; they are not listed. */
function gameIn(gameId: string, machine: MachineView, script: ScriptView): Game[] {
  try {
    return [parseGame(gameId, machine, script)]
  } catch (error) {
    if (error instanceof GameNotFoundError) return []
    throw error
  }
}

const updatedAt = ({ machine, script }: Game): number =>
  Math.max(machine.latestUpdateOrdinal, script.latestUpdateOrdinal)

/** The lines that a person reads: the counts, then one line for each game. */
export function describeLedger({ dialect, ordinal, machines, oracles, games }: LedgerState): readonly string[] {
  const counts = `ordinal ${ordinal}, ${machines} machines, ${oracles} oracles, ${games.length} games (${dialect})`
  if (games.length === 0) return [counts]
  const rows = games.map((game) => [
    game.gameId,
    game.machineState,
    game.oracle.status,
    `round ${game.data.roundCount + 1}`,
    `${game.oracle.moveCount} moves`,
    game.oracle.board.map((mark) => mark ?? '.').join(''),
    `ordinal ${updatedAt(game)}`,
  ])
  const widths = rows.reduce<number[]>((wide, row) => row.map((cell, at) => Math.max(cell.length, wide[at] ?? 0)), [])
  return [
    counts,
    '',
    ...rows.map((row) =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
  ]
}
