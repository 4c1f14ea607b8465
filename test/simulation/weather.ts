import type { DialectName } from '../../src/dialect/dialect.ts'
import type { Chance } from './chance.ts'
import type { DiskWeather } from './database.ts'
import type { Weather } from './network.ts'
import { postFaults, readFaults } from './network.ts'

/** How one world is: a ledger of some kind, lines and disks of some badness, and what befalls its bridges. */
export type Climate = {
  readonly dialect: DialectName
  readonly extensions: boolean
  readonly snapshotMs: number
  readonly lagOrdinals: number
  readonly network: Weather
  readonly disk: DiskWeather
  /** Several bridges on one database, as with PostgreSQL; one has the disk for itself. */
  readonly bridges: number
  /** How many times a bridge dies, at a step of its own or at some moment. */
  readonly crashes: number
  readonly crashBySteps: boolean
  /** Times at which a layer goes away for a while, and a disk is full for a while. */
  readonly cuts: number
  readonly fullDisks: number
  /** How far a wall clock may be off, milliseconds, jumping at any moment. */
  readonly clockSkewMs: number
  /** Does trouble begin only once the games are there? */
  readonly startsCalm: boolean
  readonly games: number
  /** In each game. */
  readonly clients: number
  /** Things that each client wants. */
  readonly wishes: number
}

/**
 * Few kinds of trouble at a time, each often: a world in which everything goes wrong a little gets nowhere interesting.
 * @see swarm testing (Groce et al., 2012)
 */
export function chooseClimate(chance: Chance): Climate {
  const isBad = chance.happens(0.9)
  const some = <Name extends string>(names: readonly Name[], highest: number): { readonly [name in Name]?: number } => {
    const chosen = names.filter(() => isBad && chance.happens(0.3))
    const rates = chosen.map((name) => [name, chance.between(0.02, highest)] as const)
    return Object.fromEntries(rates) as { readonly [name in Name]?: number }
  }
  const times = (probability: number, most: number) =>
    isBad && chance.happens(probability) ? 1 + chance.below(most) : 0
  return {
    dialect: chance.pick(['workchain', 'ottochain']),
    extensions: chance.happens(0.5),
    snapshotMs: chance.pick([500, 1_000, 3_000, 5_000]),
    lagOrdinals: chance.pick([0, 0, 0, 1, 2]),
    network: {
      posts: some(postFaults, 0.3),
      reads: some(readFaults, 0.15),
      latencyMs: chance.pick([2, 20, 150, 1_000]),
      hints: chance.happens(0.5),
    },
    disk: {
      answersLost: isBad && chance.happens(0.2) ? chance.between(0.01, 0.1) : 0,
      fails: isBad && chance.happens(0.2) ? chance.between(0.01, 0.2) : 0,
      latencyMs: chance.pick([1, 5, 50]),
    },
    bridges: chance.happens(0.35) ? 2 : 1,
    crashes: times(0.5, 3),
    crashBySteps: chance.happens(0.7),
    cuts: times(0.3, 2),
    fullDisks: times(0.15, 2),
    clockSkewMs: isBad && chance.happens(0.2) ? 3_600_000 : 0,
    startsCalm: chance.happens(0.75),
    games: chance.happens(0.15) ? 2 : 1,
    clients: chance.pick([1, 1, 1, 2, 3]),
    wishes: 2 + chance.below(4),
  }
}
