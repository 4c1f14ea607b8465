import { join } from 'node:path'
import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import type { Sample } from './processes/_sample.ts'
import { temporaryFolder } from './service.ts'
import { steadyFigures } from './steady.ts'

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
    const samples = await runProgram<readonly Sample[]>('soak', args, options)
    return steadyFigures({ bench: 'soak', one: 'a game', warm: warmGames, bound: 128 }, samples)
  } finally {
    await folder.remove()
  }
}
