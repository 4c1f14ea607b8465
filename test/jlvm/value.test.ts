import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { Decimal } from '../../src/jlvm/decimal.ts'
import type { Value } from '../../src/jlvm/value.ts'
import { fromJson, isTruthy, toJson, typeName, valuesEqual } from '../../src/jlvm/value.ts'
import { show } from './_evaluated.ts'

// Zero has one sign here: JSON numbers are read by value.
const jsonValues = fc.jsonValue().map((json): JsonValue => JSON.parse(JSON.stringify(json).replaceAll('-0', '0')))

describe('JSON in and out', () => {
  test.each([
    { json: 1, text: '1n' },
    { json: 1.5, text: '1.5d' },
    { json: 1e3, text: '1000n' },
    { json: 1e-7, text: '1E-7d' },
    { json: 1e23, text: `1${'0'.repeat(23)}n` },
    { json: -0, text: '0n' },
    { json: 5e-324, text: '5E-324d' },
  ])('$json is read as $text', ({ json, text }) => {
    expect(show(fromJson(json))).toBe(text)
  })

  test('law: what is read is written again', () => {
    fc.assert(
      fc.property(jsonValues, (json) => {
        expect(toJson(fromJson(json))).toEqual(json)
        expect(JSON.stringify(toJson(fromJson(json)))).toBe(JSON.stringify(json))
      }),
    )
  })

  test('the same state is read once', () => {
    const state = { board: Array.from({ length: 9 }, () => null), a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 }
    expect(fromJson(state)).toBe(fromJson(state))
    expect(fromJson({ ...state })).not.toBe(fromJson(state))
  })

  test('a member named __proto__ is a member', () => {
    const json: JsonValue = JSON.parse('{"__proto__":{"admin":true}}')
    const value = fromJson(json)
    expect(value).toEqual(new Map([['__proto__', new Map([['admin', true]])]]))
    expect(JSON.stringify(toJson(value))).toBe('{"__proto__":{"admin":true}}')
    expect(Object.getPrototypeOf(toJson(value))).toBe(Object.prototype)
  })

  test('a number beyond the doubles is written as an infinity, for the caller to refuse', () => {
    expect(toJson(10n ** 400n)).toBe(Number.POSITIVE_INFINITY)
    expect(() => fromJson(Number.NaN)).toThrow(expect.objectContaining({ code: 'EVALUATION_FAILED' }))
  })

  test('a value that shares its parts without end is not written out', () => {
    let wide: Value = ['x']
    for (let level = 0; level < 60; level++) wide = [wide, wide]
    let deep: Value = []
    for (let level = 0; level < 100_000; level++) deep = [deep]
    expect(() => toJson(wide)).toThrow(expect.objectContaining({ code: 'EVALUATION_FAILED' }))
    expect(() => toJson(deep)).toThrow(expect.objectContaining({ code: 'EVALUATION_FAILED' }))
  })
})

test.each<{ value: Value; name: string; truthy: boolean }>([
  { value: null, name: 'null', truthy: false },
  { value: false, name: 'bool', truthy: false },
  { value: 0n, name: 'int', truthy: false },
  { value: -1n, name: 'int', truthy: true },
  { value: new Decimal(0n, 3), name: 'float', truthy: false },
  { value: new Decimal(1n, 9), name: 'float', truthy: true },
  { value: '', name: 'string', truthy: false },
  { value: '0', name: 'string', truthy: true },
  { value: [], name: 'array', truthy: false },
  { value: [0n], name: 'array', truthy: true },
  { value: new Map(), name: 'map', truthy: false },
  { value: new Map([['a', null]]), name: 'map', truthy: true },
])('$name $value is truthy: $truthy', ({ value, name, truthy }) => {
  expect(typeName(value)).toBe(name)
  expect(isTruthy(value)).toBe(truthy)
})

describe('structural equality', () => {
  test.each<{ name: string; left: Value; right: Value; equal: boolean }>([
    { name: 'int and float of one size', left: 1n, right: new Decimal(1n, 0), equal: false },
    { name: 'floats of two scales', left: new Decimal(10n, 1), right: new Decimal(1n, 0), equal: true },
    {
      name: 'keys in another order',
      left: new Map([
        ['a', 1n],
        ['b', 2n],
      ]),
      right: new Map([
        ['b', 2n],
        ['a', 1n],
      ]),
      equal: true,
    },
    { name: 'a null member and no member', left: new Map([['a', null]]), right: new Map([['b', null]]), equal: false },
    { name: 'a list and a longer one', left: [1n], right: [1n, null], equal: false },
    { name: 'an empty list and an empty map', left: [], right: new Map(), equal: false },
    { name: 'null and false', left: null, right: false, equal: false },
    { name: 'null and a list', left: null, right: [], equal: false },
  ])('of $name is $equal', ({ left, right, equal }) => {
    expect(valuesEqual(left, right)).toBe(equal)
    expect(valuesEqual(right, left)).toBe(equal)
  })

  test('law: a value equals its copy', () => {
    fc.assert(
      fc.property(jsonValues, (json) => {
        expect(valuesEqual(fromJson(json), fromJson(structuredClone(json)))).toBe(true)
      }),
    )
  })

  test('refuses to go deeper than any JSON', () => {
    const nest = (): Value => {
      let value: Value = []
      for (let level = 0; level < 1_000; level++) value = [value]
      return value
    }
    expect(() => valuesEqual(nest(), nest())).toThrow(expect.objectContaining({ code: 'EVALUATION_FAILED' }))
  })
})
