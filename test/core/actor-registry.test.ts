import { expect, test } from 'vitest'
import { createActorRegistry } from '../../src/core/actor-registry.ts'

test('finds by type and id, and lists by type in the order of their coming', () => {
  const registry = createActorRegistry<number>()
  registry.register('agent', 'b', 1)
  registry.register('agent', 'a', 2)
  registry.register('worker', 'a', 3)
  registry.register('agent:a', 'b', 4) // no other name, however it is written
  expect([registry.get('agent', 'a'), registry.get('worker', 'a'), registry.get('agent', 'c')]).toEqual([
    2,
    3,
    undefined,
  ])
  expect(registry.list('agent')).toEqual([
    { id: 'b', actor: 1 },
    { id: 'a', actor: 2 },
  ])
  expect(registry.list('nothing')).toEqual([])
})

test('refuses a name that is taken, and the first one stays', () => {
  const registry = createActorRegistry<string>()
  registry.register('agent', 'otto', 'first')
  expect(() => registry.register('agent', 'otto', 'second')).toThrow(
    expect.objectContaining({ code: 'ACTOR_REFUSED', details: { reason: 'exists', key: 'agent:otto' } }),
  )
  expect(registry.get('agent', 'otto')).toBe('first')
})

test('a name given back is free; giving it back late frees no later one', () => {
  const registry = createActorRegistry<string>()
  const giveBack = registry.register('agent', 'otto', 'first')
  giveBack()
  expect(registry.get('agent', 'otto')).toBe(undefined)
  registry.register('agent', 'otto', 'second')
  giveBack()
  expect(registry.get('agent', 'otto')).toBe('second')
})

test('holds no more than it may, of all types together', () => {
  const registry = createActorRegistry<number>(2)
  const giveBack = registry.register('a', '1', 1)
  registry.register('b', '1', 1)
  expect(() => registry.register('c', '1', 1)).toThrow(
    expect.objectContaining({ details: { reason: 'full', key: 'c:1' } }),
  )
  giveBack()
  registry.register('c', '1', 1)
  expect(registry.list('c')).toHaveLength(1)
})
