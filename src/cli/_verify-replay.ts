import type { HeldSnapshot } from '../chain/snapshots.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { createEngine } from '../fiber/engine.ts'
import type { Fiber } from '../fiber/records.ts'
import { evaluate } from '../jlvm/evaluate.ts'
import { fromJson, toJson } from '../jlvm/value.ts'
import { addressFromId } from '../signing/address.ts'
import { canonicalize } from '../signing/canonical.ts'
import type { Game } from '../tictactoe/game.ts'
import { OracleState } from '../tictactoe/game.ts'
import type { Rules } from '../tictactoe/rules.ts'
import type { CheckedMessage } from './_verify-message.ts'

/** What running the messages again gave. */
export type Replay = {
  readonly fibers: ReadonlyMap<string, Fiber>
  /** What the rules say of each message: undefined where they took it, else in words. */
  readonly verdicts: ReadonlyMap<CheckedMessage, string>
}

/**
 * Runs every message of a game again, from nothing, by the engine of the embedded ledger. A message that failed on the
 * ledger fails here too: that is no fault.
 * @param snapshots those that hold the messages
 */
export function replayMessages(messages: readonly CheckedMessage[], snapshots: readonly HeldSnapshot[]): Replay {
  const engine = createEngine()
  const fibers = new Map<string, Fiber>()
  const verdicts = new Map<CheckedMessage, string>()
  const byOrdinal = new Map(snapshots.map((snapshot) => [snapshot.ordinal, snapshot]))
  for (const checked of messages) {
    const { message, held } = checked
    const { lastSnapshotHash = '', epochProgress = 0 } = byOrdinal.get(held.ordinal) ?? {}
    const context = { ordinal: held.ordinal, lastSnapshotHash, epochProgress }
    const proofs = held.proofs.flatMap((proof) => withAddress(proof))
    const outcome = engine.apply(fibers, message, proofs, context)
    if (outcome.outcome === 'rejected')
      verdicts.set(checked, `refused by the rules: ${outcome.problems.map((problem) => problem.message).join(' ')}`)
    else for (const fiber of outcome.changed) fibers.set(fiber.fiberId, fiber)
    if (outcome.outcome === 'aborted') verdicts.set(checked, `changed nothing: ${outcome.message}`)
  }
  return { fibers, verdicts }
}

function withAddress(proof: { readonly id: string; readonly signature: string }) {
  try {
    return [{ ...proof, address: addressFromId(proof.id) }]
  } catch {
    return [] // told as a signature that does not fit
  }
}

/** Where a record of the ledger and what the messages give say different things, in words. */
export function differences(fiber: Fiber, record: JsonObject, dialect: Dialect): readonly string[] {
  const expected = dialect.encodeFiber(fiber)
  const names = ['currentState', 'stateData', 'sequenceNumber', 'invocationCount', 'owners', 'status', ...ordinals]
  return names.flatMap((name) => {
    const [given, found] = [member(record, name), member(expected, name)]
    if (found === undefined || (given !== undefined && canonicalize(given) === canonicalize(found))) return []
    return [`${name} is ${brief(given)}, the messages give ${brief(found)}`]
  })
}

const ordinals = ['creationOrdinal', 'latestUpdateOrdinal']

const brief = (value: JsonValue | undefined): string => {
  const text = value === undefined ? 'absent' : canonicalize(value)
  return text.length > 120 ? `${text.slice(0, 117)}…` : text
}

/**
 * Plays the moves that the oracle's record lists again by this package's own rules: do they give the board that stands
 * there? Needs no message, so it can be done where the ledger holds none any more.
 */
export function replayBoard({ gameId, oracle, data, machineId }: Game, rules: Rules): readonly string[] {
  if (oracle.status === 'NotInitialized') return []
  const { playerX, playerO, roundCount } = data
  const begun = { playerX, playerO, gameId, roundCount, machineId }
  let state = run(rules, 'initialize', begun, { ...rules.oracle.initialState, gameId }) ?? {}
  for (const { player, cell, moveNum } of oracle.moveHistory) {
    const next = run(rules, 'makeMove', { player, cell }, state)
    if (next === undefined) return [`move ${moveNum}, ${player} ${cell}, is against the rules`]
    state = next
  }
  const played = OracleState.safeParse(state).data
  if (played === undefined) return ['the rules gave no board']
  const isOver = oracle.status === 'Cancelled'
  const pairs = [
    ['board', oracle.board, played.board],
    ['moveCount', oracle.moveCount, played.moveCount],
    ['moveHistory', oracle.moveHistory, played.moveHistory],
    ...(isOver ? [] : [['status', oracle.status, played.status] as const]),
    ...(isOver ? [] : [['winner', oracle.winner ?? null, played.winner ?? null] as const]),
    ...(isOver ? [] : [['currentTurn', oracle.currentTurn, played.currentTurn] as const]),
  ] as const
  return pairs.flatMap(([name, given, found]) =>
    canonicalize(given) === canonicalize(found) ? [] : [`${name} is ${brief(given)}, the moves give ${brief(found)}`],
  )
}

/** The state after a method of the oracle; undefined where it refuses. */
function run({ oracle }: Rules, method: string, args: JsonObject, state: JsonObject): JsonObject | undefined {
  const result = toJson(evaluate(oracle.program, fromJson({ method, args, state })).value)
  const next = isJsonObject(result) ? member(result, '_state') : undefined
  return isJsonObject(next) ? next : undefined
}
