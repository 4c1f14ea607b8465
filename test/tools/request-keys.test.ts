import { expect, test } from 'vitest'
import { createRequestKeys } from '../../src/tools/request-keys.ts'
import type { ToolOutcome } from '../../src/tools/tool.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'

const success: ToolOutcome = { success: true, result: { gameId: 'g' }, traceId: 't' }

/** Work that counts its runs and gives what it is told to. */
function counted(isFinal = true) {
  let runs = 0
  return {
    work: async () => {
      runs += 1
      return { outcome: success, isFinal }
    },
    runs: () => runs,
  }
}

test('a repeat gets the first answer, and nothing runs again', async () => {
  const keys = createRequestKeys({ clock: createVirtualClock() })
  const { work, runs } = counted()
  expect(await keys.run('key', 'print', work)).toEqual({ outcome: success, again: false })
  expect(await keys.run('key', 'print', work)).toEqual({ outcome: success, again: true })
  expect(runs()).toBe(1)
})

test('a repeat joins a run that is still going', async () => {
  const keys = createRequestKeys({ clock: createVirtualClock() })
  const { work, runs } = counted()
  const both = await Promise.all([keys.run('key', 'print', work), keys.run('key', 'print', work)])
  expect(both.map(({ again }) => again)).toEqual([false, true])
  expect(runs()).toBe(1)
})

test('refuses the key for another request', async () => {
  const keys = createRequestKeys({ clock: createVirtualClock() })
  await keys.run('key', 'print', counted().work)
  await expect(keys.run('key', 'other', counted().work)).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' })
})

test('an answer that is not final leaves the key free', async () => {
  const keys = createRequestKeys({ clock: createVirtualClock() })
  const { work, runs } = counted(false)
  await keys.run('key', 'print', work)
  await keys.run('key', 'other', work)
  expect(runs()).toBe(2)
})

test('forgets a key after a day', async () => {
  const clock = createVirtualClock()
  const keys = createRequestKeys({ clock })
  const { work, runs } = counted()
  await keys.run('key', 'print', work)
  await clock.run(clock.sleep(24 * 60 * 60 * 1000 + 1))
  await keys.run('key', 'print', work)
  expect(runs()).toBe(2)
})
