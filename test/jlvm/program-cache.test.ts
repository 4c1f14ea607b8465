import { expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { evaluate } from '../../src/jlvm/evaluate.ts'
import { createProgramCache } from '../../src/jlvm/program-cache.ts'

const guard = (): JsonValue => ({ and: [{ '===': [{ var: 'a' }, 1] }, { b: 'text', c: null }] })

test('equal expressions share one JSON object and one program', () => {
  const cache = createProgramCache({ maxPrograms: 4 })
  const first = guard()
  const interned = cache.intern(first)
  expect(interned.json).toBe(first)
  expect(cache.intern(guard())).toBe(interned)
  expect(cache.intern({ and: [{ '===': [{ var: 'a' }, 1] }, { c: null, b: 'text' }] })).toBe(interned)
  expect(evaluate(interned.program, new Map([['a', 1n]])).value).toEqual(
    new Map([
      ['b', 'text'],
      ['c', null],
    ]),
  )
})

test.each<{ name: string; left: JsonValue; right: JsonValue }>([
  { name: 'a number and its text', left: [1], right: ['1'] },
  { name: 'a list and an object', left: ['a'], right: { 0: 'a' } },
  { name: 'texts with separators', left: ['a","b'], right: ['a', 'b'] },
  { name: 'null and no member', left: { a: null }, right: {} },
])('tells $name apart', ({ left, right }) => {
  const cache = createProgramCache({ maxPrograms: 4 })
  expect(cache.intern(left)).not.toBe(cache.intern(right))
})

test('scalars are expressions too', () => {
  const cache = createProgramCache({ maxPrograms: 4 })
  expect(cache.intern(true)).toBe(cache.intern(true))
  expect(evaluate(cache.intern(null).program, 1n).value).toBeNull()
})

test('forgets the least recently used content, and still serves JSON that it has seen', () => {
  const cache = createProgramCache({ maxPrograms: 2 })
  const seen = guard()
  const interned = cache.intern(seen)
  for (const number of [1, 2, 3]) cache.intern([number, { var: 'x' }])
  expect(cache.intern(seen)).toBe(interned)
  expect(cache.intern(guard())).not.toBe(interned)
})
