import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createTaskPool } from '../../src/core/task-pool.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { recordingLog } from '../db/kit.ts'

const poolOf = (concurrency: number, queue: number) => {
  const clock = createVirtualClock()
  const log = recordingLog()
  return { clock, log, pool: createTaskPool({ clock, concurrency, queue, log }) }
}

/** Ends when its signal fires. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

test('law: never more at once than may be, in the order of their coming, each outcome to its caller', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.record({ turns: fc.nat(3), fails: fc.boolean(), isGone: fc.boolean() }), { maxLength: 20 }),
      async (concurrency, tasks) => {
        const { pool } = poolOf(concurrency, 100)
        let running = 0
        let most = 0
        const begun: number[] = []
        const outcomes = await Promise.allSettled(
          tasks.map(async ({ turns, fails, isGone }, index) => {
            const gone = new AbortController()
            const task = pool.run(
              async () => {
                begun.push(index)
                running += 1
                most = Math.max(most, running)
                for (let turn = 0; turn < turns; turn++) await nextTurn()
                running -= 1
                if (fails) throw new RangeError(String(index))
                return index
              },
              { signal: gone.signal },
            )
            if (isGone) gone.abort(new Error('gone'))
            return task
          }),
        )
        expect(most).toBeLessThanOrEqual(concurrency)
        expect(begun).toEqual(begun.toSorted((left, right) => left - right))
        for (const index of begun)
          expect(outcomes[index]).toMatchObject(
            tasks[index]?.fails ? { reason: new RangeError(String(index)) } : { value: index },
          )
        // Nothing is begun for whoever was gone while it waited, and nobody else is left out.
        for (const [index, { isGone }] of tasks.entries()) if (!isGone) expect(begun).toContain(index)
        expect(pool.stats()).toMatchObject({ running: 0, waiting: 0 })
      },
    ),
    { numRuns: 200 },
  )
})

test('past its queue it refuses', async () => {
  const { pool } = poolOf(1, 1)
  const gate = Promise.withResolvers<void>()
  const first = pool.run(() => gate.promise)
  const second = pool.run(async () => 2)
  await expect(pool.run(async () => 3)).rejects.toMatchObject({
    code: 'OVERLOADED',
    details: { waiting: 1, retryAfterSeconds: 1 },
  })
  expect(pool.stats()).toEqual({ running: 1, waiting: 1, failed: 0 })
  gate.resolve()
  await first
  expect(await second).toBe(2)
})

test('room that comes together with an abort is not lost', async () => {
  const { pool } = poolOf(1, 2)
  const gate = Promise.withResolvers<void>()
  const gone = new AbortController()
  const first = pool.run(async () => {
    await gate.promise
    // When this has ended, the room goes to the one that leaves in the same moment.
    queueMicrotask(() => queueMicrotask(() => gone.abort(new Error('gone'))))
  })
  const leaving = pool.run(async () => 'began', { signal: gone.signal }).catch(() => 'left')
  const last = pool.run(async () => 'last')
  gate.resolve()
  await Promise.all([first, leaving])
  expect(await last).toBe('last')
})

test('a rejection that nobody hears is counted and logged, and harms nothing', async () => {
  const { pool, log } = poolOf(2, 0)
  const heard: unknown[] = []
  const hear = (reason: unknown) => void heard.push(reason)
  process.on('unhandledRejection', hear)
  void pool.run(() => Promise.reject(new RangeError('a bug')))
  void pool.run(() => {
    throw new RangeError('at once')
  })
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  process.off('unhandledRejection', hear)
  expect(heard).toEqual([])
  expect(pool.stats()).toEqual({ running: 0, waiting: 0, failed: 2 })
  expect(log.lines.map((line) => line.split(' {')[0])).toEqual(Array(2).fill('error: a background task failed'))
  expect(await pool.run(async () => 'goes on')).toBe('goes on')
})

test('an abort reaches the work', async () => {
  const { pool } = poolOf(1, 0)
  const gone = new AbortController()
  const task = pool.run(untilAborted, { signal: gone.signal })
  await nextTurn()
  gone.abort(new RangeError('gone'))
  await expect(task).rejects.toThrow('gone')
  expect(pool.stats()).toEqual({ running: 0, waiting: 0, failed: 0 })
})

test('draining lets what runs and waits end, and takes nothing new', async () => {
  const { pool, clock } = poolOf(1, 5)
  const slow = () => clock.sleep(400)
  const tasks = [pool.run(slow), pool.run(slow)]
  const drained = pool.drain(1_000)
  await expect(pool.run(slow)).rejects.toMatchObject({ code: 'SHUTTING_DOWN' })
  expect(await clock.run(drained)).toBe(0)
  expect(clock.monotonicMs()).toBe(800)
  await Promise.all(tasks)
})

test('after its grace it cancels, and tells how many do not end even then', async () => {
  const { pool, clock } = poolOf(2, 5)
  const [obeys, waits] = [pool.run(untilAborted), pool.run(() => new Promise(() => {}))]
  const never = pool.run(async () => 'never')
  const [one, , three] = [obeys, waits, never].map((task) => task.catch((error: { code: string }) => error.code))
  expect(await clock.run(pool.drain(1_000))).toBe(1)
  expect(clock.monotonicMs()).toBe(2_000)
  expect(await Promise.all([one, three])).toEqual(['SHUTTING_DOWN', 'SHUTTING_DOWN'])
})
