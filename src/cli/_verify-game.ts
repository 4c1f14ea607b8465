import type { HeldMessage, HeldSnapshot, WholeSnapshot } from '../chain/snapshots.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { RecordUnreadableError } from '../dialect/errors.ts'
import { canonicalize, dropNulls } from '../signing/canonical.ts'
import { plainHash } from '../signing/digest.ts'
import { createVerifier } from '../signing/verify.ts'
import { GameNotFoundError } from '../tictactoe/errors.ts'
import type { Game } from '../tictactoe/game.ts'
import { gameIdIn, machineIdIn, parseGame } from '../tictactoe/game.ts'
import { machineIdOf, oracleIdOf } from '../tictactoe/ids.ts'
import type { Rules } from '../tictactoe/rules.ts'
import type { LedgerReader } from './_verify-ledger.ts'
import type { CheckedMessage } from './_verify-message.ts'
import { checkMessage } from './_verify-message.ts'
import { differences, replayBoard, replayMessages } from './_verify-replay.ts'

/** One thing that was looked at, and what is wrong with it; without a fault it is as it must be. */
export type Looked = { readonly what: string; readonly faults: readonly string[] }

/** What looking at a game gave. */
export type GameReport = {
  readonly game: Game
  readonly ordinal: number
  readonly records: readonly Looked[]
  readonly messages: readonly Looked[]
  /** What cannot be verified since the ledger does not show it any more, in words. */
  readonly gone: readonly string[]
  readonly hashes: readonly string[]
}

export type VerifyDeps = { readonly reader: LedgerReader; readonly dialect: Dialect; readonly rules: Rules }

/** A new machine begins after each round that ended; nobody plays that many. */
const maxRounds = 10_000

/**
 * Reads a game's records and every message of it that the ledger still shows, and checks all of it.
 * @throws GameNotFoundError, LedgerAnswerError
 */
export async function verifyGame(gameId: string, deps: VerifyDeps): Promise<GameReport> {
  const { reader, dialect } = deps
  const { ordinal, state } = await reader.readState()
  const found = findGame(gameId, state, dialect)
  const { game } = found
  const snapshots = await reader.readSnapshots(ordinal, game.script.creationOrdinal)
  const ids = idsOf(game)
  const held = snapshots.flatMap(({ messages }) => messages)
  const checked = await checkAll(held, ids, game, dialect)
  const isWhole = reachesBack(snapshots, game, checked)
  const replay = isWhole ? replayMessages(checked, snapshots) : undefined
  const messages = checked.map((one) => toLooked(one, replay?.verdicts.get(one)))
  const events = await eventFaults(game, checked, snapshots, reader)
  const replayed = [game.oracleId, ...ids.machines].flatMap((id) => {
    const record = recordOf(state, id, dialect)
    const fiber = replay?.fibers.get(id)
    if (replay === undefined || (fiber === undefined && record === undefined)) return []
    const faults =
      fiber === undefined || record === undefined
        ? [fiber === undefined ? 'no message made it' : 'the ledger does not hold it, its messages made it']
        : differences(fiber, record, dialect)
    return [{ what: `${nameIn(game, id)} is what its messages give`, faults }]
  })
  return {
    game,
    ordinal,
    records: [...recordChecks(found, snapshots, deps), ...replayed],
    messages: [...messages, ...unreadable(held, ids), ...missing(game, checked, isWhole), ...events],
    gone: isWhole ? [] : goneOf(game, checked, snapshots),
    hashes: checked.map(({ hash }) => hash),
  }
}

type Found = { readonly game: Game; readonly oracle: JsonObject; readonly machine: JsonObject }

function recordOf(state: JsonObject, id: string, dialect: Dialect): JsonObject | undefined {
  const record = dialect.findFiber(state, 'script', id) ?? dialect.findFiber(state, 'machine', id)
  return isJsonObject(record) ? record : undefined
}

/** @throws GameNotFoundError */
function findGame(id: string, state: JsonObject, dialect: Dialect): Found {
  const direct = recordOf(state, oracleIdOf(id), dialect)
  const gameId = direct === undefined ? gameIdIn(recordOf(state, id, dialect)?.['stateData']) : id
  const oracle = gameId === undefined ? undefined : (direct ?? recordOf(state, oracleIdOf(gameId), dialect))
  if (gameId === undefined || oracle === undefined) throw new GameNotFoundError(id)
  try {
    const script = dialect.readScript(oracle)
    const machine = recordOf(state, machineIdIn(script) ?? machineIdOf(gameId, 0), dialect)
    if (machine === undefined) throw new GameNotFoundError(id)
    return { game: parseGame(gameId, dialect.readMachine(machine), script), oracle, machine }
  } catch (error) {
    if (error instanceof RecordUnreadableError) throw new GameNotFoundError(id)
    throw error
  }
}

/** The ids of everything that belongs to a game; they follow from its own. */
type Ids = { readonly all: ReadonlySet<string>; readonly machines: readonly string[] }

function idsOf({ gameId, oracleId, data }: Game): Ids {
  const rounds = Math.min(Math.max(data.roundCount, 0), maxRounds)
  const machines = Array.from({ length: rounds + 1 }, (_, round) => machineIdOf(gameId, round))
  return { all: new Set([oracleId, ...machines]), machines }
}

async function checkAll(held: readonly HeldMessage[], ids: Ids, game: Game, dialect: Dialect) {
  const verifier = createVerifier({ maxKeys: 100 })
  const players = { X: game.data.playerX, O: game.data.playerO }
  const checked: CheckedMessage[] = []
  for (const one of held)
    if (one.message !== undefined && ids.all.has(one.message.fiberId))
      checked.push(await checkMessage(one, one.message, { dialect, verifier, players, gameId: game.gameId }))
  return checked
}

const toLooked = ({ what, hash, signers, held: { ordinal }, faults }: CheckedMessage, verdict?: string): Looked => ({
  what: `ordinal ${ordinal}  ${what}  signed by ${signers.join(' and ') || 'nobody'}  ${hash}${
    verdict?.startsWith('changed') ? `  (${verdict})` : ''
  }`,
  faults: verdict === undefined || verdict.startsWith('changed') ? faults : [...faults, verdict],
})

/** Are the snapshots there from the game's beginning on? */
const reachesBack = (snapshots: readonly HeldSnapshot[], { script }: Game, checked: readonly CheckedMessage[]) =>
  (snapshots[0]?.ordinal ?? Number.POSITIVE_INFINITY) <= script.creationOrdinal ||
  checked.some(({ message }) => message.type === 'CreateScript')

function recordChecks({ game, oracle, machine }: Found, snapshots: readonly WholeSnapshot[], deps: VerifyDeps) {
  const { dialect, rules } = deps
  const commits = snapshots.at(-1)?.commits
  const script = dialect.encode({
    type: 'CreateScript',
    fiberId: game.oracleId,
    vocabulary: 'current',
    scriptProgram: rules.oracle.scriptProgram,
    initialState: null,
    accessControl: rules.oracle.accessControl,
  })
  const definition = dialect.encode({
    type: 'CreateStateMachine',
    fiberId: game.machineId,
    definition: rules.machine.instantiate(game.oracleId),
    initialData: {},
    parentFiberId: null,
  })
  const look = (what: string, ...faults: readonly (readonly string[])[]): Looked => ({ what, faults: faults.flat() })
  return [
    look(
      `oracle ${game.oracleId}`,
      stateFaults(oracle, game.oracleId, commits),
      rulesFaults(oracle, 'scriptProgram', script),
      ownerFaults(game.script.owners, game),
    ),
    look(
      `machine ${game.machineId}`,
      stateFaults(machine, game.machineId, commits),
      rulesFaults(machine, 'definition', definition),
      ownerFaults(game.machine.owners, game),
      idsOf(game).machines.includes(game.machineId) ? [] : ['its id does not follow from that of the game'],
    ),
    look(
      `the board is what the ${game.oracle.moveCount} moves of the oracle's own list give`,
      replayBoard(game, rules),
    ),
  ]
}

/** Does the record hash to what it says, and to what the newest snapshot commits to? */
function stateFaults(record: JsonObject, id: string, commits: JsonObject | undefined): readonly string[] {
  const hash = plainHash(canonicalize(member(record, 'stateData') ?? null))
  const committed = commits === undefined ? undefined : member(commits, id)
  return [
    ...(member(record, 'stateDataHash') === hash ? [] : ['its stateDataHash is not the hash of its state']),
    ...(commits === undefined || committed === hash ? [] : ['the newest snapshot commits to another state']),
  ]
}

/** Is it the program or the definition of this package? Nodes may leave out members that are null. */
function rulesFaults(record: JsonObject, name: string, wire: JsonObject): readonly string[] {
  const text = (json: JsonValue | undefined) => canonicalize(dropNulls(json ?? null))
  const [fields] = Object.values(wire)
  const expected = isJsonObject(fields) ? member(fields, name) : undefined
  return text(member(record, name)) === text(expected) ? [] : ['its rules are not those of this version']
}

const ownerFaults = (owners: readonly string[], { data: { playerX, playerO } }: Game): readonly string[] =>
  owners.toSorted().join() === [playerX, playerO].toSorted().join() ? [] : ['it is not owned by the two players']

const nameIn = ({ oracleId }: Game, id: string): string => (id === oracleId ? 'the oracle' : `the machine ${id}`)

/** Messages that name the game and are none that a node reads. */
const unreadable = (held: readonly HeldMessage[], { all }: Ids): readonly Looked[] =>
  held.flatMap(({ message, value, ordinal }) => {
    const text = message === undefined ? canonicalize(value) : ''
    const isOurs = [...all].some((id) => text.includes(id))
    return isOurs ? [{ what: `ordinal ${ordinal}  a message`, faults: ['no node reads it'] }] : []
  })

const movesHeld = (game: Game, checked: readonly CheckedMessage[]): ReadonlySet<number> =>
  new Set(
    checked.flatMap(({ message, faults }) => {
      if (message.type !== 'TransitionStateMachine' || message.fiberId !== game.machineId) return []
      const { round, moveNum, player, cell } = isJsonObject(message.payload) ? message.payload : {}
      if (message.eventName !== 'make_move' || round !== game.data.roundCount || faults.length > 0) return []
      const played = game.oracle.moveHistory.find((move) => move.moveNum === moveNum)
      return played?.player === player && played?.cell === cell && played ? [played.moveNum] : []
    }),
  )

/** Moves of this round that the ledger must still show, since it shows older messages of the game, and does not. */
function missing(game: Game, checked: readonly CheckedMessage[], isWhole: boolean): readonly Looked[] {
  const held = movesHeld(game, checked)
  const from = isWhole ? 0 : Math.min(...held)
  return game.oracle.moveHistory
    .filter(({ moveNum }) => moveNum >= from && !held.has(moveNum))
    .map(({ moveNum, player, cell }) => ({
      what: `move ${moveNum}, ${player} ${cell}`,
      faults: ['no snapshot holds a good message for it'],
    }))
}

/** Does the ledger's own list of events, where it keeps one, name the messages that its snapshots hold? */
async function eventFaults(
  { machineId }: Game,
  checked: readonly CheckedMessage[],
  snapshots: readonly HeldSnapshot[],
  reader: LedgerReader,
): Promise<readonly Looked[]> {
  const oldest = snapshots[0]?.ordinal ?? Number.POSITIVE_INFINITY
  const newest = snapshots.at(-1)?.ordinal ?? 0
  const places = new Set(checked.map(({ hash, held }) => `${hash} ${held.ordinal}`))
  const events = await reader.readEvents(machineId)
  return events
    .filter(({ ordinal, hash }) => ordinal >= oldest && ordinal <= newest && !places.has(`${hash} ${ordinal}`))
    .map(({ eventName, ordinal, hash }) => ({
      what: `ordinal ${ordinal}  ${eventName}  ${hash}`,
      faults: ['the ledger lists this event, and no snapshot holds its message'],
    }))
}

/** What is only the ledger's word. */
function goneOf(game: Game, checked: readonly CheckedMessage[], snapshots: readonly HeldSnapshot[]): readonly string[] {
  const held = movesHeld(game, checked)
  const unseen = game.oracle.moveHistory.filter(({ moveNum }) => !held.has(moveNum)).map(({ moveNum }) => moveNum)
  const oldest = snapshots[0]?.ordinal
  return [
    oldest === undefined
      ? 'The ledger shows no snapshot.'
      : `The game began in snapshot ${game.script.creationOrdinal}; the ledger shows none before ${oldest}.`,
    unseen.length === 0
      ? 'Every move of this round is verified; what came before it, and that nothing else ran, is not.'
      : `Not verified: ${unseen.length === 1 ? 'move' : 'moves'} ${unseen.join(', ')} of this round, and what came before it.`,
  ]
}
