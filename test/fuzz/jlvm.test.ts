import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BaseError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { evaluate } from '../../src/jlvm/evaluate.ts'
import { operatorNames } from '../../src/jlvm/operator-names.ts'
import { compile } from '../../src/jlvm/program.ts'
import { fromJson, toJson } from '../../src/jlvm/value.ts'
import { show } from '../jlvm/_evaluated.ts'
import { dataValues, expressions } from '../jlvm/_expressions.ts'

/** What an event may spend. @see src/fiber/limits.ts */
const gasLimit = 10_000_000
const smallLimit = 20_000

/** Value with its types, gas and depth, or the code of the error; any error but the machine's own two is thrown on. */
function outcomeOf(expression: JsonValue, data: JsonValue, limit = smallLimit): string {
  try {
    const { value, gasUsed, depth } = evaluate(compile(expression), fromJson(data), { gasLimit: limit })
    return `${show(value)} gas ${gasUsed} depth ${depth}`
  } catch (error) {
    if (error instanceof BaseError && ['EVALUATION_FAILED', 'OUT_OF_GAS'].includes(error.code)) return error.code
    throw error
  }
}

const copyOf = (json: JsonValue): JsonValue => JSON.parse(JSON.stringify(json))

const hostile = fc.constantFrom<JsonValue>(
  ...[
    '__proto__',
    'constructor.prototype',
    'toString',
    'length',
    'list.length',
    'list.-1',
    'list.1e3',
    'list.99999999',
  ],
  ...[
    'a..b',
    '.',
    '..',
    '\u0000',
    '\ud83d\ude00',
    '-0',
    '1e9999',
    '1e-9999',
    '0x10',
    ' 7',
    '7 ',
    '+7',
    '7'.repeat(400),
  ],
  ...[-0, 1e21, 5e-324, 2 ** 53 - 1, -(2 ** 53) + 1, 0.1, 1e308, 999, -999, 1_000, 2_147_483_648, -2_147_483_649],
  ...[[], {}, [[]], [{}], { '': {} }, { if: [] }, { var: [] }, { var: {} }, { map: [] }, { reduce: [[], 1, 2, 3] }],
)

/** Programs of any operator over any operands: most of them fail, and each in its own way. */
const wildPrograms = fc.letrec<{ program: JsonValue }>((tie) => ({
  program: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    hostile,
    expressions,
    fc
      .tuple(fc.constantFrom(...operatorNames), fc.array(tie('program'), { maxLength: 4 }))
      .map(([name, args]): JsonValue => ({ [name]: args })),
    fc
      .tuple(fc.constantFrom('map', 'filter', 'reduce', 'all', 'some', 'count', 'find'), tie('program'), tie('program'))
      .map(([name, list, step]): JsonValue => ({ [name]: [list, step] })),
    tie('program').map((path): JsonValue => ({ var: path })),
  ),
})).program

const wildData = fc.oneof(
  dataValues,
  hostile,
  fc.record({ list: fc.array(fc.oneof(dataValues, hostile), { maxLength: 12 }), a: hostile, text: fc.string() }),
) as fc.Arbitrary<JsonValue>

describe('any program on any data', () => {
  test('law: result and gas are the same on every run and every machine, and no error is a stranger', () => {
    fc.assert(
      fc.property(wildPrograms, wildData, (program, data) => {
        const first = outcomeOf(program, data)
        expect(outcomeOf(program, data)).toBe(first)
        expect(outcomeOf(copyOf(program), copyOf(data))).toBe(outcomeOf(copyOf(program), copyOf(data)))
      }),
      { numRuns: 1_500 },
    )
  })

  test('law: a larger limit changes nothing where a smaller one was enough', () => {
    fc.assert(
      fc.property(wildPrograms, wildData, fc.nat(2_000), (program, data, limit) => {
        const small = outcomeOf(program, data, limit)
        fc.pre(small !== 'OUT_OF_GAS')
        expect(outcomeOf(program, data, limit + smallLimit)).toBe(small)
      }),
      { numRuns: 800 },
    )
  })

  test('law: what it gives is JSON again, or says why not', () => {
    fc.assert(
      fc.property(wildPrograms, wildData, (program, data) => {
        try {
          const json = toJson(evaluate(compile(program), fromJson(data), { gasLimit: smallLimit }).value)
          expect(JSON.stringify(json)).toBeTypeOf('string')
        } catch (error) {
          expect(error).toBeInstanceOf(BaseError)
        }
      }),
      { numRuns: 800 },
    )
  })
})

const nested = (levels: number, wrap: (inner: JsonValue) => JsonValue, core: JsonValue): JsonValue => {
  let json = core
  for (let level = 0; level < levels; level++) json = wrap(json)
  return json
}
const wraps: readonly { readonly name: string; readonly wrap: (inner: JsonValue) => JsonValue }[] = [
  { name: 'arrays', wrap: (inner) => [inner] },
  { name: 'objects', wrap: (inner) => ({ a: inner, b: 1 }) },
  { name: 'calls', wrap: (inner) => ({ '!': [inner] }) },
  { name: 'lists that are calls', wrap: (inner) => ['!', inner] },
  { name: 'branches', wrap: (inner) => ({ if: [true, inner, 1] }) },
  { name: 'loops', wrap: (inner) => ({ map: [inner, 1] }) },
  { name: 'callbacks', wrap: (inner) => ({ map: [[1], inner] }) },
  { name: 'paths', wrap: (inner) => ({ var: { cat: [inner] } }) },
  { name: 'paths of elements', wrap: (inner) => ({ var: { cat: ['list.', inner] } }) },
  { name: 'defaults', wrap: (inner) => ({ var: ['nothing', inner] }) },
]

describe('nesting', () => {
  test.each(wraps)('100,000 $name end in a value or a code, as program and as data', ({ wrap }) => {
    const deep = nested(100_000, wrap, 1)
    expect(outcomeOf(deep, {})).toMatch(/^(EVALUATION_FAILED|OUT_OF_GAS|.* gas \d+ depth \d+)$/s)
    expect(outcomeOf({ var: 'a' }, deep)).toBe('EVALUATION_FAILED')
    expect(outcomeOf({ if: [true, 1, deep] }, {})).toBe('1n gas 0 depth 1')
  })

  test.each(wraps)('256 $name are data like any other', ({ wrap }) => {
    expect(outcomeOf({ typeof: [{ var: '' }] }, nested(256, wrap, 1))).toMatch(/^"(array|map)" /)
  })

  test('a value that a program nests without end is compared, keyed and written within bounds', () => {
    const tower: JsonValue = { reduce: [{ var: 'wide' }, [{ var: 'accumulator' }], 0] }
    const data = { wide: Array.from({ length: 50_000 }, () => 0) }
    const bigger = [
      tower,
      { unique: [[tower]] },
      { '===': [tower, { reduce: [{ var: 'wide' }, [{ var: 'accumulator' }], 1] }] },
    ]
    for (const program of [...bigger, { '+': [tower] }, { flatten: [[tower]] }])
      expect(() => toJson(evaluate(compile(program), fromJson(data), { gasLimit }).value)).not.toThrow(RangeError)
    expect(outcomeOf(bigger[1] ?? null, data, gasLimit)).toBe('EVALUATION_FAILED')
  })
})

const accumulator: JsonValue = { var: 'accumulator' }
const doubling = (step: JsonValue, start: JsonValue): JsonValue => ({
  reduce: [{ merge: [[start], { var: 'hundred' }] }, step],
})
const ten: JsonValue = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const million = (body: JsonValue): JsonValue => nested(6, (inner) => ({ map: [ten, inner] }), body)
const wide = Array.from({ length: 5_000 }, (_, at) => at)
const bombData: JsonValue = {
  hundred: Array.from({ length: 100 }, () => 0),
  text: 'x'.repeat(100_000),
  wide,
  halves: wide.map((at) => at + 0.5),
  texts: wide.map((at) => `t${at}`),
  members: Object.fromEntries(wide.map((at) => [`k${at}`, at])),
}

/** CPU time of this thread alone: other work on the machine does not count. */
function cpuMsOf(work: () => void): number {
  const { user, system } = process.threadCpuUsage()
  work()
  const after = process.threadCpuUsage()
  return (after.user - user + after.system - system) / 1_000
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Wanted is 100 ms of an idle core; a slow or shared one may take so many times as long. */
const slowMachine = 10

describe('a bomb with the gas of a whole event is refused in the blink of an eye', () => {
  test.each<{ name: string; program: JsonValue; code: string }>([
    { name: 'a text that doubles', program: doubling({ cat: [accumulator, accumulator] }, 'x'), code: 'OUT_OF_GAS' },
    {
      name: 'a text joined to itself',
      program: doubling({ join: [[accumulator, accumulator], accumulator] }, 'x'),
      code: 'OUT_OF_GAS',
    },
    { name: 'a list that doubles', program: doubling({ merge: [accumulator, accumulator] }, [0]), code: 'OUT_OF_GAS' },
    { name: 'a power of a power', program: doubling({ pow: [accumulator, 999] }, 3), code: 'EVALUATION_FAILED' },
    { name: 'a million large powers', program: million({ pow: ['7'.repeat(300), 30] }), code: 'OUT_OF_GAS' },
    {
      name: 'a reduce in a reduce',
      program: { reduce: [{ var: 'wide' }, { reduce: [{ var: 'wide' }, { '+': [accumulator, 1] }, 0] }, 0] },
      code: 'OUT_OF_GAS',
    },
    {
      name: 'a range of ranges',
      program: { map: [{ var: 'wide' }, { map: [{ var: 'wide' }, { '!': [{ var: '' }] }] }] },
      code: 'OUT_OF_GAS',
    },
    { name: 'a million empty rounds', program: million({ '+': [1, 2] }), code: 'OUT_OF_GAS' },
    { name: 'deep nesting', program: nested(10_000, (inner) => ({ '!': [inner] }), 1), code: 'EVALUATION_FAILED' },
    {
      name: 'deep nesting that doubles',
      program: doubling([accumulator, accumulator, [accumulator]], [0]),
      code: 'EVALUATION_FAILED',
    },
  ])('$name', ({ program, code }) => {
    const compiled = compile(program)
    const data = fromJson(bombData)
    const run = () =>
      expect(() => toJson(evaluate(compiled, data, { gasLimit }).value)).toThrow(expect.objectContaining({ code }))
    expect(median(Array.from({ length: 5 }, () => cpuMsOf(run)))).toBeLessThan(100 * slowMachine)
  })

  // Gas prices these as a node does, which is not quick either: a fifth of an event's gas takes 50 to 400 ms.
  test.each<{ name: string; program: JsonValue }>([
    { name: 'floats added up', program: million({ '+': [{ var: 'halves' }] }) },
    { name: 'texts made unique', program: million({ unique: [{ var: 'texts' }] }) },
    { name: 'floats made unique', program: million({ unique: [{ var: 'halves' }] }) },
    { name: 'paths that are missing', program: million({ missing: [{ var: 'texts' }] }) },
    { name: 'maps merged', program: million({ merge: [{ var: 'members' }, { var: 'members' }] }) },
    { name: 'members listed', program: million({ entries: [{ var: 'members' }] }) },
    { name: 'sets compared', program: million({ intersect: [{ var: 'texts' }, { var: 'texts' }] }) },
    { name: 'long numbers', program: million({ '+': ['7'.repeat(9_000), '7'.repeat(9_000)] }) },
    { name: 'letters counted', program: million({ split: [{ var: 'text' }, 'x'] }) },
    {
      name: 'large literals',
      program: million(Object.fromEntries(wide.slice(0, 1_000).map((at) => [`k${at}`, accumulator]))),
    },
  ])('and ends soon: $name', ({ program }) => {
    expect(cpuMsOf(() => expect(outcomeOf(program, bombData, gasLimit / 5)).toBe('OUT_OF_GAS'))).toBeLessThan(
      400 * slowMachine,
    )
  })
})
