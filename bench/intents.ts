import { programPath, serviceCore } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, atMost, figure } from './figure.ts'
import { moveConnections, withLoad } from './load.ts'
import { startOtto } from './service.ts'
import { median } from './statistics.ts'

const bench = 'intents'
const rounds = 3
const games = { warm: 128, many: 320, alone: 40 }

/** Moves a second at 32 connections, and the p50 of a move at one, ms. */
type Played = { readonly perSecond: number; readonly p50: number }

/** Moves that are written down before they are sent beside moves that are only remembered. */
export async function measureIntents(): Promise<readonly Figure[]> {
  const on: Played[] = []
  const off: Played[] = []
  // In turns, so that whatever else the machine does hits both.
  for (let round = 0; round < rounds; round++) {
    on.push(await playWith([]))
    off.push(await playWith(['--import', programPath('memory-records')]))
  }
  const middle = (all: readonly Played[], what: keyof Played) => median(all.map((each) => each[what]))
  const note = 'put in by the bench; the service has no such switch'
  return [
    figure(
      { bench, what: 'moves with the log of intents / remembered only, 32 connections', bound: atLeast(0.85), note },
      { what: 'written down', value: middle(on, 'perSecond'), unit: '/s' },
      { what: 'remembered', value: middle(off, 'perSecond'), unit: '/s' },
    ),
    figure(
      { bench, what: 'p50 of a move at one connection, with the log / without', bound: atMost(1.4) },
      { what: 'written down', value: middle(on, 'p50'), unit: 'ms' },
      { what: 'remembered', value: middle(off, 'p50'), unit: 'ms' },
    ),
  ]
}

async function playWith(flags: readonly string[]): Promise<Played> {
  const service = await startOtto({ cores: serviceCore, flags })
  const { port } = service
  const connections = moveConnections
  try {
    return await withLoad(async (send) => {
      await send({ kind: 'prepare', port, connections, games: games.warm + games.many + games.alone })
      await send({ kind: 'play', port, connections, games: games.warm })
      const { perSecond } = await send({ kind: 'play', port, connections, games: games.many })
      const { p50 } = await send({ kind: 'play', port, connections: 1, games: games.alone })
      return { perSecond, p50 }
    })
  } finally {
    await service.stop()
  }
}
