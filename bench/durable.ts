import { existsSync } from 'node:fs'
import { serviceCore } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, figure } from './figure.ts'
import { playGames } from './load.ts'
import { startOtto, temporaryFolder } from './service.ts'
import { median } from './statistics.ts'

/** A file system in memory: the same writes and syncs, which cost nothing there and keep nothing. */
const memory = '/dev/shm'
const rounds = 3

/** Moves on a ledger that is synced to disk beside moves on one that is not. */
export async function measureDurable(): Promise<readonly Figure[]> {
  const heading = { bench: 'durable', what: 'moves on a disk / in memory, one core', bound: atLeast(0.97, 1) }
  if (!existsSync(memory)) return [{ ...heading, notMeasured: `there is no ${memory}` }]
  const disk: number[] = []
  const ram: number[] = []
  // In turns, so that whatever else the machine does hits both.
  for (let round = 0; round < rounds; round++) {
    disk.push(await movesIn(undefined))
    ram.push(await movesIn(memory))
  }
  return [
    figure(
      heading,
      { what: 'synced', value: median(disk), unit: '/s' },
      { what: 'in memory', value: median(ram), unit: '/s' },
    ),
  ]
}

async function movesIn(parent: string | undefined): Promise<number> {
  const folder = await temporaryFolder(parent)
  const service = await startOtto({ cores: serviceCore, folder: folder.path })
  try {
    return (await playGames(service, { games: 320 })).perSecond
  } finally {
    await service.stop()
    await folder.remove()
  }
}
