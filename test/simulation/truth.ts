import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonObject, member } from '../../src/core/json.ts'
import type { Engine } from '../../src/fiber/engine.ts'
import type { Message } from '../../src/fiber/messages.ts'
import type { Fiber, MachineRecord, ScriptRecord } from '../../src/fiber/records.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import { machineIdOf, oracleIdOf } from '../../src/tictactoe/ids.ts'

/** Something that the ledger did, once and for all. */
export type Applied = { readonly atMs: number; readonly gameId: string; readonly message: Message }

/** A state that a game was in. `rank` grows with every event of the game. */
export type TrueState = { readonly rank: number; readonly text: string }

/** Everything that really happened on the ledger, seen inside it: bridges and faults cannot bend it. */
export type Truth = {
  /** The rules of the ledger, watched. */
  readonly engine: Engine
  readonly applied: readonly Applied[]
  /** Was a message with this content applied? */
  isApplied(message: Message): boolean
  /** The states of a game, oldest first. */
  statesOf(gameId: string): readonly TrueState[]
  gameOf(fiberId: string): string | undefined
  games(): readonly string[]
}

export function watchTruth(engine: Engine, nowMs: () => number): Truth {
  const applied: Applied[] = []
  const names = new Set<string>()
  const gameIds = new Map<string, string>()
  const fibers = new Map<string, Fiber>()
  const states = new Map<string, TrueState[]>()

  const note = (message: Message, changed: readonly Fiber[]): void => {
    const gameId = gameIds.get(message.fiberId) ?? gameIdIn(message)
    if (gameId === undefined) return
    gameIds.set(message.fiberId, gameId)
    for (const fiber of changed) fibers.set(fiber.fiberId, fiber)
    applied.push({ atMs: nowMs(), gameId, message })
    names.add(nameOf(message))
    const state = stateOf(gameId, fibers)
    if (state !== undefined) states.set(gameId, [...(states.get(gameId) ?? []), state])
  }

  return {
    engine: {
      ...engine,
      apply(lookup, message, proofs, snapshot) {
        const outcome = engine.apply(lookup, message, proofs, snapshot)
        if (outcome.outcome === 'committed') note(message, outcome.changed)
        return outcome
      },
    },
    applied,
    isApplied: (message) => names.has(nameOf(message)),
    statesOf: (gameId) => states.get(gameId) ?? [],
    gameOf: (fiberId) => gameIds.get(fiberId),
    games: () => [...new Set(applied.map(({ gameId }) => gameId))],
  }
}

/** The place and the content of a message: no two that were applied have one name. */
export function nameOf(message: Message): string {
  if (message.type !== 'TransitionStateMachine') return `${message.type} ${message.fiberId}`
  return `${message.eventName} ${message.fiberId} ${canonicalize(message.payload)}`
}

function gameIdIn(message: Message): string | undefined {
  if (message.type === 'CreateScript') return textIn(message.initialState, 'gameId')
  if (message.type === 'CreateStateMachine') return textIn(message.initialData, 'gameId')
  return undefined
}

function textIn(value: JsonValue, name: string): string | undefined {
  const found = isJsonObject(value) ? member(value, name) : undefined
  return typeof found === 'string' ? found : undefined
}

function stateOf(gameId: string, fibers: ReadonlyMap<string, Fiber>): TrueState | undefined {
  const script = fibers.get(oracleIdOf(gameId))
  if (script?.kind !== 'script') return undefined
  const oracle = objectOf(script)
  const machineId = oracle['machineId'] ?? machineIdOf(gameId, 0)
  const machine = fibers.get(String(machineId))
  if (machine?.kind !== 'machine') return undefined
  const { roundCount } = objectOf(machine)
  const state = {
    machineState: machine.currentState,
    roundCount,
    moveCount: oracle['moveCount'],
    board: oracle['board'],
  }
  return { rank: rankOf(state), text: stateText(state) }
}

const objectOf = ({ stateData }: MachineRecord | ScriptRecord): JsonObject => (isJsonObject(stateData) ? stateData : {})

/** What is compared of a state: the same in a record and in an answer. */
export const stateText = ({ machineState, roundCount, moveCount, board }: Record<string, unknown>): string =>
  JSON.stringify([machineState, roundCount, moveCount, board])

/** Rounds follow one another; in each come the setup, the moves in order, and the end. */
export function rankOf({ machineState, roundCount, moveCount }: Record<string, unknown>): number {
  const within = machineState === 'setup' ? 0 : machineState === 'playing' ? 1 + Number(moveCount) : 50
  return Number(roundCount) * 100 + within
}
