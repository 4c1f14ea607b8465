import type { Clock, NewId } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { silentLog } from '../core/log.ts'
import type { Delivery, DeliveryLimits, SinkStats } from './_delivery.ts'
import { createDelivery } from './_delivery.ts'
import type { Publish, TelemetryEvent } from './event.ts'
import type { Sink } from './sink.ts'
import { currentIds } from './work-ids.ts'

export type EventBusDeps = {
  readonly clock: Clock
  readonly newId: NewId
  readonly log?: Log
  /** For tests: 10,000 events, 5 s and once a minute unless told. */
  readonly limits?: Partial<DeliveryLimits>
}

/** Tells what happens to whoever wants to know. It never takes part in the work: no sink can stop, delay or veto it. */
export type EventBus = {
  /** Adds the ids of the work that the caller is a part of, where it names none of its own. */
  readonly publish: Publish
  /** @returns ends it; what waits for the sink then is given up, and the sink is not closed */
  subscribe(sink: Sink): () => void
  stats(): { readonly published: number; readonly sinks: readonly SinkStats[] }
  /** Delivers what waits, closes the sinks, within 5 s. What is published from then on goes nowhere. */
  close(): Promise<void>
}

const usualLimits: DeliveryLimits = { queue: 10_000, acceptMs: 5_000, closeMs: 5_000, logEveryMs: 60_000 }

/** A bus without sinks: events go nowhere until somebody subscribes. */
export function createEventBus({ clock, newId, log = silentLog, limits = {} }: EventBusDeps): EventBus {
  const deliveries = new Set<Delivery>()
  let published = 0
  let closing: Promise<void> | undefined
  const closeAll = async () => void (await Promise.all([...deliveries].map((delivery) => delivery.close())))
  return {
    publish(type, data, ids) {
      if (closing !== undefined) return
      published += 1
      if (deliveries.size === 0) return
      const event: TelemetryEvent = {
        id: newId(),
        ts: new Date(clock.nowMs()).toISOString(),
        type,
        ...currentIds(),
        ...ids,
        data,
      }
      for (const delivery of deliveries) delivery.push(event)
    },
    subscribe(sink) {
      const delivery = createDelivery({ sink, limits: { ...usualLimits, ...limits }, clock, log })
      deliveries.add(delivery)
      return () => {
        deliveries.delete(delivery)
        delivery.stop()
      }
    },
    stats: () => ({ published, sinks: [...deliveries].map((delivery) => delivery.stats()) }),
    close() {
      closing ??= closeAll()
      return closing
    },
  }
}
