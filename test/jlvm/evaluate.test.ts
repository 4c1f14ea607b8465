import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { evaluate } from '../../src/jlvm/evaluate.ts'
import { compile } from '../../src/jlvm/program.ts'
import { fromJson } from '../../src/jlvm/value.ts'
import { errorOf, outcomeOf, run } from './_evaluated.ts'
import { dataValues, expressions } from './_expressions.ts'

type Case = {
  readonly id: string
  readonly category: string
  readonly expr: JsonValue
  readonly data: JsonValue
  readonly expected?: JsonValue
  readonly error?: 'evaluation' | 'out-of-gas'
  readonly gasLimit?: number
  readonly gasUsed?: number
  readonly maxDepth?: number
  readonly modelled?: boolean
}

const file = new URL('../vectors/json-logic.json', import.meta.url)
const { cases }: { cases: readonly Case[] } = JSON.parse(readFileSync(file, 'utf8'))
const counts = {
  constants: 6,
  parse: 23,
  var: 26,
  'var-computed': 7,
  scope: 10,
  truthiness: 17,
  'equality-loose': 33,
  'equality-strict': 25,
  comparison: 22,
  arithmetic: 47,
  decimal: 10,
  rounding: 13,
  pow: 13,
  logic: 17,
  control_flow: 17,
  string: 47,
  array: 46,
  'merge-maps': 5,
  iteration: 45,
  object: 19,
  utility: 30,
  complex: 10,
  gas: 16,
  'gas-limit': 6,
}
const codes = { evaluation: 'EVALUATION_FAILED', 'out-of-gas': 'OUT_OF_GAS' }

function answer({ expr, data, gasLimit, error, gasUsed }: Case): unknown {
  if (error !== undefined) return { code: errorOf(expr, data, gasLimit) }
  const outcome = run(expr, data, gasLimit)
  return gasUsed === undefined ? { value: outcome.value } : outcome
}

function expected({ expected: value, error, gasUsed, maxDepth: depth }: Case): unknown {
  if (error !== undefined) return { code: codes[error] }
  return gasUsed === undefined ? { value } : { value, gasUsed, depth }
}

describe('vectors of the node', () => {
  test.each(cases)('$id', (vector) => {
    expect(answer(vector)).toEqual(expected(vector))
  })

  test.each(Object.entries(counts))('%s passes whole: %i of as many', (category, count) => {
    const members = cases.filter((vector) => vector.category === category)
    const passed = members.filter((vector) => isDeepStrictEqual(answer(vector), expected(vector)))
    expect(passed.map(({ id }) => id)).toEqual(members.map(({ id }) => id))
    expect(passed).toHaveLength(count)
  })

  test('these are all cases of the file: 488 public ones and 22 modelled ones', () => {
    expect(new Set(cases.map(({ id }) => id)).size).toBe(510)
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(510)
    expect(cases.filter(({ modelled }) => modelled)).toHaveLength(22)
  })
})

test('a program is shared by evaluations that do not see each other', () => {
  const program = compile({ map: [{ var: 'list' }, { '+': [{ var: '' }, { var: 'k' }] }] })
  const first = evaluate(program, fromJson({ list: [1, 2], k: 10 }))
  const second = evaluate(program, fromJson({ list: [1], k: 0 }))
  expect([first.value, second.value]).toEqual([[11n, 12n], [1n]])
})

test('law: an evaluation is a function of expression and data, whatever ran before', () => {
  fc.assert(
    fc.property(expressions, dataValues, dataValues, (expression, data, other) => {
      const program = compile(expression)
      const first = outcomeOf(program, data)
      outcomeOf(program, other)
      expect(outcomeOf(program, data)).toBe(first)
      expect(outcomeOf(compile(expression), data)).toBe(first)
    }),
    { numRuns: 500 },
  )
})
