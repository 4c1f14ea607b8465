import type { Clock } from '../core/clock.ts'
import type { GameView } from '../tictactoe/game-view.ts'
import type { Sink } from './live.ts'

/** Who watches, or watched a moment ago. */
export type Audience = {
  readonly sinks: Set<Sink>
  /** When the last one left, on the monotonic clock. */
  leftMs: number
}

/** A game that somebody watches, or watched a moment ago. */
export type Topic = Audience & {
  readonly gameId: string
  /** Its records are complete from this number on. */
  readonly since: number
  /** The newest state that was told. */
  view: GameView
  /** Was it touched, and not read since? */
  isDirty: boolean
}

export type Topics = {
  /** Undefined where nobody watches, and nobody is to be expected back. */
  find(gameId: string): Topic | undefined
  /** The topic of a game, as it is, or new with this view. */
  open(view: GameView, since: () => number): Topic
  show(topic: Topic, view: GameView): void
  /** Those whose fibers are among these. */
  touchedBy(fiberIds: ReadonlySet<string>): readonly Topic[]
  watched(): readonly Topic[]
}

/** So long records go on being kept when the last watcher is gone, for its coming back. */
const lingerMs = 60_000
/** Games without a watcher that are kept at once. */
const maxLingering = 1_000

/** Does anybody watch, or is to be expected back? */
export const isWanted = ({ sinks, leftMs }: Audience, clock: Pick<Clock, 'monotonicMs'>): boolean =>
  sinks.size > 0 || clock.monotonicMs() - leftMs < lingerMs

export function createTopics(clock: Pick<Clock, 'monotonicMs'>): Topics {
  const topics = new Map<string, Topic>()
  const fibers = new Map<string, Topic>()

  const link = (topic: Topic): void => {
    fibers.set(topic.view.oracleId, topic)
    fibers.set(topic.view.machineId, topic)
  }
  const unlink = ({ view }: Topic): void => {
    fibers.delete(view.oracleId)
    fibers.delete(view.machineId)
  }
  const drop = (topic: Topic): void => {
    topics.delete(topic.gameId)
    unlink(topic)
  }
  const find = (gameId: string): Topic | undefined => {
    const topic = topics.get(gameId)
    if (topic === undefined || isWanted(topic, clock)) return topic
    drop(topic)
    return undefined
  }
  const makeRoom = (): void => {
    const lingering = [...topics.values()].filter(({ sinks }) => sinks.size === 0)
    for (const topic of lingering) if (!isWanted(topic, clock)) drop(topic)
    const oldest = lingering.toSorted((one, other) => one.leftMs - other.leftMs)[0]
    if (oldest !== undefined && lingering.length >= maxLingering) drop(oldest)
  }
  return {
    find,
    open(view, since) {
      const known = find(view.gameId)
      if (known !== undefined) return known
      makeRoom()
      const { gameId } = view
      const leftMs = clock.monotonicMs()
      const topic: Topic = { gameId, since: since(), view, sinks: new Set(), isDirty: false, leftMs }
      topics.set(gameId, topic)
      link(topic)
      return topic
    },
    show(topic, view) {
      unlink(topic)
      topic.view = view
      link(topic)
    },
    touchedBy(fiberIds) {
      // Few games are watched while a snapshot touches many, or the other way round.
      if (fibers.size <= fiberIds.size)
        return [...new Set([...fibers].flatMap(([id, topic]) => (fiberIds.has(id) ? topic : [])))]
      return [...new Set([...fiberIds].flatMap((id) => fibers.get(id) ?? []))]
    },
    watched: () => [...topics.values()].filter(({ sinks }) => sinks.size > 0),
  }
}
