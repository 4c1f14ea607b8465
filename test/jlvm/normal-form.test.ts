import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { expressionDepth, normalize } from '../../src/jlvm/normal-form.ts'
import { compile } from '../../src/jlvm/program.ts'
import { outcomeOf } from './_evaluated.ts'
import { dataValues, expressions } from './_expressions.ts'

type Case = { readonly input: JsonValue; readonly normal: JsonValue; readonly stable: boolean }

const file = new URL('../vectors/json-logic-normal-form.json', import.meta.url)
const { cases }: { cases: readonly Case[] } = JSON.parse(readFileSync(file, 'utf8'))

describe('normalize', () => {
  test('the file has all its cases', () => {
    expect(cases).toHaveLength(39)
  })

  test.each(cases.map((vector) => ({ ...vector, text: JSON.stringify(vector.input) })))(
    'writes $text as a node does',
    ({ input, normal, stable }) => {
      expect(normalize(input)).toEqual(normal)
      expect(JSON.stringify(normalize(input)) === JSON.stringify(input)).toBe(stable)
    },
  )

  test.each<{ name: string; input: JsonValue; normal: JsonValue }>([
    { name: 'a list as path, until it is stable', input: { var: [['x']] }, normal: { var: 'x' } },
    { name: 'a list as path of a default', input: { var: [['x'], 1] }, normal: { var: [['x'], 1] } },
    { name: 'an empty list as path', input: { var: [] }, normal: { var: [] } },
    { name: 'a default of the array syntax', input: ['var', ['a', 1], 2], normal: { var: ['a', 2] } },
    { name: 'var alone in a list', input: ['var'], normal: ['var'] },
    { name: 'a default that looks like a call', input: { var: ['a', ['+', 1]] }, normal: { var: ['a', ['+', 1]] } },
  ])('keeps $name', ({ input, normal }) => {
    expect(normalize(input)).toEqual(normal)
  })

  test('reaches a thousand levels down', () => {
    let expression: JsonValue = 1
    let normal: JsonValue = 1
    for (let level = 0; level < 1_000; level++) {
      expression = { '!': expression }
      normal = { '!': [normal] }
    }
    expect(JSON.stringify(normalize(expression))).toBe(JSON.stringify(normal))
  })

  test('keeps a member named __proto__ a member', () => {
    const input: JsonValue = JSON.parse('{"__proto__":{"!":1},"b":2}')
    expect(JSON.stringify(normalize(input))).toBe('{"__proto__":{"!":[1]},"b":2}')
  })

  test('law: normalizing twice changes nothing', () => {
    fc.assert(
      fc.property(fc.oneof(expressions, dataValues), (expression) => {
        const normal = normalize(expression)
        expect(JSON.stringify(normalize(normal))).toBe(JSON.stringify(normal))
      }),
    )
  })

  test('law: an expression means the same, and costs the same, in normal form', () => {
    fc.assert(
      fc.property(expressions, dataValues, (expression, data) => {
        expect(outcomeOf(compile(normalize(expression)), data)).toBe(outcomeOf(compile(expression), data))
      }),
      { numRuns: 1000 },
    )
  })
})

describe('expressionDepth', () => {
  test.each<{ name: string; expression: JsonValue; depth: number }>([
    { name: 'a constant', expression: 1, depth: 0 },
    { name: 'a literal path', expression: { var: ['a.b', [[1]]] }, depth: 0 },
    { name: 'an empty object', expression: {}, depth: 0 },
    { name: 'a call', expression: { '+': [1, 2] }, depth: 1 },
    { name: 'a list', expression: [1], depth: 1 },
    { name: 'an object literal', expression: { a: { b: 1 } }, depth: 2 },
    { name: 'a computed path', expression: { var: { var: 'a' } }, depth: 1 },
    { name: 'a computed path with a call', expression: { var: [{ cat: ['a.', 1] }, null] }, depth: 2 },
    { name: 'the deepest part', expression: ['+', 1, { '!': [['-', 1]] }], depth: 3 },
  ])('of $name is $depth', ({ expression, depth }) => {
    expect(expressionDepth(expression)).toBe(depth)
  })

  test('of any number of levels is found without overflowing the stack', () => {
    let expression: JsonValue = 1
    for (let level = 0; level < 100_000; level++) expression = { '!': [expression] }
    expect(expressionDepth(expression)).toBe(100_000)
  })
})
