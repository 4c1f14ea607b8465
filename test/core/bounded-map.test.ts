import { expect, test } from 'vitest'
import { createBoundedMap } from '../../src/core/bounded-map.ts'

test('forgets what was used longest ago', () => {
  const map = createBoundedMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.get('a')
  map.set('c', 3)
  expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2])
})

test('writing a known key forgets nothing', () => {
  const map = createBoundedMap<string, number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.set('a', 3)
  expect([map.get('a'), map.get('b')]).toEqual([3, 2])
})

test('deletes', () => {
  const map = createBoundedMap<string, number>(2)
  map.set('a', 1)
  expect([map.delete('a'), map.delete('a'), map.size]).toEqual([true, false, 0])
})
