import { runProgram } from './child.ts'
import type { Bound, Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import { withLoad } from './load.ts'
import type { LoadAnswer, LoadRequest } from './processes/load.ts'
import { startOtto } from './service.ts'
import { median, slope } from './statistics.ts'

const bench = 'growth'
const fewGames = 10
const manyGames = 10_000
const rounds = 5
/** Rounds that do not count: what serves few games has to become as warm as what made many. */
const warming = 5

/** What a move and a read cost beside many games, over HTTP and in the engine alone. */
export async function measureGrowth(): Promise<readonly Figure[]> {
  return [...(await measureService()), await measureEngine()]
}

type Times = { readonly move: number; readonly read: number }
type Send = (request: LoadRequest) => Promise<LoadAnswer>

/**
 * Both services run at once and are asked in turns, one call at a time: p50 of a call, not of a queue. The same ten games
 * are played in both, as often; the one difference is what lies beside them.
 */
async function measureService(): Promise<readonly Figure[]> {
  const [small, large] = [await startOtto({ cores: [] }), await startOtto({ cores: [] })]
  try {
    return await withLoad((few) =>
      withLoad(async (many) => {
        await prepare(few, small.port, fewGames)
        await prepare(many, large.port, manyGames)
        const times: { readonly few: Times; readonly many: Times }[] = []
        for (let round = 0; round < warming + rounds; round++)
          times.push({ few: await timesOf(few, small.port), many: await timesOf(many, large.port) })
        const counted = times.slice(warming)
        const row = (what: keyof Times, bound: Bound) =>
          figure(
            { bench, what: `p50 of a ${what} over HTTP with 10,000 games / with 10`, bound },
            { what: '10,000', value: median(counted.map((each) => each.many[what])), unit: 'ms' },
            { what: '10', value: median(counted.map((each) => each.few[what])), unit: 'ms' },
          )
        return [row('move', atMost(1.1)), row('read', atMost(1.1))]
      }),
    )
  } finally {
    await Promise.all([small.stop(), large.stop()])
  }
}

/** The ten that are played come first. */
async function prepare(send: Send, port: number, games: number): Promise<void> {
  await send({ kind: 'prepare', port, connections: 1, games: fewGames })
  if (games > fewGames) await send({ kind: 'prepare', port, connections: 32, games: games - fewGames })
}

/** 320 moves, and reads of all games for most of a second. */
async function timesOf(send: Send, port: number): Promise<Times> {
  const move = await send({ kind: 'replay', port, games: fewGames, rounds: 40 })
  const read = await send({ kind: 'repeat', port, connections: 1, seconds: 0.7, what: 'tool' })
  return { move: move.p50, read: read.p50 }
}

async function measureEngine(): Promise<Figure> {
  const flags = ['--max-old-space-size=6144']
  const points = await runProgram<{ games: number; us: number }[]>('engine-growth', [], { flags })
  const [first, last] = [points[0], points.at(-1)]
  return figure(
    { bench, what: 'engine alone: slope of log cost over log games, 100 → 100,000', bound: atMost(0.06, 0.04) },
    { what: '100,000', value: last?.us ?? Number.NaN, unit: 'µs' },
    { what: '100', value: first?.us ?? Number.NaN, unit: 'µs' },
    slope(points.map(({ games, us }) => [Math.log(games), Math.log(us)])),
  )
}
