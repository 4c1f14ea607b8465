import { expect, test } from 'vitest'
import type { Transact } from '../../src/db/_group-commit.ts'
import { createGroupCommit } from '../../src/db/_group-commit.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import { eventually, insert, recordingLog, stored } from './kit.ts'

/** Groups over a real database whose disk is full for the first `outages` commits. */
async function openGroups({ outages = 0 } = {}) {
  const log = recordingLog()
  const database = await openSqlite({ path: ':memory:', log })
  let commits = 0
  const transact: Transact = (write) =>
    database.query.transaction().execute(async (transaction) => {
      const value = await write(transaction)
      if (++commits <= outages) throw new StorageUnavailableError(new Error('full'))
      return value
    })
  return { database, log, commitCount: () => commits, groups: createGroupCommit({ transact, log, laterMs: 20 }) }
}

test('what comes at once shares one commit', async () => {
  const { groups, commitCount, database } = await openGroups()
  await Promise.all(Array.from({ length: 100 }, (_, index) => groups.write(insert(`${index}`))))
  expect(commitCount()).toBe(1)
  expect(await stored(database, '')).toHaveLength(100)
})

test('what comes while a commit is under way shares the next', async () => {
  const { groups, commitCount } = await openGroups()
  const followers: Promise<string>[] = []
  await groups.write(async (transaction) => {
    for (let index = 0; index < 10; index++) followers.push(groups.write(insert(`${index}`)))
    await insert('first')(transaction)
  })
  await Promise.all(followers)
  expect(commitCount()).toBe(2)
})

test('a write from what another one set off is not left lying', async () => {
  const { groups } = await openGroups()
  let last = ''
  for (let index = 0; index < 200; index++) last = await groups.write(insert(`${index}`))
  expect(last).toBe('199')
})

test('one that throws costs its neighbours a second try, not their rows', async () => {
  const { groups, database, commitCount } = await openGroups()
  const outcomes = await Promise.allSettled([
    groups.write(insert('a')),
    groups.write(insert('a')),
    groups.write(insert('b')),
  ])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(await stored(database, '')).toEqual(['a', 'b'])
  expect(commitCount()).toBe(1)
})

test('an outage refuses the whole group, and the next one goes through', async () => {
  const { groups, database } = await openGroups({ outages: 1 })
  const outcomes = await Promise.allSettled([groups.write(insert('a')), groups.write(insert('b'))])
  for (const outcome of outcomes) expect(outcome).toHaveProperty('reason.code', 'STORAGE_UNAVAILABLE')
  expect(await stored(database, '')).toEqual([])
  expect(await groups.write(insert('a'))).toBe('a')
})

test('a note outlives an outage', async () => {
  const { groups, database } = await openGroups({ outages: 3 })
  groups.later(insert('a'))
  expect(
    await eventually(
      () => stored(database, ''),
      ({ length }) => length === 1,
    ),
  ).toEqual(['a'])
})

test('a note goes with the next commit, in front of it', async () => {
  const { groups, commitCount, database } = await openGroups()
  groups.later(insert('a'))
  await groups.write(insert('b'))
  expect(commitCount()).toBe(1)
  expect(await stored(database, '')).toEqual(['a', 'b'])
})

test('notes have a bound, and one past it says so in the log', async () => {
  const { groups, log } = await openGroups()
  for (let index = 0; index < 1_001; index++) groups.later(insert(`${index}`))
  expect(log.lines).toEqual([expect.stringContaining('warn: a note that may be lost was lost')])
  await groups.close()
})

test('a note that is a bug is logged as one', async () => {
  const { groups, log } = await openGroups()
  groups.later(() => Promise.reject(new RangeError('a bug')))
  await groups.close()
  expect(log.lines).toEqual([expect.stringContaining('error: a note was not stored {"err":"RangeError: a bug"}')])
})
