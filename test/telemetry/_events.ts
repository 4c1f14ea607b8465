import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { EventType, TelemetryEvent, WorkIds } from '../../src/telemetry/event.ts'
import type { Sink } from '../../src/telemetry/sink.ts'

/** An event, told apart by its number. */
export const eventOf = (n: number, ids: WorkIds = {}, type: EventType = 'tool.started'): TelemetryEvent => ({
  id: String(n),
  ts: '2026-01-02T03:04:05.000Z',
  type,
  ...ids,
  data: { n },
})

/** Keeps what it is given. */
export function keepingSink(name = 'keeping'): Sink & { readonly events: TelemetryEvent[]; closed: number } {
  const sink = {
    name,
    events: [] as TelemetryEvent[],
    closed: 0,
    accept: (event: TelemetryEvent) => void sink.events.push(event),
    close: async () => {
      sink.closed += 1
    },
  }
  return sink
}

/** A folder of the running test's own, gone with it. */
export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-telemetry-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}
