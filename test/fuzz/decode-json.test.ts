import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { DecodeJsonOptions, InvalidJsonReason } from '../../src/core/decode-json.ts'
import { decodeJson, InvalidJsonError } from '../../src/core/decode-json.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { jsonValue } from '../signing/arbitraries.ts'
import { mangles } from './_bytes.ts'

type Read = { readonly value: JsonValue } | { readonly reason: unknown }

/** What it gives or why not; throws what it should not have thrown. */
function read(source: Uint8Array | string, options: DecodeJsonOptions = {}): Read {
  try {
    return { value: decodeJson(source, options) }
  } catch (error) {
    if (error instanceof InvalidJsonError) return { reason: error.details['reason'] }
    throw error
  }
}

const token = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|[[\]{},:]/gsu

type Open = { readonly isObject: boolean; readonly names: Set<string>; readonly under: string; name: string }

/**
 * Every rule of ours that a text breaks which the engine's parser takes: written a second time, as plainly as can be.
 * @see docs of decodeJson
 */
function brokenRules(text: string, { maxDepth = 32, forbidden = 'strict' }: DecodeJsonOptions): Set<InvalidJsonReason> {
  const broken = new Set<InvalidJsonReason>()
  const open: Open[] = []
  const tokens = text.match(token) ?? []
  if (!text.isWellFormed()) broken.add('surrogate')
  for (const [index, word] of tokens.entries()) {
    const inside = open.at(-1)
    if (word === '{' || word === '[')
      open.push({ isObject: word === '{', names: new Set(), under: inside?.name ?? '', name: '' })
    if (open.length > maxDepth) broken.add('depth')
    if (word === '}' || word === ']') open.pop()
    if (/^[-\d]/.test(word) && Math.abs(Number(word)) > Number.MAX_SAFE_INTEGER) broken.add('number')
    if (!word.startsWith('"')) continue
    const string: string = JSON.parse(word)
    if (!string.isWellFormed()) broken.add('surrogate')
    if (!inside?.isObject || tokens[index + 1] !== ':') continue
    if (inside.names.has(string)) broken.add('duplicate_key')
    const isForbidden =
      string === '__proto__' ||
      (forbidden === 'strict'
        ? ['constructor', 'prototype'].includes(string)
        : string === 'prototype' && inside.under === 'constructor')
    if (isForbidden) broken.add('forbidden_key')
    inside.names.add(string)
    inside.name = string
  }
  return broken
}

function parsed(text: string): { readonly value: JsonValue } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

/** The whole law: taken is what the engine takes and no rule forbids, with its value; refused is all else, truthfully. */
function holdToTheLaw(bytes: Uint8Array, options: DecodeJsonOptions = {}): void {
  const answer = read(bytes, options)
  const text = Buffer.from(bytes).toString('utf8')
  if (!Buffer.from(text).equals(bytes) || text.startsWith('\ufeff')) {
    expect(answer).toEqual({ reason: 'encoding' })
    return
  }
  const wanted = parsed(text)
  const broken = wanted === undefined ? new Set() : brokenRules(text, options)
  if (wanted !== undefined && broken.size === 0) {
    if (!isDeepStrictEqual(answer, wanted)) expect(answer).toEqual(wanted) // which prints both
    return
  }
  // A text that is no JSON may break any rule on the way to the place where that shows.
  const allowed: readonly unknown[] = wanted === undefined ? reasons : [...broken]
  expect(allowed).toContain('reason' in answer ? answer.reason : answer)
}

const reasons: readonly InvalidJsonReason[] = [
  'syntax',
  'encoding',
  'surrogate',
  'depth',
  'duplicate_key',
  'forbidden_key',
  'number',
]

const words = [
  ...[
    '"',
    '\\',
    '\\"',
    '\\\\',
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"a":',
    ',"a":1',
    '{"a":',
    '[[[[',
    ']]]]',
    'null',
    'true',
  ],
  ...['\\ud83d', '\\ude00', '\\ud83d\\ude00', '\\uD800', '\\uDFFF', '\\u0000', '\\u00', '\\u005f_proto__', '\\u0061'],
  ...['"__proto__":1,', '"constructor":{"prototype":1},', '"prototype":[],', ',"":0,"":0', '\u0000', '\n', '\t', ' '],
  ...['9007199254740991', '9007199254740992', '-9007199254740992', '1e999', '-1e400', '1e15', '1E16', '-0', '00', '.5'],
  ...['9007199254740991.5', '0.1e17', '123456789012345678901234567890', '1e-999', '5e-324', 'NaN', '+1', '-'],
  ...['\ufeff', '\u2028', '\uffff', '/*', '//', "'", '\u00a0'],
  ...[[0xc0, 0x80], [0xc0, 0xaf], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff]].map(
    (each) => Uint8Array.from(each),
  ),
]

const names = fc.constantFrom('a', 'b', '', '__proto__', 'constructor', 'prototype', '\ud83d\ude00', '\u0000', 'a"')
/** A name, some of its units written as escapes: two spellings of one name are one name. */
const spelled = fc.tuple(names, fc.nat()).map(([name, mask]) => {
  const units = Array.from(
    { length: name.length },
    (_, at) => `\\u${name.charCodeAt(at).toString(16).padStart(4, '0')}`,
  )
  const plain = Array.from(JSON.stringify(name).slice(1, -1))
  return `"${mask % 2 === 0 || name === '' ? plain.join('') : units.join('')}"`
})
const numbers = fc
  .tuple(fc.constantFrom('', '-'), fc.bigInt({ min: 0n, max: 2n ** 60n }), fc.constantFrom('', '.0', '.5', 'e1', 'e-3'))
  .map((parts) => parts.join(''))

/** JSON texts that stand close to every rule: few names, spelled in two ways, and numbers around 2^53. */
const texts = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom('null', '0', '""', '9007199254740991', '9007199254740993', '"\\ud83d\\ude00"', '"\\udc00"', '1e3'),
    numbers,
    spelled,
    fc.array(tie('text'), { maxLength: 4 }).map((items) => `[${items.join(', ')}]`),
    fc
      .array(fc.tuple(spelled, tie('text')), { maxLength: 4 })
      .map((members) => `{${members.map(([name, value]) => `${name} : ${value}`).join(',')}}`),
  ),
})).text

const options = fc.record(
  { maxDepth: fc.integer({ min: 1, max: 6 }), forbidden: fc.constantFrom('strict' as const, 'schema' as const) },
  { requiredKeys: [] },
)

test('law: JSON near every rule is taken or refused as a plain second reading says', () => {
  fc.assert(
    fc.property(texts, options, (text, rules) => {
      holdToTheLaw(Buffer.from(text), rules)
    }),
    { numRuns: 3_000 },
  )
})

test('law: so is JSON that was damaged', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        texts,
        jsonValue.map((value) => JSON.stringify(value)),
      ),
      mangles(words),
      options,
      (text, mangle, rules) => {
        holdToTheLaw(mangle(Buffer.from(text)), rules)
      },
    ),
    { numRuns: 4_000 },
  )
})

test('law: a text and its bytes are read alike', () => {
  fc.assert(
    fc.property(texts, mangles(words, { least: 0 }), (text, mangle) => {
      const bytes = Buffer.from(mangle(Buffer.from(text)))
      const damaged = bytes.toString('utf8')
      fc.pre(Buffer.from(damaged).equals(bytes))
      expect(read(damaged)).toEqual(read(bytes))
    }),
    { numRuns: 500 },
  )
})

test('law: a bomb of brackets is refused for its depth, whatever stands around it', () => {
  const openings = fc.constantFrom('[', '{"a":', '[{"a":', '[[],', '{"b":{},"a":[', ' [ ')
  fc.assert(
    fc.property(
      openings,
      fc.constantFrom(0, 1, 100_000),
      fc.constantFrom('', '1', 'x', '"'),
      (opening, closed, middle) => {
        const text = opening.repeat(100_000) + middle + ']'.repeat(closed)
        expect(read(Buffer.from(text))).toEqual({ reason: 'depth' })
      },
    ),
    { numRuns: 20 },
  )
})

describe('a megabyte is read in linear time, whatever it is made of', () => {
  const megabyte = (unit: string) => unit.repeat(Math.ceil(1_048_576 / unit.length))
  const half = (unit: string) => megabyte(unit).slice(0, 524_288)

  test.each([
    { name: 'quotes', text: megabyte('"') },
    { name: 'backslashes in a string', text: `"${megabyte('\\')}` },
    { name: 'escaped quotes in a string that never ends', text: `"${megabyte('\\"')}` },
    { name: 'one string', text: `"${megabyte('x')}"` },
    { name: 'one string of pairs', text: `"${megabyte('😀')}"` },
    { name: 'one string of escaped NULs', text: `"${megabyte('\\u0000')}"` },
    { name: 'one string of raw NULs', text: `"${megabyte('\u0000')}"` },
    { name: 'escaped highs', text: `"${megabyte('\\ud83d')}"` },
    { name: 'nearly surrogates', text: `"${megabyte('\\ud7ff')}"` },
    { name: 'digits', text: megabyte('7') },
    { name: 'digits behind a point', text: `0.${megabyte('7')}` },
    { name: 'an exponent of many digits', text: `1e${megabyte('9')}` },
    { name: 'an exponent of many zeros', text: `1e${megabyte('0')}1` },
    { name: 'minus signs', text: megabyte('-') },
    { name: 'commas', text: `{${megabyte(',')}` },
    { name: 'closing brackets', text: megabyte(']') },
    { name: 'blanks', text: megabyte(' ') },
    { name: 'colons', text: `{"a"${megabyte(':')}` },
    { name: 'one long name twice', text: `{"${half('n')}":1,"${half('n')}":2}` },
    { name: 'one long name in two spellings', text: `{"${'\\u0061'.repeat(87_381)}":1,"${'a'.repeat(87_381)}":2}` },
    { name: 'a name that never ends', text: `{"${megabyte('\\n')}` },
    { name: 'empty names', text: `{${megabyte('"":0,')}` },
  ])('$name', ({ text }) => {
    const bytes = Buffer.from(text)
    const startMs = performance.now()
    const answer = read(bytes)
    // Measured below 30 ms; whatever is quadratic takes minutes.
    expect(performance.now() - startMs).toBeLessThan(2_000)
    const wanted = parsed(text)
    if ('value' in answer) expect(isDeepStrictEqual(answer, wanted)).toBe(true)
    else expect(reasons).toContain(answer.reason)
  })
})
