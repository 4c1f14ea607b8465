import serialize from 'canonicalize'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { canonicalize, dropNulls } from '../../src/signing/canonical.ts'
import { jsonObject, jsonValue } from './arbitraries.ts'
import { signingVectors, upstreamVectors } from './vectors.ts'

test.each([
  ...signingVectors.vectors,
  ...upstreamVectors.map((vector) => ({ ...vector, name: vector.hashHex, nulls: '' })),
])('writes the text that peers sign: $name', ({ message, nulls, canonicalJson }) => {
  expect(canonicalize(nulls === 'drop' ? dropNulls(message) : message)).toBe(canonicalJson)
})

test.each<{ name: string; value: JsonValue; text: string }>([
  { name: 'sorts keys', value: { b: 1, a: 2 }, text: '{"a":2,"b":1}' },
  { name: 'sorts keys made of digits as text', value: { 9: 1, 10: 2 }, text: '{"10":2,"9":1}' },
  { name: 'sorts by code unit, not by code point', value: { '\ufb33': 1, '😀': 2 }, text: '{"😀":2,"\ufb33":1}' },
  { name: 'keeps the order of arrays', value: [2, 1], text: '[2,1]' },
  { name: 'writes an empty key', value: { '': 0 }, text: '{"":0}' },
  { name: 'writes empty values', value: [{}, [], '', 0, false, null], text: '[{},[],"",0,false,null]' },
  { name: 'writes minus zero as 0', value: -0, text: '0' },
  { name: 'writes 4.0 as 4', value: 4.0, text: '4' },
  { name: 'writes exponents as ECMAScript does', value: [1e21, 1e-7, 5e-324], text: '[1e+21,1e-7,5e-324]' },
  { name: 'escapes the short way', value: '"\\\b\t\n\f\r', text: '"\\"\\\\\\b\\t\\n\\f\\r"' },
  { name: 'escapes a quote on its own', value: 'a"b', text: '"a\\"b"' },
  { name: 'escapes a backslash on its own', value: 'a\\b', text: '"a\\\\b"' },
  { name: 'escapes other control characters in hex', value: '\u0000\u001f', text: '"\\u0000\\u001f"' },
  { name: 'leaves everything else as it is', value: '/\u007f\u2028\u2029é€😀', text: '"/\u007f\u2028\u2029é€😀"' },
  { name: 'has no prototype to fall into', value: JSON.parse('{"__proto__":{"a":1}}'), text: '{"__proto__":{"a":1}}' },
])('$name', ({ value, text }) => {
  expect(canonicalize(value)).toBe(text)
})

test.each<{ name: string; value: unknown; reason: string }>([
  { name: 'NaN', value: { a: Number.NaN }, reason: 'not_finite' },
  { name: 'an infinity', value: [Number.NEGATIVE_INFINITY], reason: 'not_finite' },
  { name: 'half a surrogate pair in a text', value: ['a\ud800b'], reason: 'lone_surrogate' },
  { name: 'half a surrogate pair in a key', value: { '\udc00': 1 }, reason: 'lone_surrogate' },
  { name: 'a member that is undefined', value: { a: undefined }, reason: 'not_json' },
  { name: 'a bigint', value: 1n, reason: 'not_json' },
])('refuses $name', ({ value, reason }) => {
  expect(() => canonicalize(value as JsonValue)).toThrow(
    expect.objectContaining({ code: 'JSON_UNSUPPORTED', kind: 'invalid', details: { reason } }),
  )
})

test('law: it is the text that the canonicalize package writes', () => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      expect(canonicalize(value)).toBe(serialize(value))
    }),
    { numRuns: 300 },
  )
})

test('law: reading the text and writing it again gives the same text', () => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      const text = canonicalize(value)
      const read: JsonValue = JSON.parse(text)
      expect(canonicalize(read)).toBe(text)
      expect(read).toEqual(JSON.parse(JSON.stringify(value)))
    }),
    { numRuns: 300 },
  )
})

test('law: the order of members never matters', () => {
  fc.assert(
    fc.property(jsonObject, (object) => {
      expect(canonicalize(Object.fromEntries(Object.entries(object).reverse()))).toBe(canonicalize(object))
    }),
  )
})

test.each<{ name: string; value: JsonValue; dropped: JsonValue }>([
  { name: 'drops null members at any depth', value: { a: null, b: { c: null } }, dropped: { b: {} } },
  { name: 'keeps null elements of arrays', value: { a: [null, { b: null }] }, dropped: { a: [null, {}] } },
  {
    name: 'keeps every other empty value',
    value: { a: 0, b: '', c: false, d: [] },
    dropped: { a: 0, b: '', c: false, d: [] },
  },
  { name: 'keeps a value that is null itself', value: null, dropped: null },
  {
    name: 'keeps a member named __proto__',
    value: JSON.parse('{"__proto__":1}'),
    dropped: JSON.parse('{"__proto__":1}'),
  },
])('$name', ({ value, dropped }) => {
  expect(JSON.stringify(dropNulls(value))).toBe(JSON.stringify(dropped))
})

test('law: dropping nulls twice is dropping them once, and changes nothing where there are none', () => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      const once = dropNulls(value)
      expect(dropNulls(once)).toEqual(once)
      expect(canonicalize(once)).not.toContain(':null')
    }),
  )
})
