import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeJson, InvalidJsonError } from '../../src/core/decode-json.ts'

const reasonOf = (source: Uint8Array | string, options = {}): unknown => {
  try {
    return { value: decodeJson(source, options) }
  } catch (error) {
    if (!(error instanceof InvalidJsonError)) throw error
    expect(error.code).toBe('INVALID_JSON')
    expect(error.hint).toMatch(/JSON object/)
    return error.details['reason']
  }
}

const bytes = (...values: number[]) => Uint8Array.from(values)
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

describe('refuses', () => {
  test.each([
    { name: 'nothing', source: '', reason: 'syntax' },
    { name: 'blanks', source: ' \n', reason: 'syntax' },
    { name: 'an open string', source: '{"a', reason: 'syntax' },
    { name: 'an open string that ends in a backslash', source: '{"a\\', reason: 'syntax' },
    { name: 'two values', source: '{}{}', reason: 'syntax' },
    { name: 'a closing bracket too many', source: '[]]', reason: 'syntax' },
    { name: 'crossed brackets', source: '{"a":[}]', reason: 'syntax' },
    { name: 'a leading zero', source: '04', reason: 'syntax' },
    { name: 'a leading plus', source: '+4', reason: 'syntax' },
    { name: 'a bare minus', source: '[-]', reason: 'syntax' },
    { name: 'NaN', source: 'NaN', reason: 'syntax' },
    { name: 'a comment', source: '{}/* */', reason: 'syntax' },
    { name: 'a raw control character', source: '"\n"', reason: 'syntax' },
    { name: 'an unknown escape', source: '"\\x41"', reason: 'syntax' },
    { name: 'half an escape in a name', source: '{"\\u00":1}', reason: 'syntax' },
    { name: 'a half escape in surrogate range', source: '"\\ud8"', reason: 'syntax' },
    { name: 'a byte order mark in text', source: '\ufeff{}', reason: 'encoding' },
    { name: 'a byte order mark in bytes', source: bytes(0xef, 0xbb, 0xbf, 0x7b, 0x7d), reason: 'encoding' },
    { name: 'a byte that UTF-8 never has', source: bytes(0x22, 0xff, 0x22), reason: 'encoding' },
    { name: 'an overlong form', source: bytes(0x22, 0xc0, 0xaf, 0x22), reason: 'encoding' },
    { name: 'an encoded surrogate', source: bytes(0x22, 0xed, 0xa0, 0x80, 0x22), reason: 'encoding' },
    { name: 'UTF-16', source: bytes(0x7b, 0, 0x7d, 0), reason: 'syntax' },
    { name: 'a raw lone surrogate', source: '"\ud800"', reason: 'surrogate' },
    { name: 'an escaped lone high', source: '"\\ud800"', reason: 'surrogate' },
    { name: 'an escaped lone low', source: '"\\uDC00"', reason: 'surrogate' },
    { name: 'an escaped high before text', source: '"\\uD83Dx"', reason: 'surrogate' },
    { name: 'two escaped highs', source: '"\\ud83d\\ud83d"', reason: 'surrogate' },
    { name: 'a lone low in a name', source: '{"\\udc00":1}', reason: 'surrogate' },
    { name: '33 levels', source: nested(33), reason: 'depth' },
    { name: 'half a megabyte of open brackets', source: '['.repeat(500_000), reason: 'depth' },
    { name: 'objects 33 deep', source: `${'{"a":'.repeat(33)}1${'}'.repeat(33)}`, reason: 'depth' },
    { name: 'a name twice', source: '{"a":1,"b":2,"a":3}', reason: 'duplicate_key' },
    { name: 'a name twice in an inner object', source: '[{"a":{"b":1,"b":1}}]', reason: 'duplicate_key' },
    { name: 'a name twice after unescaping', source: '{"cell":4,"c\\u0065ll":5}', reason: 'duplicate_key' },
    { name: 'a name twice with a container between', source: '{"a":{"x":[1]},"a":1}', reason: 'duplicate_key' },
    { name: 'the empty name twice', source: '{"":1,"":2}', reason: 'duplicate_key' },
    { name: '__proto__', source: '{"__proto__":null}', reason: 'forbidden_key' },
    { name: '__proto__ escaped', source: '[{"\\u005f_proto__":1}]', reason: 'forbidden_key' },
    { name: 'constructor', source: '{"a":{"constructor":1}}', reason: 'forbidden_key' },
    { name: 'prototype', source: '{"prototype":{}}', reason: 'forbidden_key' },
    { name: '2^53', source: '9007199254740992', reason: 'number' },
    { name: '-2^53', source: '[-9007199254740992]', reason: 'number' },
    { name: '2^53 with a fraction', source: '9007199254740992.0', reason: 'number' },
    { name: 'a large exponent', source: '{"a":1e16}', reason: 'number' },
    { name: 'an infinity', source: '1e999', reason: 'number' },
    { name: '400 digits', source: '1'.repeat(400), reason: 'number' },
  ])('$name: $reason', ({ source, reason }) => {
    expect(reasonOf(source)).toBe(reason)
  })
})

describe('takes', () => {
  test.each([
    { name: '32 levels', source: nested(32) },
    { name: 'many siblings', source: `[${nested(31)},${nested(31)}]` },
    { name: 'brackets inside strings', source: JSON.stringify('[{'.repeat(100)) },
    { name: 'one name in two objects', source: '[{"a":1},{"a":{"a":2}}]' },
    { name: 'a name as value', source: '{"a":"a","b":"a"}' },
    { name: 'strings in arrays twice', source: '{"a":["x","x"],"b":1}' },
    { name: 'forbidden names as values', source: '["__proto__","constructor"]' },
    { name: 'an escaped pair', source: '"\\ud83d\\uDE00"' },
    { name: 'an escaped backslash before ud800', source: '"\\\\ud800"' },
    { name: 'an escaped quote', source: '{"a\\"b":"\\""}' },
    { name: '2^53-1', source: '9007199254740991' },
    { name: '-(2^53-1)', source: '-9007199254740991' },
    { name: 'a small exponent', source: '1.5e-300' },
    { name: 'a noncharacter', source: '"\uffff"' },
    { name: 'a byte order mark inside a string', source: '"\ufeff"' },
    { name: 'the words alone', source: '[null, true, false]' },
  ])('$name', ({ source }) => {
    expect(decodeJson(source)).toEqual(JSON.parse(source))
    expect(decodeJson(Buffer.from(source))).toEqual(JSON.parse(source))
  })
})

test('the depth allowed is the one asked for', () => {
  expect(reasonOf(nested(256), { maxDepth: 256 })).toHaveProperty('value')
  expect(reasonOf(nested(257), { maxDepth: 256 })).toBe('depth')
})

describe('for schemas of others', () => {
  test.each(['{"__proto__":{}}', '{"constructor":{"prototype":{}}}', '[{"constructor":{"a":1,"prototype":1}}]'])(
    'refuses %s',
    (source) => {
      expect(reasonOf(source, { forbidden: 'schema' })).toBe('forbidden_key')
    },
  )

  test.each([
    '{"constructor":{"a":{"prototype":{}}}}',
    '{"constructor":1,"prototype":2}',
    '[{"constructor":{}},{"prototype":1}]',
  ])('takes %s', (source) => {
    expect(decodeJson(source, { forbidden: 'schema' })).toEqual(JSON.parse(source))
  })
})

test('says nothing of the input', () => {
  try {
    decodeJson('{"password":"hunter2"')
    expect.unreachable()
  } catch (error) {
    expect(JSON.stringify([String(error), error])).not.toContain('hunter2')
    expect(error).toHaveProperty('cause', undefined)
  }
})

const forbiddenNames = new Set(['__proto__', 'constructor', 'prototype'])
const { tree: jsonTree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    fc.constant(null),
    fc.boolean(),
    fc.string({ unit: 'grapheme' }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.double({ min: -9e15, max: 9e15, noNaN: true }),
    fc.array(tie('tree'), { maxLength: 6 }),
    fc.dictionary(
      fc.string({ unit: 'grapheme' }).filter((name) => !forbiddenNames.has(name)),
      tie('tree'),
      { maxKeys: 6 },
    ),
  ),
}))

test('law: agrees with JSON.parse on every text that it takes', () => {
  fc.assert(
    fc.property(jsonTree, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      expect(decodeJson(Buffer.from(text))).toEqual(JSON.parse(text))
    }),
  )
})

test('law: what it takes JSON.parse takes, what JSON.parse refuses it refuses', () => {
  const fragment = fc.constantFrom(...'{}[]:,"\\ \n-+.0129eE', 'true', 'null', '"a"', '"b":', '\\u0061', '\\ud83d', 'x')
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 16 }), (fragments) => {
      const text = fragments.join('')
      const read = reasonOf(text)
      if (typeof read === 'object') expect(read).toEqual({ value: JSON.parse(text) })
      else if (read === 'syntax') expect(() => JSON.parse(text)).toThrow(SyntaxError)
    }),
    { numRuns: 2_000 },
  )
})

test('law: any bytes give a value or an InvalidJsonError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (source) => {
      reasonOf(source)
    }),
  )
})

test('law: a member added twice is refused wherever it stands', () => {
  fc.assert(
    fc.property(jsonTree, jsonTree, fc.string(), (first, second, name) => {
      fc.pre(!forbiddenNames.has(name))
      const key = JSON.stringify(name)
      const text = `[{${key}:${JSON.stringify(first)},"${name === 'z' ? 'y' : 'z'}":0,${key}:${JSON.stringify(second)}}]`
      expect(reasonOf(text)).toBe('duplicate_key')
    }),
  )
})

test.each([
  { name: 'names', unit: (index: number) => `"a${index}":0,`, wrap: (body: string) => `{${body}"z":0}` },
  { name: 'escaped names', unit: (index: number) => `"\\n${index}":0,`, wrap: (body: string) => `{${body}"z":0}` },
  { name: 'pairs', unit: () => '"\\ud83d\\ude00",', wrap: (body: string) => `[${body}0]` },
  { name: 'numbers', unit: () => '1.25,', wrap: (body: string) => `[${body}0]` },
  { name: 'objects', unit: () => '{},', wrap: (body: string) => `[${body}0]` },
  { name: 'one string', unit: () => 'abcdefgh', wrap: (body: string) => `"${body}"` },
])('reads a megabyte of $name in a linear blink', ({ unit, wrap }) => {
  const count = Math.floor(1_048_576 / unit(10_000).length)
  const source = Buffer.from(wrap(Array.from({ length: count }, (_, index) => unit(index)).join('')))
  const started = performance.now()
  decodeJson(source)
  // Measured at 5 to 60 ms; quadratic work would take minutes.
  expect(performance.now() - started).toBeLessThan(2_000)
})
