import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { listMigrations } from '../../src/db/migrate.ts'
import type { TestDatabase } from './kit.ts'
import { eventually, fresh, insert, stored } from './kit.ts'

/** What every engine keeps to. */
export function databaseContract(open: () => Promise<TestDatabase>): void {
  let opened: TestDatabase
  let database: Database
  let other: Database
  beforeAll(async () => {
    opened = await open()
    database = opened.database
    other = opened.other
  })
  afterAll(() => opened.close())

  describe('writes', () => {
    test('are there for everybody once they resolve', async () => {
      const id = fresh()
      expect(await database.write(insert(id))).toBe(id)
      expect(await stored(other, id)).toEqual([id])
    })

    test('are all or nothing', async () => {
      const id = fresh()
      const half = database.write(async (transaction) => {
        await insert(`${id}1`)(transaction)
        throw new RangeError('half way')
      })
      await expect(half).rejects.toThrow(new RangeError('half way'))
      expect(await stored(database, id)).toEqual([])
      expect(await database.write(insert(`${id}2`))).toBe(`${id}2`)
    })

    test('show nothing of themselves before they are done', async () => {
      const id = fresh()
      let seen: Promise<string[]> = Promise.resolve([])
      const writing = database.write(async (transaction) => {
        await insert(`${id}1`)(transaction)
        seen = stored(database, id)
        await insert(`${id}2`)(transaction)
      })
      await writing
      expect([0, 2]).toContain((await seen).length)
    })

    test('that break a rule of the tables are a bug, not an outage', async () => {
      const id = fresh()
      await database.write(insert(id))
      await expect(database.write(insert(id))).rejects.not.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    })

    test('past a thousand at once are refused, the others stored', async () => {
      const id = fresh()
      const outcomes = await Promise.allSettled(
        Array.from({ length: 1_100 }, (_, index) => database.write(insert(`${id}${index}`))),
      )
      const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
      // A slow server refuses more of them: those that waited too long for a connection.
      expect(refused.length).toBeGreaterThanOrEqual(100)
      for (const reason of refused) expect(reason).toHaveProperty('code', 'STORAGE_UNAVAILABLE')
      expect(await stored(database, id)).toHaveLength(1_100 - refused.length)
    })

    test('law: those that throw leave nothing, and none of the others out', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ throws: fc.boolean(), turns: fc.nat(3) }), { maxLength: 30 }),
          async (writes) => {
            const id = fresh()
            const outcomes = await Promise.allSettled(
              writes.map(async ({ throws, turns }, index) => {
                for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
                return database.write(async (transaction) => {
                  const name = await insert(`${id}${index}`)(transaction)
                  // Half by a statement that the database refuses, half by the code.
                  if (throws) await (index % 2 === 0 ? insert(name)(transaction) : Promise.reject(new RangeError(name)))
                  return name
                })
              }),
            )
            const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
            const wanted = writes.flatMap(({ throws }, index) => (throws ? [] : [`${id}${index}`]))
            expect(done).toEqual(wanted)
            expect((await stored(other, id)).sort()).toEqual(wanted.toSorted())
          },
        ),
        { numRuns: 25 },
      )
    })
  })

  test('notes that may be lost are stored soon, also beside one that fails', async () => {
    const id = fresh()
    database.later(insert(`${id}1`))
    database.later(async () => {
      throw new RangeError('a bug')
    })
    database.later(insert(`${id}2`))
    expect(
      await eventually(
        () => stored(other, id),
        ({ length }) => length === 2,
      ),
    ).toHaveLength(2)
  })

  test('whole numbers and text come back as they went in', async () => {
    const id = `${fresh()}"' \u0000\u{1f600}ß`.replaceAll('\u0000', '')
    await database.write(insert(id, Number.MAX_SAFE_INTEGER))
    const row = await other.query.selectFrom('game_locks').selectAll().where('game_id', '=', id).executeTakeFirst()
    expect(row).toEqual({ game_id: id, holder: 'h', hold: Number.MAX_SAFE_INTEGER })
  })

  test('its clock is near ours', async () => {
    expect(Math.abs((await database.nowMs()) - Date.now())).toBeLessThan(60_000)
  })

  test('says that it takes a write', async () => {
    await expect(database.probe()).resolves.toBeUndefined()
    await expect(database.probe()).resolves.toBeUndefined()
  })

  test('every migration has run', async () => {
    const runs = await listMigrations(database.query, database.engine)
    expect(runs.length).toBeGreaterThan(0)
    for (const { ranAt } of runs) expect(Math.abs((ranAt?.getTime() ?? 0) - Date.now())).toBeLessThan(3_600_000)
  })
}
