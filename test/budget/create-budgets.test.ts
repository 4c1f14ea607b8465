import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createBudgets } from '../../src/budget/create-budgets.ts'
import { createUsageLedger } from '../../src/budget/usage-ledger.ts'
import type { Database } from '../../src/db/database.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import { randomId } from '../../src/system.ts'
import type { TestDatabase } from '../db/kit.ts'
import { eventually, recordingLog } from '../db/kit.ts'
import {
  callOf,
  engines,
  freshDay,
  guard,
  handClock,
  openBudgets,
  recordingPublish,
  refusedBy,
  scope,
  standingOf,
  unguard,
  usageRow,
} from './_kit.ts'

describe.each(engines)('budgets on $name', ({ isThere, open }) => {
  if (!isThere) return void test('needs a database that is not there', () => expect(isThere).toBe(false))
  let opened: TestDatabase
  let database: Database
  beforeAll(async () => {
    opened = await open()
    database = opened.database
  })
  afterAll(() => opened.close())

  test('a call gets as many output tokens as fit on every scope at once', async () => {
    const { budgets } = openBudgets(database)
    const id = crypto.randomUUID()
    const path = [
      scope('agent', id, { window: 'day', tokens: 1_000 }),
      scope('session', id, { window: 'ever', tokens: 700 }),
      scope('task', id, { tokens: 900, nanoUsd: 2_000 }),
    ]
    const first = await budgets.reserve(path, callOf(100, 5_000, { promptNanoUsd: 500, outputNanoUsd: 3 }))
    expect(first).toMatchObject({ outputTokens: 500, reserved: { tokens: 600, nanoUsd: 2_000 } })
    expect(budgets.remaining(path)).toEqual({ tokens: 100, nanoUsd: 0 })
    await first.settle({ tokens: 150, nanoUsd: 650 })
    expect(budgets.remaining(path)).toEqual({ tokens: 550, nanoUsd: 1_350 })
    const second = await budgets.reserve(path, callOf(100, 5_000, { promptNanoUsd: 500, outputNanoUsd: 1 }))
    expect(second.outputTokens).toBe(450)
    await second.release()
    expect(await standingOf(budgets, 'session', id)).toEqual({
      spent: { tokens: 150, nanoUsd: 650 },
      held: { tokens: 0, nanoUsd: 0 },
    })
  })

  test('a refusal names the tightest scope, takes nothing, and is told of once a second', async () => {
    const { budgets, of, time } = openBudgets(database)
    const id = crypto.randomUUID()
    const path = [
      scope('agent', id, { window: 'day', tokens: 1_000 }),
      scope('session', id, { window: 'ever', tokens: 110 }),
      scope('task', id, { tokens: 5_000 }),
    ]
    const error = await refusedBy(budgets.reserve(path, callOf(100, 50)))
    expect(error.details).toEqual({ scope: 'session', id, what: 'tokens', limit: 110 })
    expect(error.code).toBe('BUDGET_EXCEEDED')
    await refusedBy(budgets.reserve(path, callOf(100, 50)))
    expect(of('budget.exceeded')).toHaveLength(1)
    time.ms += 1_000
    await refusedBy(budgets.reserve(path, callOf(100, 50)))
    expect(of('budget.exceeded')).toHaveLength(2)
    for (const kind of ['agent', 'session', 'task'])
      expect(await standingOf(budgets, kind, id)).toEqual({
        spent: { tokens: 0, nanoUsd: 0 },
        held: { tokens: 0, nanoUsd: 0 },
      })
  })

  test('the hard stop: what is spent to the last token leaves nothing', async () => {
    const { budgets } = openBudgets(database)
    const path = [scope('task', crypto.randomUUID(), { tokens: 120 })]
    const all = await budgets.reserve(path, callOf(100, 20))
    await all.settle(all.reserved)
    await refusedBy(budgets.reserve(path, callOf(0, 1)))
  })

  test('a limit of 0 stops free calls too; a spent limit in money does not', async () => {
    const { budgets } = openBudgets(database)
    const id = crypto.randomUUID()
    for (const limits of [{ nanoUsd: 0 }, { tokens: 0 }])
      for (const window of ['process', 'day'] as const)
        await refusedBy(budgets.reserve([scope('task', id, { window, ...limits })], callOf(0, 1)))
    const path = [scope('task', id, { nanoUsd: 100 })]
    const paid = await budgets.reserve(path, callOf(1, 1, { promptNanoUsd: 99, outputNanoUsd: 1 }))
    await paid.settle(paid.reserved)
    await refusedBy(budgets.reserve(path, callOf(1, 1, { promptNanoUsd: 1 })))
    expect((await budgets.reserve(path, callOf(1_000, 1_000))).outputTokens).toBe(1_000)
  })

  test('a day without dollars stops everything, whatever path is given', async () => {
    const { budgets } = openBudgets(database, { usd: 0 })
    const error = await refusedBy(budgets.reserve([], callOf(1, 1)))
    expect(error.scope.kind).toBe('day')
    expect(error.details).toMatchObject({ what: 'usd', limit: 0 })
  })

  test('ten dollars a day hold over all agents, also where the setting says more and the path nothing', async () => {
    const { budgets } = openBudgets(database, { usd: 50 })
    const dear = callOf(1, 16, { promptNanoUsd: 9_999_999_000, outputNanoUsd: 50 })
    const one = await budgets.reserve([], dear)
    expect(one.reserved.nanoUsd).toBe(9_999_999_800)
    const error = await refusedBy(budgets.reserve([], callOf(1, 16, { promptNanoUsd: 201 })))
    expect(error.details).toMatchObject({ scope: 'day', limit: 10 })
    await budgets.reserve([], callOf(1, 16, { promptNanoUsd: 200 }))
  })

  test('a call that nothing in the database bounds writes nothing there', async () => {
    const { clock } = handClock()
    const writes = { count: 0 }
    const counting: Database = {
      ...database,
      write: (work) => {
        writes.count += 1
        return database.write(work)
      },
    }
    const budgets = createBudgets({ database: counting, clock, publish: () => {}, maxUsdPerDay: 10 })
    const free = await budgets.reserve([scope('task', 't', { tokens: 100 })], callOf(10, 20))
    expect(free.isLasting).toBe(false)
    await free.settle({ tokens: 20, nanoUsd: 0 })
    expect(writes.count).toBe(0)
    await (await budgets.reserve([], callOf(1, 1, { promptNanoUsd: 1 }))).release()
    expect(writes.count).toBe(2)
  })

  test('more than was reserved is taken as what was reserved; a second end does nothing', async () => {
    const { budgets } = openBudgets(database)
    const id = crypto.randomUUID()
    const path = [scope('session', id, { window: 'ever', tokens: 1_000 }), scope('task', id, { tokens: 1_000 })]
    const call = await budgets.reserve(path, callOf(10, 90))
    await call.settle({ tokens: 1e9, nanoUsd: Number.NaN })
    await call.settle({ tokens: 1, nanoUsd: 1 })
    await call.release()
    const negative = await budgets.reserve(path, callOf(10, 90))
    await negative.settle({ tokens: -50, nanoUsd: -1 })
    for (const kind of ['session', 'task'])
      expect(await standingOf(budgets, kind, id)).toEqual({
        spent: { tokens: 100, nanoUsd: 0 },
        held: { tokens: 0, nanoUsd: 0 },
      })
  })

  test('one scope named twice in a path is one, by its lower limit', async () => {
    const { budgets } = openBudgets(database)
    const id = crypto.randomUUID()
    const path = [scope('task', id, { tokens: 500 }), scope('task', id, { tokens: 120, nanoUsd: 5 })]
    expect((await budgets.reserve(path, callOf(20, 500))).outputTokens).toBe(100)
  })

  test('a warning comes at 80 %, once for each scope and window', async () => {
    const { budgets, of } = openBudgets(database)
    const id = crypto.randomUUID()
    const path = [scope('session', id, { window: 'ever', tokens: 200 }), scope('task', id, { tokens: 100 })]
    await (await budgets.reserve(path, callOf(59, 20))).settle({ tokens: 70, nanoUsd: 0 })
    expect(of('budget.warning')).toEqual([])
    await (await budgets.reserve(path, callOf(0, 10))).release()
    await (await budgets.reserve(path, callOf(0, 30))).settle({ tokens: 30, nanoUsd: 0 })
    expect(of('budget.warning')).toEqual([
      { scope: 'task', id, period: 'process', what: 'tokens', limit: 100, used: 80 },
    ])
    const others = [scope('session', id, { window: 'ever', tokens: 200 })]
    await budgets.reserve(others, callOf(60, 0))
    expect(of('budget.warning')).toHaveLength(2)
  })

  test('midnight in UTC begins a new day, for the cap and for days of agents', async () => {
    const { budgets, time } = openBudgets(database, { usd: 1 })
    const path = [scope('agent', crypto.randomUUID(), { window: 'day', tokens: 100 })]
    const dear = callOf(50, 50, { promptNanoUsd: 999_999_950, outputNanoUsd: 1 })
    const late = await budgets.reserve(path, dear)
    await refusedBy(budgets.reserve(path, dear))
    time.ms += 12 * 3_600_000
    const early = await budgets.reserve(path, dear)
    await late.settle(late.reserved) // counts on the day that it was reserved on
    expect(budgets.remaining(path)).toEqual({ tokens: 0, nanoUsd: 0 })
    await early.release()
    expect(budgets.remaining(path)).toEqual({ tokens: 100, nanoUsd: 1_000_000_000 })
  })

  test('days that are long over are forgotten, what is for ever is not', async () => {
    const id = crypto.randomUUID()
    const path = [scope('agent', id, { window: 'day', tokens: 9 }), scope('session', id, { window: 'ever', tokens: 9 })]
    const { database: own, close } = await open() // other tests live on other days, and would forget these
    await openBudgets(own, { day: '2020-01-01' }).budgets.reserve(path, callOf(1, 0))
    await openBudgets(own, { day: '2020-02-10' }).budgets.reserve(path, callOf(1, 0))
    const rows = () => own.query.selectFrom('budget_scopes').select('period').where('id', '=', id).execute()
    const left = await eventually(rows, (found) => found.every(({ period }) => period !== '2020-01-01'))
    await close()
    expect(left.map(({ period }) => period).toSorted()).toEqual(['2020-02-10', 'ever'])
  })

  test('what a process held when it died counts as spent', async () => {
    const day = freshDay()
    const id = crypto.randomUUID()
    const path = [scope('session', id, { window: 'ever', tokens: 1_000 }), scope('task', id, { tokens: 1_000 })]
    await openBudgets(database, { day }).budgets.reserve(path, callOf(400, 200))
    const { budgets } = openBudgets(opened.other, { day })
    expect((await budgets.reserve(path, callOf(0, 1_000))).outputTokens).toBe(400)
    expect(await standingOf(budgets, 'session', id)).toEqual({
      spent: { tokens: 0, nanoUsd: 0 },
      held: { tokens: 1_000, nanoUsd: 0 },
    })
  })

  test('an ended scope is forgotten, and a call under way in it may still end', async () => {
    const { budgets } = openBudgets(database)
    const path = [scope('task', 'over', { tokens: 100 })]
    const call = await budgets.reserve(path, callOf(10, 90))
    budgets.end('task', 'over')
    expect((await budgets.standings()).some(({ id }) => id === 'over')).toBe(false)
    await call.settle(call.reserved)
    expect((await budgets.reserve(path, callOf(10, 90))).outputTokens).toBe(90)
  })

  test('standings tell limits, what is spent, and the day before anything was', async () => {
    const { budgets, clock } = openBudgets(database)
    const id = new Date(clock.nowMs()).toISOString().slice(0, 10)
    const none = { tokens: 0, nanoUsd: 0 }
    expect((await budgets.standings()).find(({ kind }) => kind === 'day')).toEqual({
      kind: 'day',
      id,
      window: 'day',
      nanoUsd: 10_000_000_000,
      spent: none,
      held: none,
    })
    await budgets.reserve([], callOf(5, 0, { promptNanoUsd: 7 }))
    expect((await budgets.standings()).find(({ kind }) => kind === 'day')).toMatchObject({
      nanoUsd: 10_000_000_000,
      held: { tokens: 5, nanoUsd: 7 },
    })
  })

  test('a thousand calls at once: their sum stays under the cap, and is all that was taken off it', async () => {
    const day = freshDay()
    const id = crypto.randomUUID()
    const cap = { tokens: 20_000, nanoUsd: 1_000_000 }
    await guard(database, 'workflow', cap)
    const processes = [database, opened.other].map((each) => ({
      budgets: openBudgets(each, { day }).budgets,
      usage: createUsageLedger({ database: each, ...handClock(), newId: randomId }),
    }))
    const path = [scope('workflow', id, { window: 'ever', ...cap })]
    const worst = callOf(100, 100, { promptNanoUsd: 100, outputNanoUsd: 1 })
    const outcomes = await Promise.allSettled(
      Array.from({ length: 1_000 }, async (_, index) => {
        const { budgets, usage } = processes[index % 2] ?? expect.fail('there are two processes')
        const call = await budgets.reserve(path, worst)
        const tokens = index % 3 === 0 ? 0 : call.reserved.tokens
        const row = usage.entry({ ...usageRow, inputTokens: tokens })
        await (tokens === 0 ? call.release(row) : call.settle(call.reserved, row))
        return tokens
      }),
    )
    const spent = outcomes.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value : 0), 0)
    const codes = new Set(outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : [])))
    codes.delete('STORAGE_UNAVAILABLE') // a slow server, of which too many want something at once
    expect([...codes]).toEqual(['BUDGET_EXCEEDED'])
    const { budgets } = openBudgets(opened.other, { day })
    const standing = await eventually(
      () => standingOf(budgets, 'workflow', id),
      ({ held }) => held.tokens === 0,
    )
    expect(standing).toMatchObject({ spent: { tokens: spent }, held: { tokens: 0, nanoUsd: 0 } })
    const rest = await budgets.reserve(path, callOf(0, 1e6, { leastOutput: 0 }))
    expect(spent + rest.outputTokens).toBe(cap.tokens)
    await unguard(database, 'workflow')
  }, 60_000)

  describe('a database that fails', () => {
    const failing = (isDown: () => boolean): Database => ({
      ...database,
      write: (work) =>
        isDown() ? Promise.reject(new StorageUnavailableError(new Error('full'))) : database.write(work),
    })
    const open = (isDown: () => boolean) => {
      const log = recordingLog()
      const { clock } = handClock(Date.parse(`${freshDay()}T12:00:00Z`))
      const { publish } = recordingPublish()
      return { log, budgets: createBudgets({ database: failing(isDown), clock, publish, maxUsdPerDay: 10, log }) }
    }

    test('lets no call through, and gives back what memory held for it', async () => {
      const { budgets } = open(() => true)
      const path = [scope('session', 's', { window: 'ever', tokens: 100 }), scope('task', 't', { tokens: 100 })]
      await expect(budgets.reserve(path, callOf(1, 1))).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
      expect(budgets.remaining(path)).toEqual({ tokens: 100, nanoUsd: 10_000_000_000 })
    })

    test('keeps the hold, until a settlement with a row is stored later', async () => {
      const state = { isDown: false }
      const { budgets, log } = open(() => state.isDown)
      const id = crypto.randomUUID()
      const path = [scope('session', id, { window: 'ever', tokens: 1_000 })]
      const [bare, withRow] = [await budgets.reserve(path, callOf(100, 0)), await budgets.reserve(path, callOf(200, 0))]
      state.isDown = true
      await bare.settle({ tokens: 1, nanoUsd: 0 })
      await withRow.settle({ tokens: 50, nanoUsd: 0 }, async () => true)
      expect(log.lines).toHaveLength(2)
      const standing = () => standingOf(budgets, 'session', id)
      expect(await eventually(standing, ({ spent }) => spent.tokens > 0)).toEqual({
        spent: { tokens: 50, nanoUsd: 0 },
        held: { tokens: 100, nanoUsd: 0 },
      })
    })

    test('does not settle twice what was stored without a word', async () => {
      const { budgets } = open(() => false)
      const id = crypto.randomUUID()
      const path = [scope('session', id, { window: 'ever', tokens: 1_000 })]
      const call = await budgets.reserve(path, callOf(100, 0))
      await call.settle({ tokens: 10, nanoUsd: 0 }, async () => false) // its row is there already
      expect((await standingOf(budgets, 'session', id)).held.tokens).toBe(100)
    })
  })

  test.each([
    { name: 'part of a token', worst: callOf(0.5, 1) },
    { name: 'a negative price', worst: callOf(1, 1, { outputNanoUsd: -1 }) },
    { name: 'sums that are not exact', worst: callOf(1, 1e9, { outputNanoUsd: 1e9 }) },
    { name: 'no number', worst: callOf(Number.NaN, 1) },
  ])('refuses $name as a bug', async ({ worst }) => {
    await expect(openBudgets(database).budgets.reserve([], worst)).rejects.toBeInstanceOf(TypeError)
  })
})
