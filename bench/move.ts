import { join } from 'node:path'
import { programPath, runProgram, serviceCore } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, atMost, figure } from './figure.ts'
import { moveConnections, playGames, withLoad } from './load.ts'
import { pinning } from './machine.ts'
import type { LoadAnswer } from './processes/load.ts'
import type { Breakdown } from './profile.ts'
import { readBreakdown } from './profile.ts'
import type { ServiceOptions } from './service.ts'
import { startOtto, temporaryFolder } from './service.ts'
import { median } from './statistics.ts'

type Ceiling = { readonly signMs: number; readonly verifyMs: number; readonly perSecond: number }

const bench = 'move'
/** Games in each phase of the profile, of nine moves each. */
const phaseGames = 224
const movesOfADraw = 9
const ceiling = () => runProgram<Ceiling>('ceiling')

async function playOn(options: ServiceOptions, load?: readonly number[]): Promise<LoadAnswer> {
  const service = await startOtto(options)
  try {
    return await playGames(service, load === undefined ? {} : { cores: load })
  } finally {
    await service.stop()
  }
}

/** Moves over HTTP beside what signing and verifying alone allow. */
export async function measureMove(): Promise<readonly Figure[]> {
  const ceilings = [await ceiling()]
  const one = await playOn({ cores: serviceCore })
  ceilings.push(await ceiling())
  // Two cores, one process: the load generator shares them, as it does on the machine of whoever tries it.
  const two = await playOn({ cores: [] }, [])
  ceilings.push(await ceiling())
  const profile = await profileMoves()
  const perSecond = median(ceilings.map((each) => each.perSecond))
  const right = { what: 'C', value: perSecond, unit: '/s' }
  const left = ({ perSecond: value }: LoadAnswer) => ({ what: 'moves', value, unit: '/s' })
  return [
    figure(
      { bench, what: '32 connections, one core, / C', bound: atLeast(0.68, 0.74), note: pinning },
      left(one),
      right,
    ),
    figure({ bench, what: 'the same, two cores, / C', bound: atLeast(1.1, 1.3) }, left(two), right),
    await measureNative(one),
    figure(
      { bench, what: 'p99 / p50 at 32 connections', bound: atMost(2.5, 2) },
      { what: 'p99', value: one.p99, unit: 'ms' },
      { what: 'p50', value: one.p50, unit: 'ms' },
    ),
    shareFigure(profile),
  ]
}

async function measureNative(without: LoadAnswer): Promise<Figure> {
  const what = 'libsecp256k1 in the place of noble and node:crypto / without'
  const bound = atLeast(3.5, 4.2)
  const { problem } = await runProgram<{ problem: string | null }>('native-check')
  if (problem !== null) return { bench, what, bound, notMeasured: problem }
  const native = await playOn({ cores: serviceCore, flags: ['--import', programPath('native-signing')] })
  return figure(
    { bench, what, bound, note: 'put in by the bench; the service has no such switch' },
    { what: 'native', value: native.perSecond, unit: '/s' },
    { what: 'without', value: without.perSecond, unit: '/s' },
  )
}

/**
 * Where the CPU of a move goes. On all cores: on one, the main thread would be seen waiting inside whatever call woke
 * another thread.
 */
async function profileMoves(): Promise<Breakdown> {
  const folder = await temporaryFolder()
  const file = join(folder.path, 'profile.json')
  const flags = ['--import', programPath('profile')]
  const { path } = folder
  const service = await startOtto({ cores: [], flags, folder: path, env: { BENCH_PROFILE: file } })
  try {
    const { port } = service
    const counted = await withLoad(async (send) => {
      const play = (games: number) => send({ kind: 'play', port, connections: moveConnections, games })
      await send({ kind: 'prepare', port, connections: moveConnections, games: 3 * phaseGames })
      await play(phaseGames) // warm
      service.signal('SIGUSR2')
      await play(phaseGames)
      service.signal('SIGUSR2')
      await play(phaseGames)
      service.signal('SIGUSR2')
      return phaseGames * movesOfADraw
    }, [])
    return await readBreakdown(file, counted)
  } finally {
    await service.stop()
    await folder.remove()
  }
}

function shareFigure({ us, totalUs }: Breakdown): Figure {
  const pure = ['evaluate', 'canonical JSON', 'hashing'].reduce((sum, name) => sum + (us[name] ?? 0), 0)
  const share = figure(
    { bench, what: 'evaluation + canonical JSON + hashing, share of the CPU of a move', bound: atMost(0.07, 0.05) },
    { what: 'these', value: pure, unit: 'µs' },
    { what: 'a move', value: totalUs, unit: 'µs' },
  )
  return { ...share, parts: us }
}
