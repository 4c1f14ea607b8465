import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import type { GameView } from '../tictactoe/game-view.ts'
import type { Ring } from './_ring.ts'
import { createRing } from './_ring.ts'
import type { Audience, Topics } from './_topics.ts'
import { createTopics, isWanted } from './_topics.ts'
import type { Step } from './derive.ts'
import { deriveSteps } from './derive.ts'
import type { LiveIntent, LiveRecord } from './live.ts'
import type { Standing } from './standing.ts'
import { isNewer, standingOf } from './standing.ts'

/** Where a state of a game comes from, and so what to make of a game that nobody knows. */
export type How = 'created' | 'changed' | 'seen'

/** What was told of games, and to whom. */
export type Book = {
  readonly ring: Ring
  readonly topics: Topics
  /** Those who watch all games. */
  readonly all: Audience
  isAllWanted(): boolean
  /** Does anybody want to know of this game? */
  wants(gameId: string): boolean
  /** How far a game had come when it was told last. */
  knownOf(gameId: string): Standing | undefined
  /** Takes a state of a game for told. */
  note(gameId: string, standing: Standing): void
  /** Takes a state of a game, wherever it comes from, and tells what is new in it. */
  accept(view: GameView, how: How): void
  acceptIntent(gameId: string, intent: LiveIntent): void
  tellGap(): void
  now(): string
}

export type BookDeps = {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly boot: string
  readonly keptRecords: number
}

/** Games whose last told state is remembered. */
const maxStandings = 10_000

export function createBook({ clock, boot, keptRecords }: BookDeps): Book {
  const ring = createRing({ boot, size: keptRecords })
  const topics = createTopics(clock)
  const standings = createBoundedMap<string, Standing>(maxStandings)
  const all: Audience = { sinks: new Set(), leftMs: Number.NEGATIVE_INFINITY }

  const now = (): string => new Date(clock.nowMs()).toISOString()
  const isAllWanted = (): boolean => isWanted(all, clock)
  const wants = (gameId: string): boolean => topics.find(gameId) !== undefined || isAllWanted()
  const knownOf = (gameId: string): Standing | undefined => topics.find(gameId)?.view ?? standings.get(gameId)

  const tell = (make: (common: { id: string; at: string }) => LiveRecord): void => {
    const at = now()
    const { gameId, sent } = ring.add((id) => make({ id, at }))
    if (gameId !== null) for (const sink of topics.find(gameId)?.sinks ?? []) sink.send(sent)
    for (const sink of all.sinks) sink.send(sent)
  }
  return {
    ring,
    topics,
    all,
    isAllWanted,
    wants,
    knownOf,
    now,
    note: (gameId, standing) => standings.set(gameId, standingOf(standing)),
    accept(view, how) {
      const { gameId } = view
      if (!wants(gameId)) return
      const known = knownOf(gameId)
      if (known !== undefined && !isNewer(view, known)) return
      const game = asTold(view)
      standings.set(gameId, standingOf(game))
      const topic = topics.find(gameId)
      if (topic) topics.show(topic, game)
      const steps = deriveSteps(known ?? (how === 'created' ? 'new' : undefined), game)
      for (const step of steps) tell((common) => toRecord({ ...common, gameId }, step, game))
    },
    acceptIntent(gameId, intent) {
      if (wants(gameId)) tell((common) => ({ ...common, gameId, type: 'intent', intent }))
    },
    tellGap: () => tell((common) => ({ ...common, gameId: null, type: 'gap' })),
  }
}

/** A stream sends nothing to the ledger: the hash of a call's own message is not its own. */
export const asTold = (view: GameView): GameView => ({ ...view, hash: null })

type Common = { readonly id: string; readonly at: string; readonly gameId: string }

const toRecord = (common: Common, step: Step, game: GameView): LiveRecord =>
  step.type === 'move_made'
    ? { ...common, type: 'move_made', move: step.move, game }
    : { ...common, type: step.type, game }
