import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { IntentLog } from '../intent/intent.ts'
import type { GameView } from '../tictactoe/game-view.ts'
import type { ListGames } from '../tictactoe/list-games.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import { createAllWatch } from './_all-watch.ts'
import { createBook } from './_book.ts'
import { createGameWatch } from './_game-watch.ts'
import type { Audience } from './_topics.ts'
import type { Live, Sent, Sink } from './live.ts'
import { watchIntentLog } from './watched-intents.ts'
import { watchToolCatalog } from './watched-tools.ts'

export type FeedDeps = {
  /** The game that an id names, as the ledger holds it. */
  readonly read: (id: string, signal: AbortSignal) => Promise<GameView>
  readonly list: ListGames
  /** Calls back with the fibers that a snapshot touched; without it games are asked for again and again. */
  readonly onSnapshot?: ((listener: (fiberIds: ReadonlySet<string>) => void) => () => void) | undefined
  readonly clock: Clock
  /** Names this run of the process in the ids of records; no `-` in it. */
  readonly boot: string
  readonly log: Log
  /** How many records can be resumed; 2,000 unless told. */
  readonly keptRecords?: number
}

/** What is known of games, from wherever it comes, as records to whoever watches. */
export type Feed = Live & {
  /** The same catalogue, its outcomes told. */
  watchTools(catalog: ToolCatalog): ToolCatalog
  /** The same log, its intents told. */
  watchIntents(intents: IntentLog): IntentLog
  /** Streams that are open. */
  watchers(): number
}

const readTimeoutMs = 10_000

/** Nothing is read or listened to unless somebody watches. */
export function createFeed({ read, list, onSnapshot, clock, boot, log, keptRecords = 2_000 }: FeedDeps): Feed {
  const book = createBook({ clock, boot, keptRecords })
  const { topics, all } = book
  const calls = createCallCount()
  const closing = new AbortController()
  const within = (...signals: readonly AbortSignal[]): AbortSignal =>
    AbortSignal.any([closing.signal, AbortSignal.timeout(readTimeoutMs), ...signals])
  const readGame = (id: string, signal = closing.signal) => read(id, within(signal))

  const common = { book, read: readGame, isBusy: calls.isUnderWay, isTold: onSnapshot !== undefined, clock, log }
  const games = createGameWatch(common)
  const allGames = createAllWatch({ ...common, list, within })

  const room = createRoom(() => {
    const endHints = onSnapshot?.((fiberIds) => {
      allGames.wake()
      for (const topic of topics.touchedBy(fiberIds)) games.wake(topic)
    })
    const endReading = games.start()
    return () => {
      endHints?.()
      endReading()
    }
  })
  return {
    async watchGame(id, after, signal) {
      const view = await games.prepare(id, signal)
      return (sink) => {
        if (closing.signal.aborted) return ended(sink)
        const topic = topics.open(view, book.ring.skip)
        return room.enter(topic, sink, games.begin(topic, after), () => {
          topic.leftMs = clock.monotonicMs()
        })
      }
    },
    async watchAll(after) {
      await allGames.prepare()
      return (sink) =>
        closing.signal.aborted ? ended(sink) : room.enter(all, sink, allGames.begin(after), allGames.end)
    },
    watchTools: (catalog) =>
      watchToolCatalog(catalog, {
        wants: book.wants,
        onCall: calls.begin,
        onView: book.accept,
        onReplay(gameId) {
          const topic = topics.find(gameId)
          if (topic) games.wake(topic)
          allGames.wake()
        },
      }),
    watchIntents: (intents) => watchIntentLog(intents, book.acceptIntent),
    watchers: room.size,
    close() {
      closing.abort(new Error('The service is stopping.'))
      for (const sink of [...all.sinks, ...topics.watched().flatMap(({ sinks }) => [...sinks])]) sink.end()
    },
  }
}

function ended(sink: Sink): () => void {
  sink.end()
  return () => {}
}

/** Everybody who watches. @param open called for the first one; what it gives is called when the last one has left */
function createRoom(open: () => () => void) {
  let size = 0
  let close: (() => void) | undefined
  return {
    size: () => size,
    /** @param onEmpty called when nobody of this audience is left @returns what ends it */
    enter({ sinks }: Audience, sink: Sink, first: readonly Sent[], onEmpty: () => void): () => void {
      sinks.add(sink)
      size += 1
      close ??= open()
      for (const sent of first) sink.send(sent)
      return () => {
        if (!sinks.delete(sink)) return
        size -= 1
        if (sinks.size === 0) onEmpty()
        if (size > 0) return
        close?.()
        close = undefined
      }
    },
  }
}

/** Calls about games that are under way. */
function createCallCount() {
  const calls = new Map<string, number>()
  return {
    isUnderWay: (gameId: string): boolean => calls.has(gameId),
    /** @returns what ends it */
    begin(gameId: string): () => void {
      calls.set(gameId, (calls.get(gameId) ?? 0) + 1)
      return () => {
        const left = (calls.get(gameId) ?? 1) - 1
        if (left === 0) calls.delete(gameId)
        else calls.set(gameId, left)
      }
    },
  }
}
