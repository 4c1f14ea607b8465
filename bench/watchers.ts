import { loadCore, serviceCore, startWorker } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, figure } from './figure.ts'
import { moveConnections } from './load.ts'
import type { WatchersAnswer, WatchersRequest } from './processes/watchers-load.ts'
import { startOtto } from './service.ts'
import { median } from './statistics.ts'

const bench = 'watchers'
const rounds = 3
/** Games that are played at once, each with a watcher of its own or none. */
const games = 500
const warming = 64

/** Moves while every game is watched beside moves that nobody watches. */
export async function measureWatchers(): Promise<readonly Figure[]> {
  const watched: number[] = []
  const alone: number[] = []
  // In turns, so that whatever else the machine does hits both.
  for (let round = 0; round < rounds; round++) {
    watched.push(await playWith(games))
    alone.push(await playWith(0))
  }
  const what = `moves in ${games} games with a watcher each / with none, ${moveConnections} connections`
  const note = 'the watchers read on the core of the load'
  return [
    figure(
      { bench, what, bound: atLeast(0.9), note },
      { what: 'watched', value: median(watched), unit: '/s' },
      { what: 'alone', value: median(alone), unit: '/s' },
    ),
  ]
}

/** @returns moves a second */
async function playWith(watchers: number): Promise<number> {
  const service = await startOtto({ cores: serviceCore })
  const worker = startWorker('watchers-load', loadCore)
  const play = (request: Omit<WatchersRequest, 'port' | 'connections'>) =>
    worker.ask<WatchersAnswer>({ port: service.port, connections: moveConnections, ...request })
  try {
    await play({ games: warming, watchers: 0 })
    const { perSecond, told } = await play({ games, watchers })
    const expected = watchers * movesOfGame
    if (told !== expected) throw new Error(`${told} moves were told of ${expected}.`)
    return perSecond
  } finally {
    await worker.stop()
    await service.stop()
  }
}

/** A drawn game. */
const movesOfGame = 9
