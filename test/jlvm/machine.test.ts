import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { errorOf, leastGas, run } from './_evaluated.ts'

describe('the budget', () => {
  test.each<{ name: string; expression: JsonValue; reported: number; least: number }>([
    { name: 'a constant needs none', expression: 1, reported: 0, least: 0 },
    { name: 'a variable alone needs none', expression: { var: 'a.b' }, reported: 4, least: 0 },
    { name: 'a call pays what it reports', expression: { '+': [1, 2] }, reported: 11, least: 11 },
    { name: 'a call around it pays that again', expression: { '+': [{ '+': [1, 2] }, 3] }, reported: 27, least: 38 },
    {
      name: 'an object literal pays what it does not report',
      expression: { a: { '+': [1, 2] } },
      reported: 0,
      least: 11,
    },
    { name: 'a condition is paid and not reported', expression: { if: [{ '!': [0] }, 1] }, reported: 0, least: 6 },
    { name: 'a branch not taken is free', expression: { if: [1, 2, { pow: [2, 900] }] }, reported: 0, least: 0 },
    {
      name: 'callbacks are paid by the loop once more',
      expression: { map: [[1, 2], { '!': [1] }] },
      reported: 29,
      least: 41,
    },
    {
      name: 'a loop that drops them pays them once',
      expression: { filter: [[1, 2], { '!': [1] }] },
      reported: 17,
      least: 29,
    },
    {
      name: 'a computed path is paid and not reported',
      expression: { var: { cat: ['a', '.b'] } },
      reported: 4,
      least: 13,
    },
  ])('$name', ({ expression, reported, least }) => {
    expect(run(expression, { a: { b: 1 } }).gasUsed).toBe(reported)
    expect(leastGas(expression, { a: { b: 1 } })).toBe(least)
  })
})

/** Ten thousand items, from nested loops over ten. */
const ten: JsonValue = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
const repeat = (body: JsonValue): JsonValue => ({
  map: [ten, { map: [ten, { map: [ten, { map: [ten, body] }] }] }],
})
const doubling = (step: JsonValue, start: JsonValue): JsonValue => ({
  reduce: [{ merge: [[start], { var: 'hundred' }] }, step],
})
const accumulator: JsonValue = { var: 'accumulator' }
const data = {
  hundred: Array.from({ length: 100 }, () => 0),
  text: 'x'.repeat(100_000),
  list: Array.from({ length: 5_000 }, (_, i) => i),
}

describe('hostile expressions end early', () => {
  test.each<{ name: string; expression: JsonValue; code: string }>([
    { name: 'a text that doubles', expression: doubling({ cat: [accumulator, accumulator] }, 'x'), code: 'OUT_OF_GAS' },
    {
      name: 'a list that doubles',
      expression: doubling({ merge: [accumulator, accumulator] }, [0]),
      code: 'OUT_OF_GAS',
    },
    { name: 'a power that explodes', expression: doubling({ pow: [accumulator, 999] }, 3), code: 'EVALUATION_FAILED' },
    {
      name: 'a text joined to itself',
      expression: doubling({ join: [[accumulator, accumulator], accumulator] }, 'x'),
      code: 'OUT_OF_GAS',
    },
    {
      name: 'a text split into letters of which it has many',
      expression: repeat({ split: [{ var: 'text' }, 'x'] }),
      code: 'OUT_OF_GAS',
    },
    {
      name: 'a long text in capitals again and again',
      expression: repeat({ startsWith: [{ upper: [{ var: 'text' }] }, 'y'] }),
      code: 'OUT_OF_GAS',
    },
    {
      name: 'a long text searched again and again',
      expression: repeat({ endsWith: [{ trim: [{ var: 'text' }] }, 'y'] }),
      code: 'OUT_OF_GAS',
    },
    {
      name: 'long lists compared again and again',
      expression: repeat({ '===': [{ slice: [{ var: 'list' }, 0] }, { slice: [{ var: 'list' }, 0] }] }),
      code: 'OUT_OF_GAS',
    },
    {
      name: 'paths of many segments',
      expression: repeat({ var: { join: [{ split: [{ var: 'text' }, 'y'] }, '.'] } }),
      code: 'OUT_OF_GAS',
    },
    {
      name: 'a loop in a loop in a loop',
      expression: { map: [{ var: 'list' }, { map: [{ var: 'list' }, 1] }] },
      code: 'OUT_OF_GAS',
    },
    {
      name: 'a literal as large as the expression, again and again',
      expression: repeat(Array.from({ length: 2_000 }, () => accumulator)),
      code: 'OUT_OF_GAS',
    },
    {
      name: 'a number of many digits, again and again',
      expression: repeat({ '+': ['7'.repeat(9_000), '7'.repeat(9_000)] }),
      code: 'OUT_OF_GAS',
    },
    { name: 'a number far from the point', expression: repeat({ '+': ['1e9000', 1] }), code: 'OUT_OF_GAS' },
    {
      name: 'shared parts compared without end',
      expression: { '===': [doubling([accumulator, accumulator], [0]), doubling(['x', accumulator], [0])] },
      code: 'none',
    },
    {
      name: 'shared parts without end, written as JSON',
      expression: doubling([accumulator, accumulator], [0]),
      code: 'EVALUATION_FAILED',
    },
    {
      name: 'shared parts made unique',
      expression: { unique: [[doubling([accumulator, accumulator], [0])]] },
      code: 'OUT_OF_GAS',
    },
    {
      name: 'equal shared parts',
      expression: {
        '===': [doubling([accumulator, accumulator], [0]), doubling([['if', true, accumulator], accumulator], [0])],
      },
      code: 'OUT_OF_GAS',
    },
    {
      name: 'single elements without end, as a number',
      expression: repeat({ '+': [doubling([accumulator], [0]), 1] }),
      code: 'OUT_OF_GAS',
    },
  ])('$name', ({ expression, code }) => {
    expect(errorOf(expression, data)).toBe(code)
  })
})
