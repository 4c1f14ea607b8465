import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { createKeyStore } from '../../src/intent/key-store.ts'
import type { KeyedRun, RequestKeys } from '../../src/tools/request-keys.ts'
import { createRequestKeys } from '../../src/tools/request-keys.ts'
import type { ToolOutcome } from '../../src/tools/tool.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { openMemory, openRecords } from '../records.ts'

const success: ToolOutcome = { success: true, result: { gameId: 'g' }, traceId: 't' }
const forever = new AbortController().signal

/** Work that counts its runs, remembers whether each was told to go on, and gives what it is told to. */
function counted(ends: KeyedRun['ends'] = 'final') {
  const runs: boolean[] = []
  const work = async (isContinued: boolean): Promise<KeyedRun> => {
    runs.push(isContinued)
    return { outcome: success, ends }
  }
  return { work, runs }
}

/** The keys of one bridge; a second one on the same database stands for its next start. */
async function openKeys(database?: Database) {
  const { keys: store } = await openRecords(database ?? (await openMemory()))
  return createRequestKeys({ store, clock: createVirtualClock(), log: silentLog })
}

const ask = (keys: RequestKeys, work: (isContinued: boolean) => Promise<KeyedRun>, fingerprint = 'print') =>
  keys.run({ principal: 'p', key: 'key', fingerprint }, work, forever)

test('a repeat gets the first answer, and nothing runs again', async () => {
  const keys = await openKeys()
  const { work, runs } = counted()
  expect(await ask(keys, work)).toEqual({ outcome: success, again: false })
  expect(await ask(keys, work)).toEqual({ outcome: success, again: true })
  expect(runs).toEqual([false])
})

test('a repeat joins a run that is still going', async () => {
  const keys = await openKeys()
  const { work, runs } = counted()
  const both = await Promise.all([ask(keys, work), ask(keys, work)])
  expect(both.map(({ again }) => again)).toEqual([false, true])
  expect(runs).toHaveLength(1)
})

test('a repeat does not wait longer for a running one than its caller does', async () => {
  const keys = await openKeys()
  const { promise, resolve } = Promise.withResolvers<KeyedRun>()
  const first = ask(keys, () => promise)
  const late = keys.run({ principal: 'p', key: 'key', fingerprint: 'print' }, () => promise, AbortSignal.timeout(20))
  await expect(late).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  resolve({ outcome: success, ends: 'final' })
  expect(await first).toEqual({ outcome: success, again: false })
})

test('refuses the key for another request, while it runs and when it has ended', async () => {
  const keys = await openKeys()
  const running = ask(keys, counted().work)
  await expect(ask(keys, counted().work, 'other')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
  await running
  await expect(ask(keys, counted().work, 'other')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
})

test('a key under which nothing came about is free for anything', async () => {
  const keys = await openKeys()
  const { work, runs } = counted('nothing')
  await ask(keys, work)
  await ask(keys, work, 'other')
  expect(runs).toEqual([false, false])
})

test('what stayed open goes on under the same request, and is no other', async () => {
  const keys = await openKeys()
  await ask(keys, counted('open').work)
  await expect(ask(keys, counted().work, 'other')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
  const { work, runs } = counted()
  expect(await ask(keys, work)).toEqual({ outcome: success, again: false })
  expect(runs).toEqual([true])
})

test('what stayed open at one bridge goes on at another, while both live', async () => {
  const database = await openMemory()
  const first = await openRecords(database)
  const open = counted('open')
  const keysOf = (store: typeof first.keys) => createRequestKeys({ store, clock: createVirtualClock(), log: silentLog })
  await ask(keysOf(first.keys), open.work)
  const second = createKeyStore({ database, bridgeId: randomUUID() })
  const { work, runs } = counted()
  expect(await ask(keysOf(second), work)).toEqual({ outcome: success, again: false })
  expect(runs).toEqual([true])
})

test('after a restart a final answer is told again, and what was under way goes on', async () => {
  const database = await openMemory()
  await ask(await openKeys(database), counted().work)
  const { work, runs } = counted()
  expect(await ask(await openKeys(database), work)).toEqual({ outcome: success, again: true })
  expect(runs).toEqual([])

  const other = { principal: 'q', key: 'key', fingerprint: 'print' }
  const never = (await openKeys(database)).run(other, () => new Promise(() => {}), forever)
  await Promise.race([never, new Promise((resolve) => setTimeout(resolve, 50))])
  expect(await (await openKeys(database)).run(other, work, forever)).toEqual({ outcome: success, again: false })
  expect(runs).toEqual([true])
})
