import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Buckets, Rates } from '../../src/core/buckets.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { openPostgres } from '../../src/db/open-postgres.ts'
import { createSharedBuckets } from '../../src/db/rate-counters.ts'
import { systemClock } from '../../src/system.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'
import { recordingLog } from './kit.ts'

const rates: Rates = {
  write: { perSecond: 1, burst: 20 },
  read: { perSecond: 50, burst: 2 },
  chat: { perSecond: 1, burst: 1 },
}

describe.skipIf(!hasPostgres)(`shared buckets: ${postgresName}`, () => {
  let server: Awaited<ReturnType<typeof createPostgresDatabase>>
  let databases: readonly [Database, Database]
  let bridges: readonly [Buckets, Buckets]
  beforeAll(async () => {
    server = await createPostgresDatabase()
    const open = () => openPostgres({ url: server.url, log: silentLog })
    databases = [await open(), await open()]
    const share = (database: Database) => createSharedBuckets({ database, rates, clock: systemClock, log: silentLog })
    bridges = [share(databases[0]), share(databases[1])]
  })
  afterAll(async () => {
    for (const database of databases) await database.close()
    await server.drop()
  })

  test('two bridges together let no more through than the burst', async () => {
    const calls = Array.from({ length: 60 }, (_, index) => bridges[index % 2 === 0 ? 0 : 1].take('together', 'write'))
    const taken = await Promise.all(calls)
    const passed = taken.filter(({ ok }) => ok).length
    expect(passed).toBeGreaterThanOrEqual(20)
    expect(passed).toBeLessThanOrEqual(23) // a token a second comes back meanwhile
    for (const one of taken)
      if (!one.ok) expect([one.retryAfterMs >= 1, one.retryAfterMs <= 1_000]).toEqual([true, true])
  })

  test('a bucket fills again by the clock of the database', async () => {
    const take = () => bridges[0].take('again', 'read')
    expect([(await take()).ok, (await take()).ok]).toEqual([true, true])
    await expect.poll(async () => (await take()).ok, { interval: 25, timeout: 5_000 }).toBe(true)
  })

  test('callers and kinds are apart', async () => {
    expect((await bridges[0].take('a', 'chat')).ok).toBe(true)
    expect((await bridges[1].take('a', 'chat')).ok).toBe(false)
    expect((await bridges[1].take('b', 'chat')).ok).toBe(true)
    expect((await bridges[1].take('a', 'read')).ok).toBe(true)
  })

  test('a clock that was set back gives nothing, and takes nothing away', async () => {
    await bridges[0].take('ahead', 'chat')
    await databases[0].query
      .updateTable('rate_counters')
      .set(({ eb }) => ({ at_ms: eb('at_ms', '+', 3_600_000), tokens: 1 }))
      .where('principal', '=', 'ahead')
      .execute()
    expect((await bridges[0].take('ahead', 'chat')).ok).toBe(true)
    expect((await bridges[0].take('ahead', 'chat')).ok).toBe(false)
  })

  test('who has been away for an hour is forgotten', async () => {
    const time = { ms: 0 }
    const clock = { ...systemClock, monotonicMs: () => time.ms }
    const buckets = createSharedBuckets({ database: databases[0], rates, clock, log: silentLog })
    await buckets.take('long gone', 'chat')
    const rows = () =>
      databases[0].query.selectFrom('rate_counters').select('principal').where('principal', '=', 'long gone').execute()
    await databases[0].query
      .updateTable('rate_counters')
      .set(({ eb }) => ({ at_ms: eb('at_ms', '-', 3_700_000) }))
      .where('principal', '=', 'long gone')
      .execute()
    await buckets.take('another', 'chat')
    expect(await rows()).toHaveLength(1)
    time.ms += 600_001
    await buckets.take('another', 'read')
    await expect.poll(rows, { timeout: 5_000 }).toEqual([])
  })
})

describe('a database that is away', () => {
  /** As much of a database as is asked; its every statement fails, or never ends. */
  const broken = (how: 'fails' | 'hangs') => {
    const asked = { times: 0 }
    const executor = {
      executeQuery: () => {
        asked.times += 1
        return how === 'fails' ? Promise.reject(new Error('connection refused')) : new Promise(() => {})
      },
      compileQuery: () => ({}),
      transformQuery: (node: unknown) => node,
      withPlugins: () => executor,
    }
    const query = { getExecutor: () => executor } as unknown as Database['query']
    return { asked, database: { query, later: () => {} } }
  }

  test.each(['fails', 'hangs'] as const)(
    'that %s: the bridge counts by itself, and says so once a minute',
    async (how) => {
      const { asked, database } = broken(how)
      const time = { ms: 0 }
      const log = recordingLog()
      const clock = { monotonicMs: () => time.ms, sleep: systemClock.sleep }
      const buckets = createSharedBuckets({ database, rates, clock, log })
      expect((await buckets.take('p', 'chat')).ok).toBe(true)
      expect((await buckets.take('p', 'chat')).ok).toBe(false)
      expect(asked.times).toBe(1)
      time.ms += 5_000
      await buckets.take('p', 'chat')
      expect(asked.times).toBe(2)
      expect(log.lines).toHaveLength(1)
      time.ms += 60_000
      await buckets.take('p', 'chat')
      expect(log.lines).toHaveLength(2)
    },
  )
})
