import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { openPostgres } from '../../src/db/open-postgres.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import type { ApprovalLimits, ApprovalStore, RunEnd, Taken } from '../../src/intent/approval-store.ts'
import { createApprovalStore } from '../../src/intent/approval-store.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'

/** Two handles on one database, as two bridges have them; SQLite has one process, and so one handle. */
type Engine = { readonly name: string; readonly isMissing: boolean; open(): Promise<Handles> }
type Handles = { readonly one: Database; readonly other: Database; close(): Promise<void> }

const engines: readonly Engine[] = [
  {
    name: 'SQLite',
    isMissing: false,
    async open() {
      const database = await openSqlite({ path: ':memory:', log: silentLog })
      return { one: database, other: database, close: () => database.close() }
    },
  },
  {
    name: postgresName,
    isMissing: !hasPostgres,
    async open() {
      const { url, drop } = await createPostgresDatabase()
      const one = await openPostgres({ url, log: silentLog })
      const other = await openPostgres({ url, log: silentLog })
      const close = async () => {
        await Promise.all([one.close(), other.close()])
        await drop()
      }
      return { one, other, close }
    },
  },
]

const call = '["p","play",{"gameId":"g","cell":4}]'
const place = '["g"]'
const wanted = (more: { call?: string; place?: string | undefined } = {}) => ({
  id: crypto.randomUUID(),
  call,
  place,
  ...more,
})

/** What became of a `take`, and the record it names. */
const kindOf = ({ kind }: Taken): string => kind
const idOf = (taken: Taken): string => (taken.kind === 'asked' ? taken.write.id : expect.unreachable(taken.kind))

async function end(taken: Taken, how: RunEnd): Promise<void> {
  if (taken.kind !== 'granted') return expect.unreachable(taken.kind)
  await taken.end(how)
}

/** Asks for a call and agrees to it. */
async function approve(store: ApprovalStore, more: Parameters<typeof wanted>[0] = {}): Promise<string> {
  const id = idOf(await store.take(wanted(more)))
  expect(await store.decide(id, 'approved')).toMatchObject({ id, status: 'approved' })
  return id
}

for (const { name, isMissing, open } of engines)
  describe.skipIf(isMissing)(`approvals of two bridges on ${name}`, () => {
    let handles: Handles
    beforeAll(async () => {
      handles = await open()
    })
    beforeEach(async () => {
      for (const table of ['approvals', 'begun_writes', 'bridges'] as const)
        await handles.one.write((transaction) => transaction.deleteFrom(table).execute())
      await liveUntil('one', Date.now() + 600_000)
      await liveUntil('other', Date.now() + 600_000)
    })
    afterAll(() => handles.close())

    /** The bridge runs until then, or is said to have ended by a moment in the past. */
    const liveUntil = (id: string, until_ms: number) =>
      handles.one.write((transaction) =>
        transaction
          .insertInto('bridges')
          .values({ id, until_ms })
          .onConflict((conflict) => conflict.column('id').doUpdateSet({ until_ms }))
          .execute(),
      )

    const storesWith = (limits: ApprovalLimits = {}) => ({
      one: createApprovalStore({ database: handles.one, bridgeId: 'one', limits }),
      other: createApprovalStore({ database: handles.other, bridgeId: 'other', limits }),
    })

    /** Takes by both in turn, all at once. */
    const takeAll = ({ one, other }: ReturnType<typeof storesWith>, calls: readonly Parameters<typeof wanted>[0][]) =>
      Promise.all(calls.map((more, index) => (index % 2 === 0 ? one : other).take(wanted(more))))

    test('what one asks, the other shows, decides on and lets run', async () => {
      const { one, other } = storesWith()
      const id = idOf(await one.take(wanted()))
      const [shown] = await other.waiting()
      expect(shown).toMatchObject({ id, call, status: 'pending' })
      expect((shown?.untilMs ?? 0) - (shown?.askedMs ?? 0)).toBe(600_000)
      expect(await other.decide(id, 'approved')).toMatchObject({ id, call, status: 'approved' })
      expect(await one.waiting()).toEqual([])
      await end(await one.take(wanted()), 'settled')
      expect(await other.decide(id, 'declined')).toBeUndefined()
      expect(idOf(await other.take(wanted()))).not.toBe(id)
    })

    test('the newest question is shown first', async () => {
      const stores = storesWith()
      const ids: string[] = []
      for (const store of [stores.one, stores.other, stores.one])
        ids.unshift(idOf(await store.take(wanted({ call: `[${ids.length}]` }))))
      expect((await stores.other.waiting()).map(({ id }) => id)).toEqual(ids)
    })

    test('equal calls at once are one question', async () => {
      const taken = await takeAll(storesWith(), Array(8).fill({}))
      expect(new Set(taken.map(idOf)).size).toBe(1)
      expect(await storesWith().other.waiting()).toHaveLength(1)
    })

    test('of equal calls at once, an approval lets one run; the others are asked about', async () => {
      const stores = storesWith()
      const id = await approve(stores.one)
      const taken = await takeAll(stores, Array(8).fill({}))
      expect(taken.map(kindOf).toSorted()).toEqual([...Array(7).fill('asked'), 'granted'])
      expect(new Set(taken.flatMap((one) => (one.kind === 'asked' ? [one.write.id] : []))).size).toBe(1)
      expect(taken.some((one) => one.kind === 'asked' && one.write.id === id)).toBe(false)
    })

    test('of equal calls at once, a no refuses one', async () => {
      const stores = storesWith()
      const id = await approve(stores.one)
      await stores.other.decide(id, 'declined')
      const taken = await takeAll(stores, Array(4).fill({}))
      expect(taken.map(kindOf).toSorted()).toEqual(['asked', 'asked', 'asked', 'declined'])
    })

    test('a no and a run at the same moment: one of them comes first', async () => {
      const { one, other } = storesWith()
      for (let times = 0; times < 10; times++) {
        const id = await approve(one)
        const [taken, decided] = await Promise.all([one.take(wanted()), other.decide(id, 'declined')])
        expect(taken.kind).toBe(decided === undefined ? 'granted' : 'declined')
        if (taken.kind === 'granted') await taken.end('settled')
      }
    })

    test('no more wait than may, however many ask at once', async () => {
      const stores = storesWith({ maxWaiting: 3 })
      const taken = await takeAll(
        stores,
        [...Array(8).keys()].map((index) => ({ call: `[${index}]` })),
      )
      expect(taken.map(kindOf).toSorted()).toEqual([...Array(3).fill('asked'), ...Array(5).fill('full')])
    })

    test('time ends a question and an approval, and makes room', async () => {
      const late = storesWith({ pendingMs: 0, maxWaiting: 1 })
      const id = idOf(await late.one.take(wanted()))
      expect(await late.other.waiting()).toEqual([])
      expect(await late.other.decide(id, 'approved')).toBeUndefined()
      const { one, other } = storesWith({ usableMs: 0, maxWaiting: 1 })
      expect(await other.decide(idOf(await one.take(wanted())), 'approved')).toMatchObject({ status: 'approved' })
      expect(kindOf(await one.take(wanted()))).toBe('asked')
    })

    test('a run that reached nobody gives its approval back, to both', async () => {
      const { one, other } = storesWith()
      const id = await approve(one)
      for (const store of [one, other, other, one]) await end(await store.take(wanted()), 'unused')
      expect(await other.decide(id, 'declined')).toMatchObject({ id, status: 'declined' })
    })

    test('what was asked while it ran stays as it is', async () => {
      const { one, other } = storesWith()
      await approve(one)
      const run = await one.take(wanted())
      const id = idOf(await other.take(wanted()))
      await end(run, 'unused')
      expect(idOf(await one.take(wanted()))).toBe(id)
    })

    test('a run whose fate is open goes on at either, one at a time', async () => {
      const stores = storesWith()
      await approve(stores.one)
      await end(await stores.one.take(wanted()), 'open')
      const taken = await takeAll(stores, Array(6).fill({}))
      expect(taken.map(kindOf).toSorted()).toEqual([...Array(5).fill('asked'), 'granted'])
      // What goes on was never given out as an approval: reaching nobody leaves it open.
      await end(taken.find(({ kind }) => kind === 'granted') ?? expect.unreachable(), 'unused')
      await end(await stores.other.take(wanted()), 'settled')
      expect(kindOf(await stores.one.take(wanted()))).toBe('asked')
    })

    test.each([
      { name: 'another call', more: { call: '["p","play",{"gameId":"g","cell":5}]' } },
      { name: 'another place', more: { place: '["h"]' } },
      { name: 'no place', more: { place: undefined } },
    ])('an open fate lets $name not go on', async ({ more }) => {
      const { one, other } = storesWith()
      await approve(one)
      await end(await one.take(wanted()), 'open')
      expect(kindOf(await other.take(wanted(more)))).toBe('asked')
    })

    test('an open fate does not last for ever', async () => {
      const { one } = storesWith()
      const { other } = storesWith({ usableMs: 0 })
      await approve(one)
      await end(await one.take(wanted()), 'open')
      await end(await other.take(wanted()), 'open')
      expect(kindOf(await one.take(wanted()))).toBe('asked')
    })

    test('what another bridge begins in a game ends what was open there, and a late end brings nothing back', async () => {
      const { one, other } = storesWith()
      const reset = { call: '["p","reset",{"gameId":"g"}]' }
      await approve(one)
      const first = await one.take(wanted())
      await approve(other, reset)
      const second = await other.take(wanted(reset))
      await end(first, 'open')
      expect(kindOf(await one.take(wanted()))).toBe('asked')
      await end(second, 'open')
      await end(await one.take(wanted(reset)), 'settled')
    })

    test('the run of a bridge that ended goes on at the other; that of one that lives does not', async () => {
      const { one, other } = storesWith()
      await approve(one)
      expect(kindOf(await one.take(wanted()))).toBe('granted')
      expect(kindOf(await other.take(wanted()))).toBe('asked')
      await liveUntil('one', Date.now() - 60_000)
      await end(await other.take(wanted()), 'settled')
      expect(kindOf(await other.take(wanted()))).toBe('asked')
    })

    test('past the limit a begun write is not noted: its repeat is asked about', async () => {
      const { one } = storesWith({ maxWaiting: 1 })
      for (const index of [0, 1]) {
        const more = { call: `[${index}]`, place: `[${index}]` }
        await approve(one, more)
        await end(await one.take(wanted(more)), 'open')
      }
      expect(kindOf(await one.take(wanted({ call: '[1]', place: '[1]' })))).toBe('asked')
      expect(kindOf(await one.take(wanted({ call: '[0]', place: '[0]' })))).toBe('granted')
    })

    test('a call as long as arguments may be is kept whole', async () => {
      const { one, other } = storesWith()
      const more = { call: JSON.stringify(['p', 'play', { reason: randomBytes(8_000).toString('hex') }]) }
      await approve(one, { ...more, place: more.call })
      await end(await other.take(wanted({ ...more, place: more.call })), 'open')
      expect(kindOf(await one.take(wanted({ ...more, place: more.call })))).toBe('granted')
    })
  })
