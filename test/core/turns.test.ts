import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createTurns } from '../../src/core/turns.ts'

test('those that wake together go on a few in a turn, in the order of their coming', async () => {
  const turns = createTurns(3)
  const went: number[] = []
  for (let who = 0; who < 8; who++) void turns.take().then(() => went.push(who))
  await Promise.resolve()
  const perTurn = [went.length]
  for (let turn = 0; turn < 3; turn++) {
    await nextTurn()
    perTurn.push(went.length)
  }
  expect(perTurn).toEqual([3, 6, 8, 8])
  expect(went).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
})

test('one that comes later takes a place of its own turn', async () => {
  const turns = createTurns(1)
  await turns.take()
  await nextTurn()
  let went = false
  void turns.take().then(() => {
    went = true
  })
  await Promise.resolve()
  expect(went).toBe(true)
})
