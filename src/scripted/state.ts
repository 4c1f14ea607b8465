import type { Clock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import type { Card } from './cards.ts'
import { createCards, runningOf } from './cards.ts'
import { timestamp } from './lines.ts'
import { misbehaviours } from './misbehaviour.ts'

/** What the server remembers: its models, which of them are loaded, and how often it was busy. */
export type State = {
  readonly cards: ReadonlyMap<string, Card>
  running(): readonly JsonObject[]
  /** @returns how long loading took, ms */
  load(card: Card, keepMs: number, context: number): number
  unload(card: Card): void
  isBusy(times: number): boolean
}

/** Nothing is loaded yet. */
export function createState(clock: Clock, alsoNamed?: readonly string[]): State {
  const cards = createCards(Object.keys(misbehaviours), alsoNamed)
  const loaded = new Map<string, { card: Card; untilMs: number; context: number }>() // no more than there are cards
  let refusals = 0 // counted over all models: only one of them is ever busy, or all are
  return {
    cards,
    running: () =>
      [...loaded.values()]
        .filter(({ untilMs }) => untilMs > clock.monotonicMs())
        .map(({ card, untilMs, context }) => runningOf(card, timestamp(clock, untilMs - clock.monotonicMs()), context)),
    load(card, keepMs, context) {
      const wasLoaded = (loaded.get(card.name)?.untilMs ?? 0) > clock.monotonicMs()
      loaded.set(card.name, { card, untilMs: clock.monotonicMs() + keepMs, context })
      return wasLoaded ? 0 : 1
    },
    unload: ({ name }) => void loaded.delete(name),
    isBusy(times) {
      if (refusals >= times) return false
      refusals += 1
      return true
    },
  }
}
