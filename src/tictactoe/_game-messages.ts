import type { Chain, LedgerEvent } from '../chain/chain.ts'
import type { HeldSnapshot } from '../chain/snapshots.ts'
import type { MachineView } from '../dialect/dialect.ts'
import { tellAll } from './_message-teller.ts'
import { inTurn, ordinalsFrom, partsOf } from './_snapshot-walk.ts'
import type { Game } from './game.ts'
import { machineIdOf } from './ids.ts'
import type { LedgerMessage } from './ledger-view.ts'
import { maxGameMessages } from './ledger-view.ts'

/** The messages of one game, oldest first; `complete` where they are certainly all. */
export type MessagesOfGame = { readonly messages: LedgerMessage[]; readonly complete: boolean }

type Reads = Pick<Chain, 'readMachine' | 'readEvents' | 'readSnapshot'>

/** Snapshots that one answer may cost. */
const maxSnapshots = 2_000
/** Rounds that are looked into, the newest ones: each may have a machine of its own. */
const maxRounds = 100

/**
 * Reads the messages of a game out of the snapshots from its creation to the newest that touched it: first those that
 * its records and the ledger's list of events name, then all others, newest first, until one is not shown any more.
 * @throws LedgerUnreachableError, unless it comes late: what was found until the signal fires is told, as not complete
 */
export async function messagesOfGame(chain: Reads, game: Game, signal: AbortSignal): Promise<MessagesOfGame> {
  const machines = await readMachines(chain, game, signal)
  const events = (await inTurn(machines, ({ fiberId }) => chain.readEvents(fiberId, { signal }))).flat()
  const named = namedPlaces(game, machines, events)
  const oldest = game.script.creationOrdinal
  const newest = named[0] ?? oldest
  const snapshots = await readPlaces(chain, named, { newest, oldest }, signal)
  const ids = new Set([game.oracleId, ...machineIdsOf(game)])
  const held = snapshots
    .toSorted((one, other) => one.ordinal - other.ordinal)
    .flatMap(({ messages }) => messages)
    .filter(({ message }) => message !== undefined && ids.has(message.fiberId))
  const messages = tellAll(held.slice(-maxGameMessages), events, () => game.gameId)
  const isWhole = snapshots.length === newest - oldest + 1 && game.data.roundCount < maxRounds - 1
  return { messages, complete: isWhole && held.length === messages.length }
}

/** One round more than there is: the next machine is made before it begins. Newest first. */
const machineIdsOf = ({ gameId, data: { roundCount } }: Game): string[] =>
  ordinalsFrom(roundCount + 1, Math.max(0, roundCount + 2 - maxRounds)).map((round) => machineIdOf(gameId, round))

async function readMachines(chain: Reads, game: Game, signal: AbortSignal): Promise<readonly MachineView[]> {
  const others = machineIdsOf(game).filter((id) => id !== game.machineId)
  const machines = await inTurn(others, (id) => chain.readMachine(id, { signal }))
  return [game.machine, ...machines.flatMap((machine) => machine ?? [])]
}

/** Ordinals that are known to hold something of the game, newest first. */
function namedPlaces({ script }: Game, machines: readonly MachineView[], events: readonly LedgerEvent[]): number[] {
  const named = [
    script.creationOrdinal,
    script.latestUpdateOrdinal,
    ...machines.flatMap(({ creationOrdinal, latestUpdateOrdinal, lastEvent }) => [
      creationOrdinal,
      latestUpdateOrdinal,
      lastEvent?.ordinal ?? creationOrdinal, // a failure is no update
    ]),
    ...events.map(({ ordinal }) => ordinal),
  ]
  const since = named.filter((ordinal) => ordinal >= script.creationOrdinal)
  return [...new Set(since)].sort((one, other) => other - one)
}

/** Reads the places named, and then those between, as far back as they are shown. */
async function readPlaces(
  chain: Reads,
  named: readonly number[],
  { newest, oldest }: { readonly newest: number; readonly oldest: number },
  signal: AbortSignal,
): Promise<readonly HeldSnapshot[]> {
  const found: HeldSnapshot[] = []
  const isNamed = new Set(named)
  const between = ordinalsFrom(newest, Math.max(oldest, newest - maxSnapshots)).filter(
    (ordinal) => !isNamed.has(ordinal),
  )
  const readPart = async (ordinals: readonly number[]): Promise<boolean> => {
    const some = await inTurn(ordinals, (ordinal) => chain.readSnapshot(ordinal, { signal }))
    found.push(...some.flatMap((snapshot) => snapshot ?? []))
    return some.some((snapshot) => snapshot !== null)
  }
  try {
    for (const part of partsOf(named.slice(0, maxSnapshots))) await readPart(part)
    for (const part of partsOf(between.slice(0, Math.max(0, maxSnapshots - named.length))))
      if (!(await readPart(part))) break
  } catch (error) {
    if (!signal.aborted) throw error
  }
  return found
}
