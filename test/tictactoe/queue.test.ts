import { expect, test } from 'vitest'
import { noLocks } from '../../src/intent/game-locks.ts'
import { createGameQueue } from '../../src/tictactoe/_queue.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'

const forever = new AbortController().signal
const turn = { gone: forever, deadline: forever, deadlineMs: 1_000 }

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

test('runs the writes of one game one after the other, in the order they came', async () => {
  const queue = createGameQueue({ locks: noLocks, clock: createVirtualClock() })
  const seen: string[] = []
  const write = (name: string) =>
    queue.run('game', turn, async () => {
      seen.push(`${name} begins`)
      await Promise.resolve()
      seen.push(`${name} ends`)
    })
  await Promise.all([write('a'), write('b'), write('c')])
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('games do not wait for each other', async () => {
  const queue = createGameQueue({ locks: noLocks, clock: createVirtualClock() })
  const { opened, open } = gate()
  const slow = queue.run('slow', turn, () => opened)
  await expect(queue.run('other', turn, async () => 'done')).resolves.toBe('done')
  open()
  await slow
})

test('goes on after a write that failed', async () => {
  const queue = createGameQueue({ locks: noLocks, clock: createVirtualClock() })
  const failing = queue.run('game', turn, async () => {
    throw new Error('no')
  })
  const next = queue.run('game', turn, async () => 'done')
  await expect(failing).rejects.toThrow('no')
  await expect(next).resolves.toBe('done')
})

test('refuses the seventeenth waiter', async () => {
  const queue = createGameQueue({ locks: noLocks, clock: createVirtualClock(), maxWaiting: 16 })
  const { opened, open } = gate()
  const running = [...Array(17)].map(() => queue.run('game', turn, () => opened))
  await expect(queue.run('game', turn, async () => {})).rejects.toMatchObject({ code: 'GAME_BUSY' })
  open()
  await Promise.all(running)
})

test('a waiter whose caller hangs up leaves the line without holding it up', async () => {
  const queue = createGameQueue({ locks: noLocks, clock: createVirtualClock() })
  const { opened, open } = gate()
  const caller = new AbortController()
  const first = queue.run('game', turn, () => opened)
  const gone = queue.run('game', { ...turn, gone: caller.signal }, async () => 'never')
  const last = queue.run('game', turn, async () => 'done')
  caller.abort()
  await expect(gone).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  open()
  await first
  await expect(last).resolves.toBe('done')
})

test('waiting counts against the deadline', async () => {
  const clock = createVirtualClock()
  const queue = createGameQueue({ locks: noLocks, clock })
  const { opened, open } = gate()
  const first = queue.run('game', turn, () => opened)
  const late = queue.run('game', { ...turn, deadlineMs: clock.monotonicMs() + 50 }, async () => 'never')
  await expect(clock.run(late)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  open()
  await first
})
