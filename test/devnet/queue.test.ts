import { expect, test } from 'vitest'
import { createQueue } from '../../src/devnet/queue.ts'
import type { Update } from '../../src/devnet/update.ts'
import { add } from './fixtures.ts'

const update = (index: number, size = 100, key?: string): Update => ({
  message: add(1, index, key === undefined ? {} : { key }),
  wire: { index },
  hash: String(index),
  size,
  proofs: [],
})
const hashes = (updates: readonly Update[]) => updates.map(({ hash }) => hash)

test('gives back in order, at most 256 at once', () => {
  const queue = createQueue()
  for (let index = 0; index < 300; index++) queue.add(update(index))
  expect(hashes(queue.take())).toEqual(Array.from({ length: 256 }, (_, index) => String(index)))
  expect(hashes(queue.all())).toHaveLength(44)
  expect(queue.take()).toHaveLength(44)
  expect(queue.isEmpty()).toBe(true)
  expect(queue.take()).toEqual([])
})

test('a batch has a size, but never keeps a large message back for ever', () => {
  const queue = createQueue()
  for (const size of [3_000_000, 3_000_000, 9_000_000]) queue.add(update(1, size))
  expect(queue.take()).toHaveLength(1)
  expect(queue.take()).toHaveLength(1)
  expect(queue.take()).toHaveLength(1)
})

test.each([
  { name: '10,000 messages', size: 1, count: 10_000 },
  { name: '64 Mi characters', size: 1024 * 1024, count: 64 },
])('takes no more than $name', ({ size, count }) => {
  const queue = createQueue()
  for (let index = 0; index < count; index++) expect(queue.add(update(index, size))).toBe(true)
  expect(queue.add(update(-1, size))).toBe(false)
  queue.take()
  expect(queue.add(update(-1, size))).toBe(true)
})

test('finds what waits under a key, until it is taken', () => {
  const queue = createQueue()
  const [first, second] = [update(1, 10, 'k'), update(2, 10, 'k')]
  queue.add(first)
  queue.add(second)
  const key = '11111111-1111-4111-8111-000000000001 k'
  expect(queue.underKey(key)).toEqual([first, second])
  queue.take()
  expect(queue.underKey(key)).toEqual([])
})
