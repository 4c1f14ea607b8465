import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { lookUp, parsePath } from '../../src/jlvm/scope.ts'
import { fromJson, toJson } from '../../src/jlvm/value.ts'
import { resultOf, run } from './_evaluated.ts'

describe('a context over the root data', () => {
  const map = { k: 'root', only: 'root' }
  test.each<{ name: string; root: JsonValue; context: JsonValue; path: string; found: JsonValue }>([
    { name: 'null is the empty path', root: map, context: null, path: '', found: null },
    { name: 'null hides nothing', root: map, context: null, path: 'k', found: 'root' },
    { name: 'a primitive hides nothing', root: map, context: 7, path: 'k', found: 'root' },
    { name: 'a map hides its own keys', root: map, context: { k: 'item' }, path: 'k', found: 'item' },
    { name: 'a map hides them with null too', root: map, context: { k: null }, path: 'k', found: null },
    { name: 'a map leaves the other keys', root: map, context: { k: 'item' }, path: 'only', found: 'root' },
    { name: 'an array follows an array', root: ['r'], context: ['c'], path: '1', found: 'c' },
    { name: 'an array leaves the first indexes', root: ['r'], context: ['c'], path: '0', found: 'r' },
    { name: 'two arrays end somewhere', root: ['r'], context: ['c'], path: '2', found: null },
    { name: 'an array hides a map', root: map, context: ['c'], path: 'k', found: null },
    { name: 'a map hides an array', root: ['r'], context: { k: 1 }, path: '0', found: null },
    { name: 'a map over a primitive', root: 5, context: { k: 1 }, path: 'k', found: 1 },
  ])('$name', ({ root, context, path, found }) => {
    expect(toJson(lookUp(parsePath(path), fromJson(root), fromJson(context)))).toEqual(found)
  })
})

describe('paths', () => {
  test.each(['__proto__', 'constructor', 'prototype', 'a.constructor', 'a.length', 'l.length', 's.length', 'l.map'])(
    '%s finds nothing that the data does not hold',
    (path) => {
      expect(resultOf({ var: path }, { a: {}, l: [1, 2], s: 'text' })).toBeNull()
      expect(resultOf({ map: [[{}, [], 's'], { var: path }] }, {})).toEqual([null, null, null])
    },
  )

  test('find members with such names where the data holds them', () => {
    const data: JsonValue = JSON.parse('{"__proto__":{"constructor":1}}')
    expect(resultOf({ var: '__proto__.constructor' }, data)).toBe(1)
  })

  test.each([
    { path: 'l.+1', found: 'b' },
    { path: 'l.0001', found: 'b' },
    { path: 'l.1.0', found: null },
    { path: 'l.1e0', found: null },
    { path: 'l. 1', found: null },
    { path: 'l.99999999999999999999', found: null },
    { path: 'l.-0', found: 'a' },
    { path: '.x', found: 'inner' },
  ])('$path finds $found', ({ path, found }) => {
    expect(resultOf({ var: path }, { l: ['a', 'b'], '': { x: 'inner' } })).toBe(found)
  })

  test.each([
    { path: '', gas: 3 },
    { path: 'a', gas: 3 },
    { path: 'a.b.c', gas: 5 },
    { path: 'a.', gas: 3 },
    { path: 'a..', gas: 3 },
    { path: '.', gas: 2 },
    { path: '..a', gas: 5 },
  ])('looking up "$path" reports $gas gas', ({ path, gas }) => {
    expect(run({ var: path }, { a: 1 }).gasUsed).toBe(gas)
  })

  test('a default costs nothing', () => {
    expect(run({ var: ['gone', 1] })).toEqual({ value: 1, gasUsed: 0, depth: 1 })
  })
})
