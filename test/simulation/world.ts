import type { Log } from '../../src/core/log.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { openDevnet } from '../../src/devnet/devnet.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { createEngine } from '../../src/fiber/engine.ts'
import type { Chance } from './chance.ts'
import type { SimulatedDatabase } from './database.ts'
import { createSimulatedDatabase } from './database.ts'
import type { Network } from './network.ts'
import { createNetwork } from './network.ts'
import type { Time } from './time.ts'
import { createMortalClock, createTime } from './time.ts'
import type { Truth } from './truth.ts'
import { watchTruth } from './truth.ts'
import { verifier } from './verifier.ts'
import type { Climate } from './weather.ts'
import { chooseClimate } from './weather.ts'

/** Everything around the bridges of one seed: time, the ledger, the lines to it, the disk, and what really happened. */
export type World = {
  readonly time: Time
  readonly chance: Chance
  readonly climate: Climate
  readonly devnet: Devnet
  readonly network: Network
  readonly database: SimulatedDatabase
  readonly truth: Truth
  readonly trace: (line: string) => void
  /** What went wrong inside parts that have nobody to tell it to. */
  readonly faults: string[]
  /** A log that keeps errors, for they would be bugs. */
  readonly log: Log
}

/** One for all worlds of a process: it holds compiled programs, and nothing else. */
const engine = createEngine()

export async function openWorld(chance: Chance, keepTrace: (line: string) => void): Promise<World> {
  const time = createTime()
  const climate = chooseClimate(chance.fork('climate'))
  const trace = (line: string) => keepTrace(`${time.nowMs().toFixed(3).padStart(12)} ${line}`)
  const truth = watchTruth(engine, time.nowMs)
  const faults: string[] = []
  const log: Log = {
    info: () => {},
    warn: () => {},
    error: (fields, message) => faults.push(`${message}: ${String((fields as { err?: unknown }).err)}`),
  }
  const ids = chance.fork('ledger')
  const devnet = await openDevnet({
    dialect: createDialect(climate.dialect),
    dataDir: null,
    snapshotMs: climate.snapshotMs,
    latencyMs: 0,
    lagOrdinals: climate.lagOrdinals,
    extensions: climate.extensions,
    clock: createMortalClock(time, () => 0),
    newId: ids.uuid,
    log,
    engine: truth.engine,
    verifier,
  })
  const parts = { time, trace }
  const network = createNetwork({ ...parts, devnet, chance: chance.fork('network'), weather: climate.network })
  const database = createSimulatedDatabase({
    ...parts,
    chance: chance.fork('disk'),
    weather: climate.disk,
    isShared: climate.bridges > 1,
  })
  return { time, chance, climate, devnet, network, database, truth, trace, faults, log }
}
