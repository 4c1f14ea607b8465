import { join } from 'node:path'
import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import type { SoakSample } from './processes/soak.ts'
import { temporaryFolder } from './service.ts'
import { slope } from './statistics.ts'

const bench = 'soak'
/** A longer run is asked for by BENCH_SOAK_GAMES. */
const games = Number(process.env['BENCH_SOAK_GAMES'] ?? 24_000)
/** Half, which has to be more than the 10,000 games that the service remembers: filling its memory is no leak. */
const warmGames = Math.ceil(games / 2)
const parts = 12

/** Many short games, written down in a file, on a ledger in another process: does what this side holds grow with them? */
export async function measureSoak(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  try {
    const size = Math.ceil((games - warmGames) / parts)
    const args = [join(folder.path, 'otto.sqlite'), ...[warmGames, parts, size].map(String)]
    const options = { flags: ['--expose-gc'], cores: [] }
    return figures(await runProgram<readonly SoakSample[]>('soak', args, options))
  } finally {
    await folder.remove()
  }
}

function figures(samples: readonly SoakSample[]): readonly Figure[] {
  const [first] = samples
  if (first === undefined) throw new Error('Nothing was measured.')
  const later = samples.slice(samples.length >> 1)
  const most = (what: 'resident' | 'descriptors') => Math.max(...later.map((each) => each[what]))
  const since = `after ${warmGames}`
  return [
    figure(
      { bench, what: `memory held a game, by its slope over ${samples.at(-1)?.games} ${since}, B`, bound: atMost(128) },
      { what: 'a game', value: slope(samples.map((each) => [each.games, each.held])), unit: 'B' },
      { what: 'a B', value: 1, unit: 'B' },
    ),
    figure(
      { bench, what: `resident memory, most in the second half / ${since}`, bound: atMost(1.1) },
      { what: 'most', value: most('resident') / 2 ** 20, unit: 'MiB' },
      { what: 'at first', value: first.resident / 2 ** 20, unit: 'MiB' },
    ),
    figure(
      { bench, what: `open descriptors, most in the second half / ${since}`, bound: atMost(1) },
      { what: 'most', value: most('descriptors'), unit: '' },
      { what: 'at first', value: first.descriptors, unit: '' },
    ),
  ]
}
