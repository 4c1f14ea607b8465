import { expect, test } from 'vitest'
import { prepared } from '../../src/db/prepared.ts'
import { openMemory } from '../records.ts'

test('a prepared statement runs with other values each time, and is built once', async () => {
  const { query, write, close } = await openMemory()
  let built = 0
  const insert = prepared<{ id: string; until: number }>(({ id, until }) => {
    built += 1
    return query.insertInto('bridges').values({ id, until_ms: until })
  })
  const find = prepared<{ after: number }>(({ after }) =>
    query.selectFrom('bridges').select('id').where('until_ms', '>', after).where('id', '!=', 'nobody').orderBy('id'),
  )
  for (const [id, until] of [
    ['a', 1],
    ['b', 2],
    ['nobody', 3],
    ['c', 4],
  ] as const)
    await write((transaction) => transaction.executeQuery(insert({ id, until })))
  expect(built).toBe(1)
  expect((await query.executeQuery(find({ after: 1 }))).rows).toEqual([{ id: 'b' }, { id: 'c' }])
  expect((await query.executeQuery(find({ after: 3 }))).rows).toEqual([{ id: 'c' }])
  await close()
})
