import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { programPath } from './child.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import type { Service } from './service.ts'
import { residentBytes, startOtto, startProgram, temporaryFolder } from './service.ts'
import { median } from './statistics.ts'

const bench = 'start'
const rounds = 7
const idleMs = 1_500

type Seen = { readonly startMs: number; readonly idleBytes: number }

/** The service beside an app of the same packages that does nothing, both with their code cached, in turns. */
export async function measureStart(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  const otto = () => startOtto({ cores: [], folder: folder.path })
  const empty = () => startProgram([programPath('empty-app')], { cores: [], log: join(folder.path, 'empty.log') })
  try {
    for (const start of [otto, empty]) await (await start()).stop() // makes the key stores and the cached code
    const ours: Seen[] = []
    const theirs: Seen[] = []
    for (let round = 0; round < rounds; round++) {
      ours.push(await observe(otto, round))
      theirs.push(await observe(empty, round))
    }
    return figuresOf(ours, theirs)
  } finally {
    await folder.remove()
  }
}

/** Memory is looked at in the first rounds alone: waiting until a process is idle takes longer than starting it. */
async function observe(start: () => Promise<Service>, round: number): Promise<Seen> {
  const service = await start()
  try {
    if (round < 3) await sleep(idleMs)
    return { startMs: service.startMs, idleBytes: round < 3 ? await residentBytes(service.pid) : Number.NaN }
  } finally {
    await service.stop()
  }
}

function figuresOf(ours: readonly Seen[], theirs: readonly Seen[]): readonly Figure[] {
  const startMs = (seen: readonly Seen[]) => median(seen.map((each) => each.startMs))
  const idleMiB = (seen: readonly Seen[]) => median(seen.slice(0, 3).map((each) => each.idleBytes / 2 ** 20))
  const app = 'an empty Fastify + swagger + zod + noble + undici app'
  return [
    figure(
      { bench, what: `spawn to the first 200 with both key stores / ${app}`, bound: atMost(1.35, 1.15) },
      { what: 'otto', value: startMs(ours), unit: 'ms' },
      { what: 'the app', value: startMs(theirs), unit: 'ms' },
    ),
    figure(
      { bench, what: 'idle resident memory / of that app', bound: atMost(1.25) },
      { what: 'otto', value: idleMiB(ours), unit: 'MiB' },
      { what: 'the app', value: idleMiB(theirs), unit: 'MiB' },
    ),
  ]
}
