import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { GameView } from '../tictactoe/game-view.ts'
import type { ListGames } from '../tictactoe/list-games.ts'
import type { Book } from './_book.ts'
import { every } from './_every.ts'
import { createListWatch } from './_list-watch.ts'
import type { Sent } from './live.ts'

/** How often the list is looked at: where something tells that it changed, and where nothing does. */
const lookMs = { told: 250, untold: 2_000 }

export type AllWatchDeps = {
  readonly book: Book
  readonly list: ListGames
  readonly read: (id: string) => Promise<GameView>
  /** A signal for one look. */
  readonly within: () => AbortSignal
  readonly isBusy: (gameId: string) => boolean
  /** Does something tell when to look? */
  readonly isTold: boolean
  readonly clock: Clock
  readonly log: Log
}

/** All games, for those who watch all. */
export type AllWatch = {
  /** Makes sure that from now on nothing is missed. @throws LedgerUnreachableError, DeadlineExceededError */
  prepare(): Promise<void>
  /** What a new watcher gets first. Looking goes on until `end`. */
  begin(after: string | undefined): readonly Sent[]
  /** The last watcher is gone. */
  end(): void
  /** The ledger has changed. */
  wake(): void
}

export function createAllWatch({ book, list, read, within, isBusy, isTold, clock, log }: AllWatchDeps): AllWatch {
  const { ring, all } = book
  const watch = createListWatch({
    list,
    standingOf: book.knownOf,
    isBusy,
    read: async (gameId, how) => book.accept(await read(gameId), how),
    note: (entry) => book.note(entry.gameId, entry),
    onGap: book.tellGap,
  })
  /** Records are complete from this number on. */
  let since = 0
  let stop: (() => void) | undefined
  const looks = createLooks({
    look: () => watch.look(within()),
    isTold,
    onFailure(error) {
      if (stop) log.warn({ err: error }, 'the list of games cannot be read for those who watch it')
    },
  })

  return {
    async prepare() {
      if (all.sinks.size > 0) return
      if (!book.isAllWanted()) {
        since = ring.skip()
        watch.restart()
      }
      all.leftMs = clock.monotonicMs()
      try {
        await looks.look()
      } catch (error) {
        all.leftMs = Number.NEGATIVE_INFINITY
        throw error
      }
    },
    begin(after) {
      // Something may have changed after the look, and before anybody listened.
      looks.wake()
      stop ??= every(clock, isTold ? lookMs.told : lookMs.untold, looks.lookAgain)
      const missed = after === undefined ? [] : ring.after(after, since, () => true)
      if (missed) return missed.map(({ sent }) => sent)
      const record = { id: ring.idOf(ring.newest()), at: book.now(), gameId: null, type: 'gap' } as const
      return [{ id: record.id, type: 'gap', json: JSON.stringify(record) }]
    },
    end() {
      all.leftMs = clock.monotonicMs()
      stop?.()
      stop = undefined
    },
    wake: looks.wake,
  }
}

type LooksDeps = {
  /** @returns whether something was left for the next look */
  readonly look: () => Promise<boolean>
  /** Does something tell when to look? */
  readonly isTold: boolean
  /** Told of the first failure after a success. */
  readonly onFailure: (error: unknown) => void
}

/** One look at a time. */
function createLooks({ look, isTold, onFailure }: LooksDeps) {
  let isWoken = false
  let isFailing = false
  let looking: Promise<boolean> | undefined

  const lookOnce = (): Promise<boolean> => {
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }
  return {
    look: lookOnce,
    wake() {
      isWoken = true
    },
    /** A look that may have begun before something changed does not count. Never rejects. */
    async lookAgain(): Promise<void> {
      if (isTold && !isWoken) return
      await looking?.catch(() => undefined)
      isWoken = false
      try {
        if (await lookOnce()) isWoken = true
        isFailing = false
      } catch (error) {
        isWoken = true
        if (!isFailing) onFailure(error)
        isFailing = true
      }
    },
  }
}
