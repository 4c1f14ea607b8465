import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import { openBridgeLease } from '../../src/intent/bridge-lease.ts'
import { createGameLocks, noLocks } from '../../src/intent/game-locks.ts'
import type { IntentLog } from '../../src/intent/intent.ts'
import { systemClock } from '../../src/system.ts'
import { eventually, recordingLog } from '../db/kit.ts'
import { hasPostgres, postgresName } from '../postgres.ts'
import type { Bridge, World } from './kit.ts'
import { engines, intentOf, lapse } from './kit.ts'

const newestOwed = async (log: IntentLog, gameId: string) => (await log.owedIn(gameId)).at(-1)

const soon = () => AbortSignal.timeout(300)
const inTime = () => AbortSignal.timeout(15_000)

describe.skipIf(!hasPostgres)(postgresName, () => {
  let world: World
  let one: Bridge
  let other: Bridge
  beforeAll(async () => {
    const opened = await engines.find(({ name }) => name === postgresName)?.open()
    if (opened === undefined) return expect.unreachable()
    world = opened
    one = await world.bridge()
    other = await world.bridge()
  })
  afterAll(() => world.close())

  describe('the lock of a game', () => {
    test('keeps others out until it is given back', async () => {
      const game = crypto.randomUUID()
      const release = await one.locks.hold(game, inTime())
      await expect(other.locks.hold(game, soon())).rejects.toHaveProperty('name', 'TimeoutError')
      let isTaken = false
      const waiting = other.locks.hold(game, inTime()).then((free) => {
        isTaken = true
        return free
      })
      await sleep(50)
      expect(isTaken).toBe(false)
      await release()
      await (await waiting)()
    })

    test('goes to one of many that wait', async () => {
      const game = crypto.randomUUID()
      const bridges = await Promise.all([world.bridge(), world.bridge(), world.bridge(), world.bridge()])
      let inside = 0
      let most = 0
      const visits = bridges.map(async ({ locks }) => {
        for (let visit = 0; visit < 3; visit++) {
          const release = await locks.hold(game, inTime())
          inside++
          most = Math.max(most, inside)
          await sleep(5)
          inside--
          await release()
        }
      })
      await Promise.all(visits)
      expect(most).toBe(1)
    })

    test('of a dead bridge is taken over', async () => {
      const game = crypto.randomUUID()
      const dead = await world.bridge()
      await dead.locks.hold(game, inTime())
      await lapse(dead)
      const release = await other.locks.hold(game, inTime())
      await expect(one.locks.hold(game, soon())).rejects.toHaveProperty('name', 'TimeoutError')
      await release()
    })

    test('given back late frees no later hold of the same bridge', async () => {
      const game = crypto.randomUUID()
      const early = await one.locks.hold(game, inTime())
      const late = await one.locks.hold(game, inTime())
      await early()
      await expect(other.locks.hold(game, soon())).rejects.toHaveProperty('name', 'TimeoutError')
      await late()
      await (await other.locks.hold(game, inTime()))()
    })

    test('is not waited for by who has gone already', async () => {
      const reason = new Error('gone')
      await expect(one.locks.hold(crypto.randomUUID(), AbortSignal.abort(reason))).rejects.toBe(reason)
    })

    test('is given back though the database was away', async () => {
      const game = crypto.randomUUID()
      let isAway = false
      const unsteady: Database = {
        ...world.database,
        write: (statements) =>
          isAway ? Promise.reject(new StorageUnavailableError(new Error('away'))) : world.database.write(statements),
      }
      const { id: bridgeId } = one
      const locks = createGameLocks({ database: unsteady, bridgeId, clock: systemClock, random: Math.random })
      const release = await locks.hold(game, inTime())
      isAway = true
      await expect(release()).resolves.toBeUndefined()
      await (await other.locks.hold(game, inTime()))()
    })

    test('is left free by who stopped waiting while it was given to him', async () => {
      const game = crypto.randomUUID()
      const stop = new AbortController()
      const slow: Database = {
        ...world.database,
        async write(statements) {
          const value = await world.database.write(statements)
          stop.abort()
          await sleep(20)
          return value
        },
      }
      const { id: bridgeId } = one
      const locks = createGameLocks({ database: slow, bridgeId, clock: systemClock, random: Math.random })
      await expect(locks.hold(game, stop.signal)).rejects.toHaveProperty('name', 'AbortError')
      await (await other.locks.hold(game, inTime()))()
    })

    test('is not given to a bridge whose lease has lapsed', async () => {
      const { id: bridgeId, database } = one
      const locks = createGameLocks({
        database,
        bridgeId,
        clock: systemClock,
        random: Math.random,
        isHeld: () => false,
      })
      await expect(locks.hold(crypto.randomUUID(), inTime())).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    })
  })

  describe('an intent', () => {
    test('is prepared only under the lock of its game', async () => {
      const intent = intentOf()
      expect(await one.log.prepare(intent)).toBe(false)
      const release = await other.own(intent.gameId)
      expect(await one.log.prepare(intent)).toBe(false)
      expect(await other.log.prepare(intent)).toBe(true)
      await release()
      await other.log.settle(intent.id, { state: 'abandoned' })
    })

    test('is not prepared by a bridge that was taken for dead, and did not know', async () => {
      const paused = await world.bridge()
      const { gameId, slot } = intentOf()
      await paused.own(gameId)
      await lapse(paused)
      const release = await other.own(gameId)
      expect(await other.log.prepare(intentOf({ gameId, slot }))).toBe(true)
      expect(await paused.log.prepare(intentOf({ gameId, slot: 'another' }))).toBe(false)
      await release()
      for (const { id } of await other.log.adoptOpen(100)) await other.log.settle(id, { state: 'abandoned' })
    })

    test('of a bridge that lives is followed by it alone, and seen by all', async () => {
      const intent = intentOf()
      const release = await one.own(intent.gameId)
      await one.log.prepare(intent)
      await release()
      expect((await other.log.adoptOpen(100)).map(({ id }) => id)).not.toContain(intent.id)
      expect((await one.log.adoptOpen(100)).map(({ id }) => id)).toContain(intent.id)
      expect((await newestOwed(other.log, intent.gameId))?.id).toBe(intent.id)
      await one.log.settle(intent.id, { state: 'abandoned' })
    })

    test('of a dead bridge goes to one of those that reach for it', async () => {
      const dead = await world.bridge()
      const intents = Array.from({ length: 20 }, () => intentOf())
      for (const intent of intents) {
        await dead.own(intent.gameId)
        await dead.log.prepare(intent)
      }
      await lapse(dead)
      const heirs = await Promise.all(Array.from({ length: 4 }, () => world.bridge()))
      await Promise.all(heirs.map(({ log }) => log.adoptOpen(100)))
      const each = await Promise.all(heirs.map(({ log }) => log.adoptOpen(100)))
      const found = each.flat().map(({ id }) => id)
      expect(found.sort()).toEqual(intents.map(({ id }) => id).sort())
      for (const id of found) await one.log.settle(id, { state: 'abandoned' })
    })
  })

  describe('a request key', () => {
    test('that another bridge is at is running there', async () => {
      await one.keys.claim('p', 'running', 'f')
      expect(await other.keys.claim('p', 'running', 'f')).toEqual({ kind: 'running' })
      expect(await other.keys.claim('p', 'running', 'g')).toEqual({ kind: 'other' })
      await other.keys.release('p', 'running')
      expect(await other.keys.claim('p', 'running', 'f')).toEqual({ kind: 'running' })
      await one.keys.settle('p', 'running', { a: 1 })
      expect(await other.keys.claim('p', 'running', 'f')).toEqual({ kind: 'final', outcome: { a: 1 } })
    })

    test.each([{ from: 'nobody' }, { from: 'the dead' }])(
      'of many claims at once on $from, one has it',
      async ({ from }) => {
        const key = crypto.randomUUID()
        if (from === 'the dead') {
          const dead = await world.bridge()
          await dead.keys.claim('p', key, 'f')
          await lapse(dead)
        }
        const bridges = await Promise.all(Array.from({ length: 6 }, () => world.bridge()))
        const claims = await Promise.all(bridges.map(({ keys }) => keys.claim('p', key, 'f')))
        const kinds = claims.map(({ kind }) => kind).sort()
        expect(kinds).toEqual(['ours', ...Array.from({ length: 5 }, () => 'running')])
      },
    )
  })

  describe('a lease', () => {
    test('is renewed as long as its bridge lives', async () => {
      const { lease, id } = await world.bridge({ leaseMs: 2_000, renewMs: 50 })
      const until = async () =>
        (await world.database.query.selectFrom('bridges').select('until_ms').where('id', '=', id).execute())[0]
          ?.until_ms ?? 0
      const first = await until()
      expect(await eventually(until, (now) => now > first)).toBeGreaterThan(first)
      expect(lease.isHeld()).toBe(true)
      await lease.close()
      expect(lease.isHeld()).toBe(false)
      await sleep(200)
      expect(await until()).toBe(0)
    })

    test('is not held when the database was away for its length, and is again when it is back', async () => {
      let isAway = false
      const log = recordingLog()
      const unsteady: Database = {
        ...world.database,
        write: (statements) =>
          isAway ? Promise.reject(new StorageUnavailableError(new Error('away'))) : world.database.write(statements),
      }
      const bridgeId = crypto.randomUUID()
      const lease = await openBridgeLease({
        database: unsteady,
        bridgeId,
        clock: systemClock,
        log,
        leaseMs: 2_000,
        renewMs: 50,
      })
      onTestFinished(() => lease.close())
      expect(lease.isHeld()).toBe(true)
      isAway = true
      expect(
        await eventually(
          async () => lease.isHeld(),
          (isHeld) => !isHeld,
        ),
      ).toBe(false)
      expect(log.lines[0]).toContain('not renewed')
      isAway = false
      expect(
        await eventually(
          async () => lease.isHeld(),
          (isHeld) => isHeld,
        ),
      ).toBe(true)
    })
  })
})

test('a bridge alone has every game by itself', async () => {
  const release = await noLocks.hold('g', AbortSignal.timeout(1_000))
  await expect(release()).resolves.toBeUndefined()
})

test('on SQLite a new bridge knows that all before it are gone', async () => {
  const world = await engines.find(({ name }) => name === 'SQLite')?.open()
  if (world === undefined) return expect.unreachable()
  await world.bridge()
  const { id, lease } = await world.bridge({ log: silentLog })
  const rows = await world.database.query.selectFrom('bridges').select('id').execute()
  expect(rows).toEqual([{ id }])
  expect(lease.isHeld()).toBe(true)
  await lease.close()
  expect(lease.isHeld()).toBe(false)
  await world.close()
})
