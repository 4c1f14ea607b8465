import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { operatorNames } from '../../src/jlvm/operator-names.ts'
import { errorOf, resultOf, run } from './_evaluated.ts'

type Row = { readonly name: string; readonly expression: JsonValue; readonly value: JsonValue }

/** The text of a result shows what a JSON number hides: its type's digits and scale. */
const text = (expression: JsonValue): JsonValue => ({ cat: [{ typeof: [expression] }, ' ', expression] })

test('there are 61 operators, and neither var nor let is one', () => {
  expect(operatorNames.size).toBe(61)
  expect(['var', '', 'let', 'log', 'constructor', '__proto__'].filter((name) => operatorNames.has(name))).toEqual([])
})

test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s is a key and no operator', (name) => {
  const expression: JsonValue = JSON.parse(`{"${name}":[1]}`)
  expect(JSON.stringify(resultOf(expression))).toBe(`{"${name}":[1]}`)
})

describe('numbers', () => {
  test.each<Row>([
    {
      name: 'the largest int of 64 bits',
      expression: { '+': ['9223372036854775806', 1] },
      value: 'int 9223372036854775807',
    },
    {
      name: 'one more is a float',
      expression: { '+': ['9223372036854775807', 1] },
      value: 'float 9223372036854775808',
    },
    {
      name: 'one less than the smallest',
      expression: { '-': ['-9223372036854775808', 1] },
      value: 'float -9223372036854775809',
    },
    { name: 'the smallest negated', expression: { '-': ['-9223372036854775808'] }, value: 'float 9223372036854775808' },
    {
      name: 'a sum that comes back into 64 bits',
      expression: { '+': ['9223372036854775807', 1, -1] },
      value: 'int 9223372036854775807',
    },
    {
      name: 'a product of many digits',
      expression: { '*': ['99999999999999999999', '99999999999999999999'] },
      value: 'float 9.999999999999999999800000000000000E+39',
    },
    {
      name: 'a single text of many digits',
      expression: { '+': ['99999999999999999999'] },
      value: 'int 99999999999999999999',
    },
    { name: 'a power of many digits', expression: { pow: [10, 30] }, value: `int 1${'0'.repeat(30)}` },
    { name: 'a whole float to a power', expression: { pow: [{ '+': [0.5, 1.5] }, 3] }, value: 'int 8' },
    { name: 'a power of a fraction', expression: { pow: [0.5, 3] }, value: 'float 0.125' },
    { name: 'a negative power', expression: { pow: [2, -2] }, value: 'float 0.25' },
    { name: 'a whole negative power', expression: { pow: [0.5, -2] }, value: 'int 4' },
    { name: 'a large result of doubles', expression: { pow: [0.1, -10] }, value: 'float 9999999999.999994' },
    { name: 'a small result of doubles', expression: { pow: [10, -4] }, value: 'float 0.00010' },
    { name: 'a float and an int', expression: { '+': [0.5, 1] }, value: 'float 1.5' },
    { name: 'an exact quotient', expression: { '/': [8, 2] }, value: 'int 4' },
    { name: 'a quotient of floats', expression: { '/': [1.5, 0.5] }, value: 'float 3' },
    { name: 'an exponent in a text', expression: { '+': ['1e3', 0] }, value: 'float 1000' },
    { name: 'the first of equal maxima', expression: { max: ['1.50', 1.5] }, value: 'float 1.50' },
    { name: 'the first of equal minima', expression: { min: [1.5, '1.50'] }, value: 'float 1.5' },
    {
      name: 'the absolute of a large int',
      expression: { abs: ['-99999999999999999999'] },
      value: 'int 99999999999999999999',
    },
    { name: 'a large float rounded', expression: { round: ['1e30'] }, value: `float 1${'0'.repeat(30)}` },
    { name: 'null, booleans and the empty text', expression: { '+': [null, true, ''] }, value: 'int 1' },
    { name: 'single elements, all the way down', expression: { '+': [[[[{ a: 5 }]]], 1] }, value: 'int 6' },
  ])('$name: $value', ({ expression, value }) => {
    expect(resultOf(text(expression))).toBe(value)
  })

  test.each<{ name: string; expression: JsonValue }>([
    { name: 'a blank', expression: { '+': [' 5', 1] } },
    { name: 'a hexadecimal', expression: { '+': ['0x5', 1] } },
    { name: 'an exponent beyond bounds', expression: { '+': ['1e999999999', 1] } },
    { name: 'a text beyond bounds', expression: { '+': ['1'.repeat(10_001), 1] } },
    { name: 'an exponent of 1000', expression: { pow: [1, 1000] } },
    { name: 'an exponent of -1000', expression: { pow: [1, -1000] } },
    { name: 'an infinite power', expression: { pow: [0, -1] } },
  ])('refuses $name', ({ expression }) => {
    expect(errorOf(expression)).toBe('EVALUATION_FAILED')
  })

  test('law: ints are added, multiplied and compared as integers', () => {
    const ints = fc.integer({ min: -(2 ** 31), max: 2 ** 31 })
    fc.assert(
      fc.property(ints, ints, (a, b) => {
        const expected = [BigInt(a) + BigInt(b), BigInt(a) - BigInt(b), BigInt(a) * BigInt(b)].map(
          (int) => `int ${int}`,
        )
        expect(['+', '-', '*'].map((operator) => resultOf(text({ [operator]: [a, b] })))).toEqual(expected)
        expect(resultOf({ '<': [a, b] })).toBe(a < b)
      }),
    )
  })
})

describe('loose equality', () => {
  test.each<Row>([
    { name: 'two spellings of an int', expression: { '==': ['05', '5'] }, value: true },
    { name: 'a float and an int', expression: { '==': [{ '+': [0.5, 0.5] }, 1] }, value: true },
    { name: 'a float and a boolean', expression: { '==': [{ '+': [0.5, 0.5] }, true] }, value: true },
    { name: 'a boolean and another text', expression: { '==': [true, 'yes'] }, value: false },
    {
      name: 'a text of more digits than are read',
      expression: { '==': ['1'.repeat(1_001), '1'.repeat(1_001)] },
      value: true,
    },
    { name: 'such a text and its number', expression: { '==': [`0${'0'.repeat(1_000)}1`, 1] }, value: false },
    { name: 'an empty map and false', expression: { '==': [{}, false] }, value: true },
  ])('of $name is $value', ({ expression, value }) => {
    expect(resultOf(expression)).toBe(value)
  })
})

describe('arrays, maps and texts', () => {
  test.each<Row>([
    { name: 'keys in the order of their units', expression: { keys: [{ var: 'm' }] }, value: ['B', 'a', 'é'] },
    { name: 'values in that order', expression: { values: [{ var: 'm' }] }, value: [2, 1, 3] },
    {
      name: 'entries in that order',
      expression: { entries: [{ var: 'm' }] },
      value: [
        ['B', 2],
        ['a', 1],
        ['é', 3],
      ],
    },
    { name: 'members with a dot', expression: { get: [{ var: 'd' }, 'a.b'] }, value: 1 },
    {
      name: 'unique maps',
      expression: { unique: [[{ a: 1, b: 2 }, { b: 2, a: 1 }, { a: 1 }]] },
      value: [{ a: 1, b: 2 }, { a: 1 }],
    },
    {
      name: 'unique floats by size',
      expression: { length: [{ unique: [[{ '+': ['1.50', 0] }, 1.5, { '*': [0.5, 2] }, 1]] }] },
      value: 3,
    },
    {
      name: 'a subset of structures',
      expression: {
        intersect: [
          [[1], { a: 1 }],
          [{ a: 1 }, 2, [1]],
        ],
      },
      value: true,
    },
    { name: 'no subset across types', expression: { intersect: [['1'], [1]] }, value: false },
    { name: 'null within anything', expression: { intersect: [null, 5] }, value: true },
    { name: 'a slice past the end', expression: { slice: [[1, 2, 3], -9, 9] }, value: [1, 2, 3] },
    { name: 'a slice that ends before it starts', expression: { slice: [[1, 2, 3], 2, 1] }, value: [] },
    {
      name: 'a member of an array with a dot',
      expression: { missing: ['a.b', 1, 2.5, true, ''] },
      value: ['a.b', 1, 2.5, true],
    },
    { name: 'missing of a list', expression: { missing: [['m', 'zz']] }, value: ['zz'] },
    { name: 'too few present', expression: { missing_some: [2, ['m', 'x', 'y']] }, value: ['x', 'y'] },
    { name: 'one wanted', expression: { missing_some: [['x', 'y']] }, value: ['x', 'y'] },
    { name: 'a text with a float in it', expression: { in: [{ '+': ['1.50', 0] }, 'costs 1.50'] }, value: true },
    {
      name: 'join of every type',
      expression: { join: [[1, null, true, [2], {}, 'x', 0.5], '-'] },
      value: '1--true---x-0.5',
    },
    { name: 'split from end to end', expression: { split: [',a,', ','] }, value: ['', 'a', ''] },
    { name: 'split by a pattern’s letters', expression: { split: ['a.b|c', '.'] }, value: ['a', 'b|c'] },
    { name: 'a text cut at both ends', expression: { substr: ['abcdef', -4, -1] }, value: 'cde' },
    { name: 'a threshold of zero', expression: { some: [[], true, 0] }, value: true },
    { name: 'default of nothing', expression: { default: [] }, value: null },
    { name: 'or of nothing', expression: { or: [] }, value: false },
    { name: 'the first that decides', expression: { and: [1, null, 0] }, value: null },
    { name: 'a null that decides between two', expression: { and: [null, 1] }, value: null },
    { name: 'exists of nothing', expression: { exists: [] }, value: true },
    { name: 'a reduce without elements', expression: { reduce: [[], 1, 7] }, value: 7 },
  ])('$name', ({ expression, value }) => {
    expect(resultOf(expression, { m: { B: 2, a: 1, é: 3 }, d: { 'a.b': 1 } })).toEqual(value)
  })

  test.each<{ name: string; expression: JsonValue }>([
    { name: 'a position of 33 bits', expression: { slice: [[1], '4294967296'] } },
    { name: 'a position in a text', expression: { substr: ['abc', 4_294_967_296] } },
    { name: 'a threshold that is a float', expression: { some: [[1], 1, 0.5] } },
    { name: 'a map in a text', expression: { in: [{ a: 1 }, 'text'] } },
    { name: 'an array within no array', expression: { intersect: [[1], 'text'] } },
    { name: 'a key that is an int', expression: { get: [{ a: 1, b: 2 }, 1] } },
    { name: 'the length of a map', expression: { length: [{ a: 1, b: 2 }] } },
    { name: 'no callback', expression: { map: [[1]] } },
    { name: 'an argument too many', expression: { filter: [[1], true, 1] } },
  ])('refuses $name', ({ expression }) => {
    expect(errorOf(expression)).toBe('EVALUATION_FAILED')
  })
})

describe('reported cost', () => {
  test.each<{ name: string; expression: JsonValue; gas: number }>([
    { name: 'an object literal drops what it holds', expression: { a: { '+': [1, 2] } }, gas: 0 },
    { name: 'a list keeps the sum', expression: [{ '+': [1, 2] }, { var: 'a' }], gas: 14 },
    { name: 'a branch without its condition', expression: { if: [{ '+': [1, 2] }, { '!': [1] }, 0] }, gas: 6 },
    { name: 'a computed path reports its look-up alone', expression: { var: { cat: ['a', '.b'] } }, gas: 4 },
    {
      name: 'all keeps arguments and callbacks',
      expression: { all: [{ var: 'xs' }, { '!': [{ var: '' }] }] },
      gas: 38,
    },
    { name: 'none keeps callbacks', expression: { none: [{ var: 'xs' }, { '!': [{ var: '' }] }] }, gas: 35 },
    { name: 'some keeps neither', expression: { some: [{ var: 'xs' }, { '!': [{ var: '' }] }] }, gas: 17 },
    { name: 'count keeps neither', expression: { count: [{ var: 'xs' }] }, gas: 12 },
    { name: 'find pays for all elements', expression: { find: [{ var: 'xs' }, true] }, gas: 17 },
    { name: 'max counts its arguments', expression: { max: [1, 2, 3] }, gas: 13 },
    { name: 'a spread counts its elements', expression: { '+': [[1, 2, 3]] }, gas: 13 },
    { name: 'a negation counts nothing', expression: { '-': [3] }, gas: 10 },
    { name: 'a power counts its exponent', expression: { pow: [2, 10] }, gas: 35 },
    { name: 'a power by a text counts nothing', expression: { pow: [2, '10'] }, gas: 25 },
    { name: 'cat counts its units', expression: { cat: ['ab', 12] }, gas: 14 },
    { name: 'split counts two a part', expression: { split: ['a,b,c', ','] }, gas: 26 },
    { name: 'join counts its units', expression: { join: [['a', 'b'], ', '] }, gas: 19 },
    { name: 'in counts every tenth unit', expression: { in: ['a', 'x'.repeat(29)] }, gas: 15 },
    { name: 'flatten counts its result', expression: { flatten: [[[1, 2], 3]] }, gas: 18 },
    { name: 'intersect counts both', expression: { intersect: [[1], [1, 2]] }, gas: 23 },
    { name: 'keys of null count nothing', expression: { keys: [null] }, gas: 10 },
    { name: 'entries count twice', expression: { entries: [{ a: 1, b: 2 }] }, gas: 19 },
    { name: 'a strict comparison of one value', expression: { '===': [{ var: 'a' }] }, gas: 10 },
  ])('$name', ({ expression, gas }) => {
    expect(run(expression, { a: 1, xs: [0, 0] }).gasUsed).toBe(gas)
  })
})
