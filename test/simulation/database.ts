import { StorageUnavailableError, StorageUncertainError } from '../../src/db/errors.ts'
import type { GameLocks, IntentLog, KeyStore, LoggedIntent } from '../../src/intent/intent.ts'
import type { Chance } from './chance.ts'
import type { Life } from './life.ts'
import type { Door, Parts, Tables } from './log.ts'
import { createIntents, createKeys } from './log.ts'
import type { Time } from './time.ts'
import { epochMs } from './time.ts'

/** How the disk under the log behaves. */
export type DiskWeather = {
  /** Chance that a write fails and stores nothing. */
  readonly fails: number
  /** Chance that a write is stored, and its answer is lost on the way: only where the database is elsewhere. */
  readonly answersLost: number
  /** One commit, milliseconds at most. */
  readonly latencyMs: number
}

/** One database in memory under all bridges of a world. What was written survives every bridge. */
export type SimulatedDatabase = {
  /** What a process that starts opens. `wallMs` is the clock of a database inside that process. */
  connect(bridgeId: string, life: Life, wallMs: () => number): Connection
  /** Every intent that was ever written, oldest first. */
  intents(): readonly LoggedIntent[]
  /** The disk takes nothing from now on, until it does again. */
  fill(isFull: boolean): void
  /** From now on no write fails. */
  calm(): void
  /** Trouble begins. */
  stir(): void
}

/** The parts of a bridge that stand on the database. */
export type Connection = { readonly intents: IntentLog; readonly keys: KeyStore; readonly locks: GameLocks }

export type DatabaseDeps = {
  readonly time: Time
  readonly chance: Chance
  readonly weather: DiskWeather
  /** Do several bridges write here, as into PostgreSQL? Else one at a time has it for itself, as with SQLite. */
  readonly isShared: boolean
  readonly trace: (line: string) => void
}

const leaseMs = 10_000
const renewMs = 2_000

export function createSimulatedDatabase(deps: DatabaseDeps): SimulatedDatabase {
  const { time, isShared, trace } = deps
  const tables: Tables = { rows: [], keys: new Map(), locks: new Map(), leases: new Map() }
  const disk: Disk = { isFull: false, isCalm: true }
  return {
    connect(bridgeId, life, wallMs) {
      const door = openDoor(deps, disk, life)
      const isHeld = isShared ? keepLease(tables.leases, bridgeId, door, deps, life) : alone(tables.leases, bridgeId)
      const isAlive = (id: string) => (tables.leases.get(id) ?? Number.NEGATIVE_INFINITY) > time.nowMs()
      const nowMs = isShared ? () => epochMs + Math.floor(time.nowMs()) : wallMs
      const parts: Parts = { tables, bridgeId, isAlive, isHeld, isShared, nowMs, trueMs: time.nowMs, trace, ...door }
      const locks = isShared ? gameLocks(parts, deps) : { hold: async () => async () => undefined }
      return { intents: createIntents(parts), keys: createKeys(parts), locks }
    },
    intents: () => tables.rows.map(({ intent, bornMs }) => ({ ...intent, createdMs: epochMs + bornMs })),
    fill(isFull) {
      trace(isFull ? 'the disk is full' : 'the disk has room')
      disk.isFull = isFull && !disk.isCalm
    },
    stir() {
      disk.isCalm = false
    },
    calm() {
      disk.isCalm = true
      disk.isFull = false
    },
  }
}

type Disk = { isFull: boolean; isCalm: boolean }

function openDoor({ time, chance, weather, isShared, trace }: DatabaseDeps, disk: Disk, life: Life): Door {
  const fails = (rate: number) => !disk.isCalm && chance.happens(rate)
  const store = <T>(change: () => T): T => {
    if (disk.isFull || fails(weather.fails)) {
      trace('the disk refuses')
      throw new StorageUnavailableError(new Error('The disk refuses.'))
    }
    return change()
  }
  const later = (change: () => unknown): void => {
    time.after(chance.between(0, 1_000), () => {
      if (life.isOver()) return // lost with the process that had not written it yet
      if (disk.isFull) later(change)
      else change()
    })
  }
  return {
    async read(look) {
      await life.step()
      await life.reach(time.sleep(chance.between(0, 1)))
      return look()
    },
    async write(change) {
      await life.step() // an end here: nothing is stored
      await life.reach(time.sleep(chance.between(0, weather.latencyMs)))
      const value = store(change)
      await life.step() // an end here: it is stored, and nobody was told
      if (isShared && fails(weather.answersLost)) {
        trace('the database stores, and its answer is lost')
        throw new StorageUncertainError(new Error('The connection is gone.'))
      }
      return value
    },
    later,
  }
}

/** The file's lock is the lease: whoever else is named there is gone. */
function alone(leases: Map<string, number>, bridgeId: string): () => boolean {
  leases.clear()
  leases.set(bridgeId, Number.POSITIVE_INFINITY)
  return () => true
}

/** By our clock it starts before the question, by the database's after it: ours ends first. */
function keepLease(
  leases: Map<string, number>,
  bridgeId: string,
  { write }: Door,
  { time }: DatabaseDeps,
  life: Life,
): () => boolean {
  let renewedMs = time.nowMs()
  leases.set(bridgeId, renewedMs + leaseMs)
  const renew = async (): Promise<void> => {
    const startedMs = time.nowMs()
    await write(() => leases.set(bridgeId, time.nowMs() + leaseMs)).then(
      () => {
        renewedMs = startedMs
      },
      () => undefined, // tried again
    )
    schedule()
  }
  const schedule = () => time.after(renewMs, () => life.isOver() || void renew())
  schedule()
  return () => time.nowMs() - renewedMs < leaseMs
}

/** How often a bridge looks whether a game is free. */
const askAgainMs = 150

function gameLocks({ tables: { locks }, bridgeId, isAlive, isHeld, write }: Parts, { time }: DatabaseDeps): GameLocks {
  let holds = 0
  const take = (gameId: string, hold: number) =>
    write(() => {
      const lock = locks.get(gameId)
      if (lock !== undefined && lock.holder !== bridgeId && isAlive(lock.holder)) return false
      locks.set(gameId, { holder: bridgeId, hold })
      return true
    })
  return {
    async hold(gameId, signal) {
      const hold = ++holds
      const isOurs = () => locks.get(gameId)?.holder === bridgeId && locks.get(gameId)?.hold === hold
      const release = () => orLater(write, () => void (isOurs() && locks.delete(gameId)), time)
      for (;;) {
        signal.throwIfAborted()
        if (!isHeld()) throw new StorageUnavailableError(new Error('The lease has lapsed.'))
        const isTaken = await take(gameId, hold).catch(async (error: unknown) => {
          await release()
          throw error
        })
        if (isTaken && !signal.aborted) return release
        if (isTaken) await release()
        await orWoken(time.sleep(askAgainMs), signal)
      }
    },
  }
}

/** Tried until it is stored: while a bridge lives, nobody else frees its locks. */
async function orLater(write: Door['write'], change: () => void, time: Time): Promise<void> {
  await write(change).catch(() => {
    time.after(500, () => void orLater(write, change, time))
  })
}

/** The wait, or a rejection with the signal's reason. */
function orWoken(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  wait.then(resolve, reject)
  return promise
}
