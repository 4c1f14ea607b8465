import { z } from 'zod'
import type { Chain } from '../chain/chain.ts'
import type { ScriptView } from '../dialect/dialect.ts'
import { DeadlineExceededError } from './errors.ts'
import { gameIdIn, OracleState } from './game.ts'
import { MachineState, Mark, Status } from './game-view.ts'
import { machineIdOf, oracleIdOf } from './ids.ts'

/** The most games that one page may be asked for. */
export const maxGamePage = 200
/** Machines that one page may cost: only those of games that were never started have to be read. */
const maxMachineReads = 200
/** Of them, read at the same time. */
const readsAtOnce = 16

/** A game in few words; ttt_get_state tells the rest. */
export const GameEntry = z.object({
  gameId: z.string(),
  machineId: z.string(),
  oracleId: z.string(),
  machineState: MachineState,
  status: Status,
  roundCount: z.int().min(0).describe('0 in the first round.'),
  moveCount: z.int().min(0).max(9),
  turn: Mark.nullable().describe('Who moves next; null unless the round is in progress.'),
  winner: Mark.nullable(),
  ordinal: z.int().describe("The snapshot that last touched the game's oracle."),
})
export type GameEntry = z.output<typeof GameEntry>

export const GamePage = z.object({
  games: z.array(GameEntry).describe('Newest first, by the snapshot that created them.'),
  next: z.string().nullable().describe('The cursor of the page that follows; null when this is the last one.'),
})
export type GamePage = z.output<typeof GamePage>

/** Which games: at most `limit` (1 to 200), behind a cursor, in one state or of one status. */
export type GameQuery = {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly machineState?: MachineState | undefined
  readonly status?: Status | undefined
}

/** Where a page ends: the place of a game in the order of the list, which never changes. */
type Place = { readonly createdOrdinal: number; readonly gameId: string }

/** What the oracle alone tells; of a game that was never started it cannot tell whether it was cancelled. */
type Listed = Place & { readonly entry: Omit<GameEntry, 'machineState'> & { readonly machineState: Known } }
type Known = MachineState | undefined

/** One page of our games on the ledger. @throws LedgerUnreachableError, DeadlineExceededError */
export type ListGames = (query: GameQuery, signal: AbortSignal) => Promise<GamePage>

/** The place that a cursor names, undefined for a text that is none. */
export function parseGameCursor(text: string): Place | undefined {
  const [, createdOrdinal, gameId] = /^([0-9]{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(text) ?? []
  return createdOrdinal !== undefined && gameId !== undefined
    ? { createdOrdinal: Number(createdOrdinal), gameId }
    : undefined
}

/**
 * Lists the games whose oracle is where a game of ours has it.
 *
 * What a page costs: one read of the ordinal; when that is not the one of the page before, one read of all scripts and
 * one walk over them, in which only scripts that changed are parsed anew where the ledger is embedded (over HTTP it is
 * one answer of at most 16 MiB a snapshot, shared by all callers); and at most 200 reads of machines. A page may
 * therefore hold fewer games than asked for although more follow: `next` tells.
 */
export function createGameList(chain: Chain): ListGames {
  const known = new WeakMap<ScriptView, { readonly listed: Listed | undefined }>()
  const listedOf = (script: ScriptView): Listed | undefined => {
    const found = known.get(script) ?? { listed: toListed(script) }
    known.set(script, found)
    return found.listed
  }
  let newest: { readonly ordinal: number; readonly all: Promise<readonly Listed[]> } | undefined

  /** Read after its ordinal, so it is never older than that. */
  const readAll = async (): Promise<readonly Listed[]> => {
    const lasting = new AbortController().signal // never fires: the reading time alone ends a shared read
    const scripts = await chain.listScripts({ signal: lasting })
    return scripts.flatMap((script) => listedOf(script) ?? []).sort(newestFirst)
  }

  return async (query, signal) => {
    const ordinal = await chain.readOrdinal({ signal })
    if (newest?.ordinal !== ordinal) {
      const started = { ordinal, all: readAll() }
      newest = started
      started.all.catch(() => {
        if (newest === started) newest = undefined
      })
    }
    return toPage(chain, await orLate(newest.all, signal), query, signal)
  }
}

const newestFirst = (one: Place, other: Place): number =>
  other.createdOrdinal - one.createdOrdinal || Number(one.gameId < other.gameId) - Number(one.gameId > other.gameId)

function toListed(script: ScriptView): Listed | undefined {
  const gameId = gameIdIn(script.stateData)
  if (gameId === undefined || oracleIdOf(gameId) !== script.fiberId) return undefined
  const oracle = OracleState.safeParse(script.stateData)
  if (!oracle.success) return undefined
  const { status, currentTurn, winner, moveCount, roundCount = 0, machineId } = oracle.data
  const entry = {
    gameId,
    machineId: machineId ?? machineIdOf(gameId, roundCount),
    oracleId: script.fiberId,
    machineState: stateByStatus[status],
    status,
    roundCount,
    moveCount,
    turn: status === 'InProgress' ? currentTurn : null,
    winner: winner ?? null,
    ordinal: script.latestUpdateOrdinal,
  }
  return { createdOrdinal: script.creationOrdinal, gameId, entry }
}

/** @see statemachine/tictactoe.json: each state is entered by the event that gives the oracle this word */
const stateByStatus: { readonly [status in Status]: MachineState | undefined } = {
  NotInitialized: undefined, // `setup`, or `cancelled` before the start, of which the oracle is not told
  InProgress: 'playing',
  Won: 'finished',
  Draw: 'finished',
  Cancelled: 'cancelled',
}

async function toPage(chain: Chain, all: readonly Listed[], query: GameQuery, signal: AbortSignal): Promise<GamePage> {
  const candidates = candidatesOf(all, query)
  const games: GameEntry[] = []
  let reads = 0
  let some = take(candidates, readsAtOnce)
  while (some.length > 0) {
    const following = take(candidates, readsAtOnce)
    const entries = await Promise.all(some.map((listed) => complete(chain, listed, signal)))
    for (const [index, entry] of entries.entries()) {
      if (entry !== undefined && matches(entry, query)) games.push(entry)
      if (some[index]?.entry.machineState === undefined) reads += 1
      const isLast = following.length === 0 && index + 1 === entries.length
      if (!isLast && (games.length >= query.limit || reads >= maxMachineReads))
        return { games, next: cursorOf(some[index]) }
    }
    some = following
  }
  return { games, next: null }
}

/** Those behind the cursor that may match, no further than they are asked for. */
function* candidatesOf(all: readonly Listed[], query: GameQuery): Generator<Listed, void> {
  const after = query.cursor === undefined ? undefined : parseGameCursor(query.cursor)
  for (const listed of all)
    if ((after === undefined || newestFirst(after, listed) < 0) && mayMatch(listed, query)) yield listed
}

/** The next few; unlike the iterator's own `take` it leaves the rest to be taken. */
function take<T>(from: Iterator<T, void>, count: number): T[] {
  const taken: T[] = []
  while (taken.length < count) {
    const next = from.next()
    if (next.done) break
    taken.push(next.value)
  }
  return taken
}

const cursorOf = (listed: Listed | undefined): string | null =>
  listed === undefined ? null : `${listed.createdOrdinal}.${listed.gameId}`

const matches = ({ machineState, status }: GameEntry, query: GameQuery): boolean =>
  (query.machineState === undefined || query.machineState === machineState) &&
  (query.status === undefined || query.status === status)

/** Is it worth asking the machine? */
function mayMatch({ entry: { machineState, ...entry } }: Listed, query: GameQuery): boolean {
  if (machineState !== undefined) return matches({ ...entry, machineState }, query)
  const waiting = { ...entry, machineState: 'setup' } as const
  return matches(waiting, query) || matches(asCancelled(waiting), query)
}

/** A machine cancelled before its start never told the oracle: the game is shown as every tool shows it. */
const asCancelled = (entry: GameEntry): GameEntry => ({ ...entry, machineState: 'cancelled', status: 'Cancelled' })

/** The whole entry; undefined while the machine is not there yet. */
async function complete(chain: Chain, { entry }: Listed, signal: AbortSignal): Promise<GameEntry | undefined> {
  const { machineState } = entry
  if (machineState !== undefined) return { ...entry, machineState }
  const machine = await chain.readMachine(entry.machineId, { signal })
  if (machine === null || gameIdIn(machine.stateData) !== entry.gameId) return undefined
  if (machine.currentState === 'setup') return { ...entry, machineState: 'setup' }
  const ordinal = Math.max(entry.ordinal, machine.latestUpdateOrdinal)
  if (machine.currentState === 'cancelled') return asCancelled({ ...entry, machineState: 'cancelled', ordinal })
  return startedSince(await chain.readScript(entry.oracleId, { signal }))
}

/** The game was started after its oracle was read for the list. */
function startedSince(script: ScriptView | null): GameEntry | undefined {
  const entry = script === null ? undefined : toListed(script)?.entry
  return entry?.machineState === undefined ? undefined : { ...entry, machineState: entry.machineState }
}

/** The promise's outcome, or an error when the signal fires first; the work goes on for the others. */
function orLate<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = new Promise<never>((_, reject) => {
    const stop = () => reject(new DeadlineExceededError(signal.reason))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([work, late])
}
