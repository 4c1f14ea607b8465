import type { Worker } from './child.ts'
import { loadCore, serviceCore, startWorker } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, atMost, figure } from './figure.ts'
import { moveConnections } from './load.ts'
import type { OverloadAnswer, OverloadRequest } from './processes/overload-load.ts'
import { startOtto, temporaryFolder } from './service.ts'

const bench = 'overload'
const times = 10
/** Enough that ten times the capacity can be under way, and fewer than may be connected. */
const stormConnections = 500
const seconds = 6
/** What one caller may write by default in that time. @see OTTO_RATE_WRITES */
const allowed = 10 * seconds + 40

type Storm = { readonly storm: OverloadAnswer; readonly probes: OverloadAnswer }

/** Ten times as many writes as the service can do: what it still does, and whether it says that it lives. */
export async function measureOverload(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  const [load, probe] = [startWorker('overload-load', loadCore), startWorker('overload-load', loadCore)]
  // Its own limits at their defaults, but first for the one of each caller: here one caller stands for many.
  const env = { OTTO_MAX_LOOP_DELAY_MS: '200' }
  try {
    const { capacity, open } = await serving(folder.path, env, async (port) => {
      const ask = (request: OverloadRequest) => load.ask<OverloadAnswer>(request)
      await ask({ kind: 'prepare', port, games: 2 * moveConnections + 2 * stormConnections })
      await ask({ kind: 'write', port, connections: moveConnections, seconds: 2 }) // warms
      const alone = await ask({ kind: 'write', port, connections: moveConnections, seconds })
      const { donePerSecond } = alone
      return { capacity: donePerSecond, open: await stormOn(load, probe, port, times * donePerSecond) }
    })
    const rated = await serving(folder.path, { ...env, OTTO_RATE_LIMIT: 'on' }, (port) =>
      stormOn(load, probe, port, times * capacity),
    )
    return figures(capacity, open, rated)
  } finally {
    await Promise.all([load.stop(), probe.stop()])
    await folder.remove()
  }
}

async function serving<T>(folder: string, env: Record<string, string>, work: (port: number) => Promise<T>): Promise<T> {
  const service = await startOtto({ cores: serviceCore, folder, env })
  try {
    return await work(service.port)
  } finally {
    await service.stop()
  }
}

async function stormOn(load: Worker, probe: Worker, port: number, perSecond: number): Promise<Storm> {
  const probing = probe.ask<OverloadAnswer>({ kind: 'probe', port, seconds } satisfies OverloadRequest)
  const request: OverloadRequest = { kind: 'write', port, connections: stormConnections, seconds, perSecond }
  const storm = await load.ask<OverloadAnswer>(request)
  return { storm, probes: await probing }
}

function figures(capacity: number, open: Storm, rated: Storm): readonly Figure[] {
  const note = (storm: OverloadAnswer) => `${Math.round(storm.refusedPerSecond)} refused a second`
  const others = open.storm.others + rated.storm.others
  return [
    figure(
      {
        bench,
        what: `writes done of ${times} times the capacity / the capacity`,
        bound: atLeast(0.8),
        note: note(open.storm),
      },
      { what: 'done', value: open.storm.donePerSecond, unit: '/s' },
      { what: 'capacity', value: capacity, unit: '/s' },
    ),
    alive('p99 of /health/live meanwhile, ms', open),
    figure(
      {
        bench,
        what: 'the same from one caller at the default rate, writes done / allowed',
        bound: atLeast(0.8),
        note: note(rated.storm),
      },
      { what: 'done', value: rated.storm.donePerSecond * seconds, unit: '' },
      { what: 'allowed', value: allowed, unit: '' },
    ),
    alive('p99 of /health/live meanwhile, ms', rated),
    figure(
      { bench, what: 'of both, excess not answered by 429, 503 or 409 with `Retry-After`', bound: atMost(0) },
      { what: 'other answers', value: others, unit: '' },
      { what: 'one', value: 1, unit: '' },
    ),
  ]
}

const alive = (what: string, { probes }: Storm): Figure =>
  figure(
    { bench, what, bound: atMost(50) },
    { what: 'p99', value: probes.p99, unit: 'ms' },
    { what: 'a ms', value: 1, unit: 'ms' },
  )
