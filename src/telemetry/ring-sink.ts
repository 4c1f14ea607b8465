import { createRing } from './_ring.ts'
import type { EventType, TelemetryEvent, WorkIds } from './event.ts'
import type { Sink } from './sink.ts'

/** Which events: those that have all of the ids, one of the types, or both. */
export type EventQuery = {
  readonly ids?: WorkIds
  readonly types?: readonly EventType[]
  /** The newest so many; all that are kept unless told. */
  readonly last?: number
}

/** The newest events, in memory. */
export type RingSink = Sink & {
  /** Oldest first. */
  read(query?: EventQuery): readonly TelemetryEvent[]
}

/** @param limit how many are kept (≥ 1); 10,000 take a few megabytes */
export function createRingSink(limit = 10_000): RingSink {
  const ring = createRing<TelemetryEvent>(limit)
  return {
    name: 'ring',
    accept: (event) => void ring.push(event),
    read({ ids = {}, types, last = limit } = {}) {
      const wanted = Object.entries(ids).filter(([, id]) => id !== undefined)
      const found: TelemetryEvent[] = []
      for (const event of ring.newestFirst()) {
        if (found.length >= last) break
        const known: Readonly<Record<string, unknown>> = event
        const isWanted = types?.includes(event.type) ?? true
        if (isWanted && wanted.every(([name, id]) => known[name] === id)) found.push(event)
      }
      return found.reverse()
    },
  }
}
