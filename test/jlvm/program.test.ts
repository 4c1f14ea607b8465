import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { compile } from '../../src/jlvm/program.ts'
import { errorOf, leastGas, outcomeOf, resultOf, run } from './_evaluated.ts'

const nested = (levels: number, inner: JsonValue = 1): JsonValue => {
  let expression = inner
  for (let level = 0; level < levels; level++) expression = { '!': [expression] }
  return expression
}

/** The gas of each level is paid again by all around it: the price grows with the cube of the depth. */
const deepGas = 100_000_000

describe('depth', () => {
  test('256 levels evaluate, the next one is refused where it is reached', () => {
    expect(run(nested(256), {}, deepGas).value).toBe(true)
    expect(errorOf(nested(257), {}, deepGas)).toBe('EVALUATION_FAILED')
    expect(resultOf({ if: [false, nested(3_000), 'not taken'] })).toBe('not taken')
  })

  test('callbacks may nest a hundred levels, each with a hundred calls around it', () => {
    let expression: JsonValue = nested(100, { var: '' })
    for (let level = 0; level < 100; level++) expression = { map: [[1], expression] }
    expect(JSON.stringify(run(expression, {}, deepGas).value)).toBe(`${'['.repeat(100)}true${']'.repeat(100)}`)
  })

  test.each([
    { name: 'a constant has depth 1', expression: 1, depth: 1 },
    { name: 'calls count', expression: nested(3), depth: 3 },
    { name: 'a callback stands deeper', expression: { map: [[1], { map: [[1], 1] }] }, depth: 3 },
    { name: 'what a loop drops does not count', expression: { filter: [[1], nested(5)] }, depth: 1 },
    { name: 'what an object literal drops does not count', expression: { a: nested(5) }, depth: 1 },
  ])('$name', ({ expression, depth }) => {
    expect(run(expression).depth).toBe(depth)
  })
})

describe('noop', () => {
  test('is an error alone and looks up its argument otherwise, as a node’s runtime does', () => {
    expect(errorOf({ noop: [] })).toBe('EVALUATION_FAILED')
    expect(resultOf({ noop: ['a'] }, { a: 5 })).toBe(5)
  })
})

describe('shortcuts give and take what the long way does', () => {
  const item = { var: 'xs' }
  test.each<{ name: string; short: JsonValue; long: JsonValue }>([
    {
      name: 'an element by its index',
      short: { '+': [{ var: { cat: ['xs.', { var: 'i' }] } }, 1] },
      long: { '+': [{ var: { if: [true, { cat: ['xs.', { var: 'i' }] }] } }, 1] },
    },
    {
      name: 'an element that is not there, with a default',
      short: { var: [{ cat: ['xs.', { '+': [{ var: 'i' }, 70] }] }, 'none'] },
      long: { var: [{ if: [true, { cat: ['xs.', { '+': [{ var: 'i' }, 70] }] }] }, 'none'] },
    },
    {
      name: 'an element by a text',
      short: { var: { cat: ['m.', { var: 'k' }] } },
      long: { var: { if: [true, { cat: ['m.', { var: 'k' }] }] } },
    },
    {
      name: 'a loop that is written twice',
      short: [{ all: [item, { '<': [{ var: '' }, 9] }] }, { all: [item, { '<': [{ var: '' }, 9] }] }],
      long: [{ all: [item, { '<': [{ var: '' }, 9] }] }, { all: [['var', 'xs'], { '<': [{ var: '' }, 9] }] }],
    },
    {
      name: 'a loop that is written twice and reports its cost to a call',
      short: { cat: [{ none: [item, { '!': [1] }] }, { none: [item, { '!': [1] }] }] },
      long: { cat: [{ none: [item, { '!': [1] }] }, { none: [item, { '!': 1 }] }] },
    },
  ])('$name', ({ short, long }) => {
    const data = { xs: [4, 5, 6], i: 2, m: { a: { b: 'deep' } }, k: 'a.b' }
    expect(outcomeOf(compile(short), data)).toBe(outcomeOf(compile(long), data))
    expect(outcomeOf(compile(short), data)).toContain('gas')
    expect(leastGas(short, data)).toBe(leastGas(long, data))
  })

  test('a loop inside a callback runs anew for every item', () => {
    const inner = { map: [[1, 2], { '*': [{ var: '' }, { var: 'k' }] }] }
    expect(
      resultOf(
        {
          map: [
            [{ k: 1 }, { k: 3 }],
            [inner, inner],
          ],
        },
        { k: 10 },
      ),
    ).toEqual([
      [
        [10, 20],
        [10, 20],
      ],
      [
        [10, 20],
        [10, 20],
      ],
    ])
  })

  test('a failing index is an error, not a path', () => {
    expect(errorOf({ var: { cat: ['xs.', [1]] } }, { xs: [1] })).toBe('EVALUATION_FAILED')
    expect(errorOf({ var: { cat: ['xs.', { '/': [1, 0] }] } }, { xs: [1] })).toBe('EVALUATION_FAILED')
  })
})
