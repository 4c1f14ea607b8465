import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { StorageUncertainError } from '../../src/db/errors.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import type { Intent, IntentLog, Mark } from '../../src/intent/intent.ts'
import { createIntentLog } from '../../src/intent/intent-log.ts'
import { eventually } from '../db/kit.ts'
import type { Bridge, World } from './kit.ts'
import { age, engines, intentOf, lapse } from './kit.ts'

const newestOwed = async (log: IntentLog, gameId: string) => (await log.owedIn(gameId)).at(-1)

const day = 24 * 3_600_000
const mark: Mark = { scriptSequence: 2, machineId: 'm', machineSequence: 3 }
const confirmed = { state: 'confirmed', mark } as const

describe.each(engines)('$name', ({ isMissing, open }) => {
  let world: World
  let bridge: Bridge
  beforeAll(async () => {
    if (isMissing) return
    world = await open()
    bridge = await world.bridge()
  })
  afterAll(() => world?.close())

  /** Prepares it, under the game's lock. */
  async function prepare(intent: Intent, { log, own }: Bridge = bridge): Promise<boolean> {
    const release = await own(intent.gameId)
    try {
      return await log.prepare(intent)
    } finally {
      await release()
    }
  }

  async function prepared(given: Partial<Intent> = {}): Promise<Intent> {
    const intent = intentOf(given)
    expect(await prepare(intent)).toBe(true)
    return intent
  }

  describe.skipIf(isMissing)('an intent', () => {
    test('comes back byte for byte, as sent once', async () => {
      const intent = await prepared({ requestKey: 'k' })
      const before = Date.now()
      const logged = await newestOwed(bridge.log, intent.gameId)
      expect(logged).toEqual({
        ...intent,
        state: 'submitting',
        sends: 1,
        lastSentMs: expect.any(Number),
        createdMs: expect.any(Number),
        isDelivered: false,
        reason: undefined,
      })
      expect(JSON.stringify(logged?.messages)).toBe(JSON.stringify(intent.messages))
      expect(Math.abs((logged?.createdMs ?? 0) - before)).toBeLessThan(60_000)
      expect(logged?.lastSentMs).toBe(logged?.createdMs)
    })

    test('counts how often it was sent', async () => {
      const { id, gameId } = await prepared()
      await bridge.log.sending(id)
      await bridge.log.sending(id)
      const logged = await newestOwed(bridge.log, gameId)
      expect(logged?.sends).toBe(3)
      expect(logged?.lastSentMs).toBeGreaterThanOrEqual(logged?.createdMs ?? Number.NaN)
    })

    test('is accepted soon after it was said to be', async () => {
      const { id, gameId } = await prepared()
      bridge.log.accepted(id)
      const state = async () => (await newestOwed(bridge.log, gameId))?.state
      expect(await eventually(state, (found) => found === 'accepted')).toBe('accepted')
    })

    test('keeps its slot as long as it is open', async () => {
      const first = await prepared()
      const second = intentOf({ gameId: first.gameId, slot: first.slot })
      expect(await prepare(second)).toBe(false)
      bridge.log.accepted(first.id)
      expect(await prepare(second)).toBe(false)
      await bridge.log.settle(first.id, { state: 'rejected', reason: { code: 'INVALID_MOVE' } })
      expect(await prepare(second)).toBe(true)
      expect((await newestOwed(bridge.log, first.gameId))?.id).toBe(second.id)
    })

    test('of many at once for one slot, one is stored', async () => {
      const { gameId, slot } = intentOf()
      const release = await bridge.own(gameId)
      const stored = await Promise.all(Array.from({ length: 20 }, () => bridge.log.prepare(intentOf({ gameId, slot }))))
      await release()
      expect(stored.filter(Boolean)).toHaveLength(1)
    })

    test('is settled once', async () => {
      const { id, gameId } = await prepared()
      await bridge.log.settle(id, confirmed)
      await bridge.log.settle(id, { state: 'rejected', reason: { code: 'INVALID_MOVE' } })
      bridge.log.accepted(id)
      await bridge.log.settle(id, { state: 'abandoned' })
      expect(await newestOwed(bridge.log, gameId)).toMatchObject({ state: 'confirmed', reason: undefined })
    })

    test('that is not there is settled without a word', async () => {
      await expect(bridge.log.settle('nowhere', confirmed)).resolves.toBeUndefined()
    })
  })

  describe.skipIf(isMissing)('a game owes', () => {
    test('nothing at first', async () => {
      expect(await newestOwed(bridge.log, 'a new one')).toBeUndefined()
    })

    test('what is confirmed, until somebody was told', async () => {
      const { id, gameId } = await prepared()
      await bridge.log.settle(id, confirmed)
      expect(await newestOwed(bridge.log, gameId)).toMatchObject({ id, state: 'confirmed', isDelivered: false })
      bridge.log.delivered(id)
      expect(await newestOwed(bridge.log, gameId)).toBeUndefined() // at once, though the note is not stored yet
      const delivered = async () =>
        (await world.database.query.selectFrom('intents').select('delivered').where('id', '=', id).execute())[0]
          ?.delivered
      expect(await eventually(delivered, (found) => found === 1)).toBe(1)
    })

    test.each([{ state: 'rejected', reason: { code: 'INVALID_MOVE' } } as const, { state: 'abandoned' } as const])(
      'nothing for what is $state',
      async (settlement) => {
        const { id, gameId } = await prepared()
        await bridge.log.settle(id, settlement)
        expect(await newestOwed(bridge.log, gameId)).toBeUndefined()
      },
    )

    test('nothing for what a newer intent has passed', async () => {
      const older = await prepared()
      await bridge.log.settle(older.id, confirmed)
      const newer = await prepared({ gameId: older.gameId })
      await bridge.log.settle(newer.id, confirmed)
      bridge.log.delivered(newer.id)
      expect(await newestOwed(bridge.log, older.gameId)).toBeUndefined()
    })

    test('all that are open, oldest first', async () => {
      const older = await prepared()
      const newer = await prepared({ gameId: older.gameId })
      expect((await bridge.log.owedIn(older.gameId)).map(({ id }) => id)).toEqual([older.id, newer.id])
    })

    test('an open one, even behind a newer one that ended', async () => {
      const older = await prepared()
      const newer = await prepared({ gameId: older.gameId })
      await bridge.log.settle(newer.id, { state: 'abandoned' })
      expect((await newestOwed(bridge.log, older.gameId))?.id).toBe(older.id)
    })
  })

  describe.skipIf(isMissing)('the newest', () => {
    test('intent under a key is found, of that principal', async () => {
      const requestKey = crypto.randomUUID()
      const first = await prepared({ requestKey })
      await bridge.log.settle(first.id, { state: 'rejected', reason: { code: 'STATE_ERROR', details: { a: [1] } } })
      expect(await bridge.log.underKey('p', requestKey)).toMatchObject({
        id: first.id,
        state: 'rejected',
        reason: { code: 'STATE_ERROR', details: { a: [1] } },
      })
      const second = await prepared({ requestKey })
      expect((await bridge.log.underKey('p', requestKey))?.id).toBe(second.id)
      expect(await bridge.log.underKey('q', requestKey)).toBeUndefined()
      expect(await bridge.log.underKey('p', 'other')).toBeUndefined()
    })

    test('mark of a game is that of its newest confirmed intent which has one', async () => {
      const { id, gameId } = await prepared()
      expect(await bridge.log.markOf(gameId)).toBeUndefined()
      await bridge.log.settle(id, confirmed)
      expect(await bridge.log.markOf(gameId)).toEqual(mark)
      const next = await prepared({ gameId })
      await bridge.log.settle(next.id, { state: 'confirmed', mark: { ...mark, machineSequence: 4 } })
      const without = await prepared({ gameId })
      await bridge.log.settle(without.id, { state: 'confirmed', mark: undefined })
      await prepared({ gameId })
      expect(await bridge.log.markOf(gameId)).toEqual({ ...mark, machineSequence: 4 })
    })
  })

  describe.skipIf(isMissing)('what is old', () => {
    test('is kept while it is among the newest 100,000, or less than a day old', async () => {
      const { id, gameId } = await prepared()
      await bridge.log.settle(id, confirmed)
      await age(world.database, 2 * day)
      await bridge.log.prune()
      expect((await newestOwed(bridge.log, gameId))?.id).toBe(id)
    })
  })
})

describe.each(engines)('$name, with more than is kept', ({ isMissing, open }) => {
  test.skipIf(isMissing)(
    'old intents and keys go, open ones and a hundred thousand stay',
    { timeout: 60_000 },
    async () => {
      const world = await open()
      const { log, keys, own } = await world.bridge()
      const [old, stuck, young] = [intentOf(), intentOf(), intentOf()]
      for (const intent of [old, stuck]) {
        await own(intent.gameId)
        expect(await log.prepare(intent)).toBe(true)
      }
      await log.settle(old.id, confirmed)
      await keys.claim('p', 'old', 'f')
      await keys.settle('p', 'old', {})
      await age(world.database, 2 * day)
      await own(young.gameId)
      expect(await log.prepare(young)).toBe(true)
      await log.settle(young.id, confirmed)
      await fill(world, 'intents', young.id)
      await keys.claim('p', 'young', 'f')
      await keys.settle('p', 'young', {})
      await fill(world, 'request_keys', 'young')
      await log.prune()
      const { query } = world.database
      const left = await query
        .selectFrom('intents')
        .select('id')
        .where('id', 'in', [old.id, stuck.id, young.id])
        .execute()
      expect(left.map(({ id }) => id).sort()).toEqual([stuck.id, young.id].sort())
      const count = await query
        .selectFrom('intents')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .execute()
      expect(count).toEqual([{ count: 100_002 }])
      expect(
        await query.selectFrom('request_keys').select('key').where('key', 'in', ['old', 'young']).execute(),
      ).toEqual([{ key: 'young' }])
      await world.close()
    },
  )
})

/** A hundred thousand copies of a row. */
async function fill({ database }: World, table: 'intents' | 'request_keys', like: string): Promise<void> {
  const numbers = sql`with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 100000)`
  await database.write((transaction) =>
    (table === 'intents'
      ? sql`${numbers} insert into intents (id, owner, game_id, slot, principal, wish, trace_id, messages, hash, state, sends,
          last_sent_ms, facts, created_ms, settled_ms, delivered)
          select id || n, owner, 'filled', slot, principal, wish, trace_id, '[]', hash, state, sends,
          last_sent_ms, facts, created_ms, settled_ms, delivered from intents, numbers where id = ${like}`
      : sql`${numbers} insert into request_keys (principal, key, fingerprint, owner, outcome, created_ms, settled_ms)
          select principal, key || n, fingerprint, owner, outcome, created_ms, settled_ms
          from request_keys, numbers where key = ${like}`
    ).execute(transaction),
  )
}

describe.each(engines)('$name, after a bridge has died', ({ isMissing, open }) => {
  test.skipIf(isMissing)('its open intents go to the next, oldest first, and no others', async () => {
    const world = await open()
    const dead = await world.bridge()
    const intents = [intentOf(), intentOf(), intentOf(), intentOf()]
    for (const intent of intents) {
      await dead.own(intent.gameId)
      expect(await dead.log.prepare(intent)).toBe(true)
    }
    const [first, second, done, third] = intents
    await dead.log.settle(done?.id ?? '', confirmed)
    expect(await dead.log.countOpen()).toEqual({ open: 3, oldestMs: expect.any(Number) })
    await lapse(dead)
    const next = await world.bridge()
    expect((await next.log.adoptOpen(2)).map(({ id }) => id)).toEqual([first?.id, second?.id])
    const all = await next.log.adoptOpen(10)
    expect(all.map(({ id }) => id)).toEqual([first?.id, second?.id, third?.id])
    expect(all[0]?.messages).toEqual(first?.messages)
    for (const { id } of all) await next.log.settle(id, { state: 'abandoned' })
    expect(await next.log.adoptOpen(10)).toEqual([])
    expect(await next.log.countOpen()).toEqual({ open: 0, oldestMs: undefined })
    await world.close()
  })

  test.skipIf(isMissing)('its old unanswered keys go, those of the living stay', async () => {
    const world = await open()
    const dead = await world.bridge()
    await dead.keys.claim('p', 'dead', 'f')
    await lapse(dead)
    const next = await world.bridge()
    await next.keys.claim('p', 'living', 'f')
    await age(world.database, 2 * day)
    await next.log.prune()
    const rows = await world.database.query.selectFrom('request_keys').select('key').execute()
    expect(rows).toEqual([{ key: 'living' }])
    await world.close()
  })
})

describe('what may be stored', () => {
  test('is told as such, and is found and followed where it was', async () => {
    const database = await openSqlite({ path: ':memory:', log: silentLog })
    // Stores everything, and loses the answer: what a broken connection may do to a commit.
    const losing: typeof database = {
      ...database,
      async write(statements) {
        await database.write(statements)
        throw new StorageUncertainError(new Error('lost'))
      },
    }
    const intent = intentOf()
    const log = createIntentLog({ database: losing, bridgeId: 'b', isShared: false })
    await expect(log.prepare(intent)).rejects.toBeInstanceOf(StorageUncertainError)
    losing.write = database.write
    expect((await newestOwed(log, intent.gameId))?.id).toBe(intent.id)
    expect((await log.adoptOpen(10)).map(({ id }) => id)).toEqual([intent.id])
    await database.close()
  })

  test('without a lease nothing is prepared', async () => {
    const database = await openSqlite({ path: ':memory:', log: silentLog })
    const log = createIntentLog({ database, bridgeId: 'b', isShared: false, isHeld: () => false })
    await expect(log.prepare(intentOf())).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    expect(await log.countOpen()).toEqual({ open: 0, oldestMs: undefined })
    await database.close()
  })
})
