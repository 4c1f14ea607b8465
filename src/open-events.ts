import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Metrics } from './metrics/metrics.ts'
import { randomId, systemClock } from './system.ts'
import type { EventBus } from './telemetry/event-bus.ts'
import { createEventBus } from './telemetry/event-bus.ts'
import { createJsonlSink } from './telemetry/jsonl-sink.ts'
import { createStdoutSink } from './telemetry/stdout-sink.ts'

type Deps = { readonly metrics: Pick<Metrics, 'events'> | undefined; readonly log: Logger }

/** Who wants to know of what happens: the metrics, and where agents run the file or the output that the settings name. */
export function openEvents(
  { isEnabled, agents }: Pick<Config, 'isEnabled' | 'agents'>,
  { metrics, log }: Deps,
): EventBus {
  const part = log.child({ part: 'telemetry' })
  const bus = createEventBus({ clock: systemClock, newId: randomId, log: part })
  if (metrics) bus.subscribe(metrics.events)
  if (!isEnabled) return bus
  if (agents.telemetry.includes('jsonl')) bus.subscribe(createJsonlSink({ path: join(agents.dataDir, 'events.jsonl') }))
  if (agents.telemetry.includes('stdout')) bus.subscribe(createStdoutSink(process.stdout))
  return bus
}
