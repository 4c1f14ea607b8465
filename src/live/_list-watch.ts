import type { GameEntry, ListGames } from '../tictactoe/list-games.ts'
import { maxGamePage } from '../tictactoe/list-games.ts'
import type { Standing } from './standing.ts'
import { isNewer } from './standing.ts'

/** The newest games are looked at: so many pages of the list. */
const maxPages = 5
/** Games read in one look. */
const maxReads = 50

export type ListWatchDeps = {
  readonly list: ListGames
  /** The state of a game that was told last. */
  readonly standingOf: (gameId: string) => Standing | undefined
  /** Is this process at it? Then its outcome tells more, and sooner. */
  readonly isBusy: (gameId: string) => boolean
  /** Reads a game, and tells what is new of it. */
  readonly read: (gameId: string, how: 'created' | 'changed', signal: AbortSignal) => Promise<void>
  /** Takes a state for told. */
  readonly note: (entry: GameEntry) => void
  /** Records of some games are lost. */
  readonly onGap: () => void
}

/** Finds by the list what changed in games that are not played through here. */
export type ListWatch = {
  /**
   * Compares the list with what was told. The first look after `restart` takes everything for told.
   * @returns whether some were left for the next look
   */
  look(signal: AbortSignal): Promise<boolean>
  restart(): void
}

type Change = { readonly entry: GameEntry; readonly how: 'created' | 'changed' }

export function createListWatch(deps: ListWatchDeps): ListWatch {
  const { list, standingOf, isBusy, read, note, onGap } = deps
  /** The games of the look before. */
  let listed: ReadonlySet<string> | undefined

  const readList = async (signal: AbortSignal): Promise<readonly GameEntry[]> => {
    const entries: GameEntry[] = []
    let cursor: string | undefined
    for (let page = 0; page < maxPages; page++) {
      const { games, next } = await list({ limit: maxGamePage, cursor }, signal)
      entries.push(...games)
      if (next === null) break
      cursor = next
    }
    return entries
  }

  /** One that nobody knows is new where it stands before one that was there; behind them come those listed never before. */
  const changesOf = (entries: readonly GameEntry[], before: ReadonlySet<string>): readonly Change[] => {
    const lastListed = entries.findLastIndex(({ gameId }) => before.has(gameId))
    return entries.flatMap((entry, index): readonly Change[] => {
      const known = standingOf(entry.gameId)
      if (known !== undefined) return isNewer(entry, known) ? [{ entry, how: 'changed' }] : []
      if (index < lastListed || before.size === 0) return [{ entry, how: 'created' }]
      // None of those that were there is among the newest any more.
      if (lastListed < 0) return [{ entry, how: 'changed' }]
      note(entry)
      return []
    })
  }

  return {
    restart() {
      listed = undefined
    },
    async look(signal) {
      const entries = await readList(signal)
      if (listed === undefined) for (const entry of entries) note(entry)
      const changes = listed === undefined ? [] : changesOf(entries, listed)
      listed = new Set(entries.map(({ gameId }) => gameId))
      const foreign = changes.filter(({ entry }) => !isBusy(entry.gameId))
      // Oldest games first: what is told last is the newest.
      for (const { entry, how } of foreign.slice(0, maxReads).reverse()) await read(entry.gameId, how, signal)
      const lost = foreign.slice(maxReads)
      for (const { entry } of lost) note(entry)
      if (lost.length > 0) onGap()
      return foreign.length < changes.length
    },
  }
}
