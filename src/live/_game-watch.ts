import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { createTurns } from '../core/turns.ts'
import type { GameView } from '../tictactoe/game-view.ts'
import type { Book } from './_book.ts'
import { asTold } from './_book.ts'
import { every } from './_every.ts'
import { createReadQueue } from './_read-queue.ts'
import type { Topic } from './_topics.ts'
import type { Sent } from './live.ts'
import { isNewer } from './standing.ts'

const readsAtOnce = 16
/** Games that are read in one turn of the event loop. */
const readsPerTurn = 4
/** How often games are read that nothing tells of, or that were touched while this process was at them. */
const rereadMs = 1_000

export type GameWatchDeps = {
  readonly book: Book
  readonly read: (id: string, signal?: AbortSignal) => Promise<GameView>
  readonly isBusy: (gameId: string) => boolean
  /** Does something tell when to read? */
  readonly isTold: boolean
  readonly clock: Clock
  readonly log: Log
}

/** Single games, for those who watch one. */
export type GameWatch = {
  /** Makes sure that from now on nothing of this game is missed. @throws GameNotFoundError, LedgerUnreachableError */
  prepare(id: string, signal: AbortSignal): Promise<GameView>
  /** What a new watcher gets first. */
  begin(topic: Topic, after: string | undefined): readonly Sent[]
  wake(topic: Topic): void
  /** Reads again and again what has to be, until the function that it gives is called. */
  start(): () => void
}

export function createGameWatch({ book, read, isBusy, isTold, clock, log }: GameWatchDeps): GameWatch {
  const { ring, topics } = book
  const turns = createTurns(readsPerTurn)
  let isFailing = false

  const reread = async (gameId: string): Promise<void> => {
    const topic = topics.find(gameId)
    if (topic === undefined || topic.sinks.size === 0) return
    topic.isDirty = false
    try {
      await turns.take()
      book.accept(await read(gameId), 'seen')
      isFailing = false
    } catch (error) {
      topic.isDirty = true
      if (!isFailing && topic.sinks.size > 0) log.warn({ err: error, gameId }, 'a watched game cannot be read')
      isFailing = true
    }
  }
  const queue = createReadQueue(readsAtOnce, reread)

  return {
    async prepare(id, signal) {
      for (let attempt = 0; ; attempt++) {
        const view = await read(id, signal)
        const known = book.knownOf(view.gameId)
        // Something newer may have been told while it was read.
        if (attempt < 3 && known !== undefined && isNewer(known, view)) continue
        book.accept(view, 'seen')
        topics.open(asTold(view), ring.skip)
        return view
      }
    },
    begin(topic, after) {
      const { gameId } = topic
      // It may have been touched after it was read, and before anybody listened.
      if (topic.sinks.size === 0) topic.isDirty = true
      const missed =
        after === undefined ? undefined : ring.after(after, topic.since, (entry) => entry.gameId === gameId)
      if (missed) return missed.map(({ sent }) => sent)
      const record = { id: ring.idOf(ring.newest()), at: book.now(), gameId, type: 'game', game: topic.view } as const
      return [{ id: record.id, type: 'game', json: JSON.stringify(record) }]
    },
    // What this process does it tells itself; what others did meanwhile is found a moment later.
    wake(topic) {
      if (isBusy(topic.gameId)) topic.isDirty = true
      else queue.add(topic.gameId)
    },
    start() {
      const stop = every(clock, rereadMs, () => {
        for (const topic of topics.watched()) if (topic.isDirty || !isTold) queue.add(topic.gameId)
      })
      return () => {
        stop()
        queue.clear()
      }
    },
  }
}
