import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { UsageRow } from '../../src/budget/usage.ts'
import { createUsageLedger } from '../../src/budget/usage-ledger.ts'
import type { Database } from '../../src/db/database.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import { randomId } from '../../src/system.ts'
import type { TestDatabase } from '../db/kit.ts'
import { recordingLog } from '../db/kit.ts'
import { collect, engines, handClock, usageRow } from './_kit.ts'

const row = (more: Partial<UsageRow> = {}) => ({ ...usageRow, ...more })

describe.each(engines)('the usage on $name', ({ isThere, open }) => {
  if (!isThere) return void test('needs a database that is not there', () => expect(isThere).toBe(false))
  let opened: TestDatabase
  let database: Database
  beforeAll(async () => {
    opened = await open()
    database = opened.database
  })
  afterAll(() => opened.close())
  const openLedger = (startMs?: number) => {
    const { time, clock } = handClock(startMs)
    return { time, clock, ledger: createUsageLedger({ database, clock, newId: randomId }) }
  }

  test('all kinds, each with what it took, grouped by any keys', async () => {
    const { time, ledger } = openLedger()
    const [sessionId, agentId] = [randomId(), randomId()]
    ledger.record(
      row({ sessionId, agentId, model: 'm', inputTokens: 100, outputTokens: 20, cachedTokens: 5, nanoUsd: 900 }),
    )
    ledger.record(row({ sessionId, agentId, kind: 'tool', tool: 'fs.read', ms: 150, inputTokens: 100 }))
    ledger.record(row({ sessionId, agentId, kind: 'storage', bytes: 10, code: 'STORAGE_UNAVAILABLE' }))
    ledger.record(row({ sessionId, kind: 'ledger', txId: 'f'.repeat(64), ms: 1.6 }))
    time.ms += 24 * 3_600_000
    ledger.record(row({ sessionId, agentId, model: 'm', inputTokens: 7, nanoUsd: 100 }))

    const scope = { key: 'session', value: sessionId } as const
    expect(await ledger.getUsage(scope, {})).toEqual({
      calls: 5,
      inputTokens: 207,
      outputTokens: 20,
      cachedTokens: 5,
      nanoUsd: 1_000,
      ms: 152,
      errors: 1,
    })
    expect(await ledger.getUsage({ key: 'agent', value: agentId }, { untilMs: time.ms })).toMatchObject({ calls: 3 })
    const byDay = await ledger.query({ by: ['agent', 'tool', 'day'], scope, range: {} })
    expect(byDay.map(({ keys, nanoUsd, calls }) => ({ ...keys, nanoUsd, calls }))).toEqual([
      { agent: agentId, tool: '', day: '2026-11-22T00:00:00.000Z', nanoUsd: 900, calls: 2 },
      { agent: agentId, tool: '', day: '2026-11-23T00:00:00.000Z', nanoUsd: 100, calls: 1 },
      { agent: agentId, tool: 'fs.read', day: '2026-11-22T00:00:00.000Z', nanoUsd: 0, calls: 1 },
      { agent: '', tool: '', day: '2026-11-22T00:00:00.000Z', nanoUsd: 0, calls: 1 },
    ])
    const kinds = await ledger.query({ by: ['kind'], scope, range: { fromMs: 0, untilMs: time.ms } })
    expect(kinds.map(({ keys }) => keys.kind).toSorted()).toEqual(['ledger', 'llm', 'storage', 'tool'])
    const top = await ledger.query({ by: ['hour'], scope, range: {}, top: 1 })
    expect(top.map(({ keys, nanoUsd }) => [keys.hour, nanoUsd])).toEqual([['2026-11-22T12:00:00.000Z', 900]])
    expect(await ledger.query({ by: [], scope, range: {} })).toMatchObject([{ calls: 5, keys: {} }])
    expect(await ledger.getUsage({ key: 'task', value: randomId() }, {})).toMatchObject({ calls: 0, nanoUsd: 0 })
  })

  test('rows come back as they went in, oldest first, over any number of pages', async () => {
    const { time, ledger } = openLedger()
    const sessionId = randomId()
    const scope = { key: 'session', value: sessionId } as const
    const full = row({
      sessionId,
      traceId: 't',
      workflowId: 'w',
      taskId: 'k',
      agentId: 'a',
      txId: 'x',
      tool: 'fs.read',
      provider: 'p',
      model: 'm',
      bytes: 9,
      code: 'LLM_TIMEOUT',
    })
    ledger.record(full)
    for (let index = 1; index <= 1_200; index++) {
      if (index % 7 === 0) time.ms += 1
      ledger.record(row({ sessionId, inputTokens: index }))
    }
    const rows = await collect(ledger.rows({}, scope))
    expect(rows[0]).toEqual({ ...full, id: expect.any(String), atMs: expect.any(Number) })
    expect(rows.map(({ inputTokens }) => inputTokens)).toEqual(Array.from({ length: 1_201 }, (_, index) => index))
    expect(new Set(rows.map(({ id }) => id)).size).toBe(1_201)
    const [first] = await collect(ledger.rows({ fromMs: time.ms }, scope))
    expect(first?.atMs).toBe(time.ms)
  })

  test('rows are stored with the next commit, and are there after a restart', async () => {
    const { ledger } = openLedger()
    const sessionId = randomId()
    for (let index = 0; index < 250; index++) ledger.record(row({ sessionId, nanoUsd: 2 }))
    const again = createUsageLedger({ database: opened.other, ...handClock(), newId: randomId })
    const total = async () => (await again.getUsage({ key: 'session', value: sessionId }, {})).nanoUsd
    await expect.poll(total, { timeout: 10_000 }).toBe(500)
  })

  test('the row of a settlement is stored once, however often it is tried', async () => {
    const { ledger } = openLedger()
    const sessionId = randomId()
    const entry = ledger.entry(row({ sessionId, nanoUsd: 3 }))
    expect(await database.write(entry)).toBe(true)
    expect(await database.write(entry)).toBe(false)
    expect(await ledger.getUsage({ key: 'session', value: sessionId }, {})).toMatchObject({ calls: 1, nanoUsd: 3 })
  })

  test('a database that is away loses nothing of what waits', async () => {
    const state = { isDown: true }
    const log = recordingLog()
    const away: Database = {
      ...database,
      later: () => {},
      write: (work) =>
        state.isDown ? Promise.reject(new StorageUnavailableError(new Error('full'))) : database.write(work),
    }
    const ledger = createUsageLedger({ database: away, ...handClock(), newId: randomId, log })
    const scope = { key: 'session', value: randomId() } as const
    for (let index = 0; index < 10_005; index++) ledger.record(row({ sessionId: scope.value }))
    expect(log.lines).toHaveLength(5)
    await expect(ledger.getUsage(scope, {})).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    state.isDown = false
    expect((await ledger.getUsage(scope, {})).calls).toBe(10_000)
  })
})

describe('what the process did lately', () => {
  const open = () => {
    const { time, clock } = handClock(Date.parse('2026-11-22T23:58:30Z'))
    const database = { later: () => {} } as unknown as Database // no disk is read, and none written
    return { time, ledger: createUsageLedger({ database, clock, newId: randomId }) }
  }
  const used = (ledger: ReturnType<typeof open>['ledger'], unit: 'minute' | 'hour' | 'day') =>
    ledger
      .recent(unit)
      .flatMap(({ startMs, calls, nanoUsd }) =>
        calls === 0 ? [] : [[new Date(startMs).toISOString().slice(5, 16), calls, nanoUsd]],
      )

  test('stands in buckets of minutes, hours and days, the newest last', () => {
    const { time, ledger } = open()
    ledger.record(row({ nanoUsd: 1 }))
    ledger.record(row({ nanoUsd: 2, code: 'LLM_TIMEOUT' }))
    time.ms += 120_000
    ledger.record(row({ nanoUsd: 4 }))
    expect(used(ledger, 'minute')).toEqual([
      ['11-22T23:58', 2, 3],
      ['11-23T00:00', 1, 4],
    ])
    expect(used(ledger, 'hour')).toEqual([
      ['11-22T23:00', 2, 3],
      ['11-23T00:00', 1, 4],
    ])
    expect(used(ledger, 'day')).toEqual([
      ['11-22T00:00', 2, 3],
      ['11-23T00:00', 1, 4],
    ])
    expect((['minute', 'hour', 'day'] as const).map((unit) => ledger.recent(unit).length)).toEqual([120, 48, 31])
    expect(ledger.recent('minute').at(-3)).toMatchObject({ errors: 1 })
  })

  test('is forgotten as time goes on, and a clock that is set back spoils nothing', () => {
    const { time, ledger } = open()
    ledger.record(row())
    time.ms += 120 * 60_000
    ledger.record(row())
    expect(used(ledger, 'minute').map(([, calls]) => calls)).toEqual([1])
    time.ms -= 120 * 60_000
    ledger.record(row())
    time.ms += 120 * 60_000
    expect(used(ledger, 'minute').map(([, calls]) => calls)).toEqual([1])
    expect(used(ledger, 'day').map(([, calls]) => calls)).toEqual([2, 1])
  })
})
