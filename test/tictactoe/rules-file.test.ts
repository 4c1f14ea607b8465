import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonArray, isJsonObject } from '../../src/core/json.ts'
import { parseOracleFile, parseStateMachineFile } from '../../src/tictactoe/rules-file.ts'
import { readRepositoryFile } from '../dialect/_vectors.ts'

const oracle = readRepositoryFile('oracle/tictactoe.json')
const machine = readRepositoryFile('statemachine/tictactoe.json')
const id = '11111111-1111-4111-8111-111111111111'

type Place = readonly (string | number)[]
type Wrong = { readonly name: string; readonly at: Place; readonly value: JsonValue; readonly path: string }

describe('an oracle file that must stop the start', () => {
  test.each<Wrong>([
    { name: 'an unknown member', at: ['rules'], value: 1, path: '$' },
    { name: 'no program', at: ['scriptProgram'], value: null, path: '' },
    { name: 'a list for a state', at: ['initialState'], value: [], path: '$.initialState' },
    { name: 'an unknown policy', at: ['accessControl'], value: { Private: {} }, path: '$.accessControl' },
    {
      name: 'let',
      at: ['scriptProgram', 'if', 0],
      value: { let: [{ x: 1 }, true] },
      path: '$.scriptProgram.if[0].let',
    },
    {
      name: 'an operator of another dialect',
      at: ['scriptProgram', 'if', 0],
      value: { eq: [1, 1] },
      path: '$.scriptProgram.if[0].eq',
    },
    {
      name: 'an operator sign that no dialect of ours has',
      at: ['scriptProgram', 'if', 0],
      value: { '=': [1, 1] },
      path: '$.scriptProgram.if[0]["="]',
    },
    {
      name: 'a field called constructor',
      at: ['scriptProgram', 'if', 1],
      value: { a: 1, constructor: 2 },
      path: '$.scriptProgram.if[1].constructor',
    },
    {
      name: 'a path through a prototype',
      at: ['scriptProgram', 'if', 0],
      value: { var: ['state.__proto__.x', 1] },
      path: '$.scriptProgram.if[0].var',
    },
    {
      name: 'a computed path through a constructor',
      at: ['scriptProgram', 'if', 0],
      value: { var: { cat: ['state.', 'constructor'] } },
      path: '$.scriptProgram.if[0].var',
    },
  ])('$name', ({ at, value, path }) => {
    const changed = path === '' ? without(oracle, at) : replace(oracle, at, value)
    expect(() => parseOracleFile(changed)).toThrow(
      expect.objectContaining({
        code: 'DEFINITION_INVALID',
        kind: 'invalid',
        details: { file: 'oracle', path: path === '' ? '$.scriptProgram' : path },
      }),
    )
  })

  test('a program that nests too deep', () => {
    const deep = Array.from({ length: 101 }).reduce<JsonValue>((inner) => ({ '!': [inner] }), true)
    expect(() => parseOracleFile(replace(oracle, ['scriptProgram'], deep))).toThrow(
      expect.objectContaining({ details: { file: 'oracle', path: '$.scriptProgram' } }),
    )
  })
})

describe('a state-machine file that must stop the start', () => {
  test.each<Wrong>([
    {
      name: 'an initial state that is not there',
      at: ['definition', 'initialState'],
      value: 'begin',
      path: '$.definition.initialState',
    },
    {
      name: 'an id that is not its key',
      at: ['definition', 'states', 'setup', 'id'],
      value: 'begin',
      path: '$.definition.states.setup.id',
    },
    {
      name: 'a transition out of nowhere',
      at: ['definition', 'transitions', 2, 'from'],
      value: 'nowhere',
      path: '$.definition.transitions[2].from',
    },
    {
      name: 'a transition to nowhere',
      at: ['definition', 'transitions', 2, 'to'],
      value: 'nowhere',
      path: '$.definition.transitions[2].to',
    },
    {
      name: 'a dependency that is neither an id nor the oracle',
      at: ['definition', 'transitions', 1, 'dependencies', 0],
      value: 'oracle',
      path: '$.definition.transitions[1].dependencies[0]',
    },
    {
      name: 'an operator that names a field',
      at: ['definition', 'transitions', 0, 'effect'],
      value: { round: 1, other: 2 },
      path: '$.definition.transitions[0].effect.round',
    },
    {
      name: 'let in a guard',
      at: ['definition', 'transitions', 0, 'guard', 'and', 1],
      value: { let: [] },
      path: '$.definition.transitions[0].guard.and[1].let',
    },
    {
      name: 'a guard that is always true beside another',
      at: ['definition', 'transitions', 1, 'guard'],
      value: true,
      path: '$.definition',
    },
    {
      name: 'a transition without a guard',
      at: ['definition', 'transitions', 0],
      value: {},
      path: '$.definition.transitions[0].from',
    },
  ])('$name', ({ at, value, path }) => {
    expect(() => parseStateMachineFile(replace(machine, at, value))).toThrow(
      expect.objectContaining({ code: 'DEFINITION_INVALID', details: { file: 'statemachine', path } }),
    )
  })
})

test('expressions are read into normal form', () => {
  const { scriptProgram } = parseOracleFile(replace(oracle, ['scriptProgram'], { '!!': { var: ['state'] } }))
  expect(scriptProgram).toEqual({ '!!': [{ var: 'state' }] })
})

test.each<{ file: JsonObject; policy: JsonObject }>([
  { file: { Public: {} }, policy: { type: 'Public' } },
  { file: { FiberOwned: { fiberId: id } }, policy: { type: 'FiberOwned', fiberId: id } },
  {
    file: { Whitelist: { addresses: ['DAG6rkDwd7V6uboeH9fajUnue7eSsMKt4w9GiXjy'] } },
    policy: { type: 'Whitelist', addresses: ['DAG6rkDwd7V6uboeH9fajUnue7eSsMKt4w9GiXjy'] },
  },
])('reads the policy $file', ({ file, policy }) => {
  expect(parseOracleFile(replace(oracle, ['accessControl'], file)).accessControl).toEqual(policy)
})

test('the oracle stands in for its marker, and all games share guards and effects', () => {
  const rules = parseStateMachineFile(machine)
  const [first, second] = [rules.instantiate(id), rules.instantiate(id.replaceAll('1', '2'))]
  expect(first.transitions.map(({ dependencies }) => dependencies)).toEqual([[], [id], [id], [id], [id], []])
  expect(JSON.stringify(first)).not.toContain('$')
  first.transitions.forEach(({ guard, effect }, index) => {
    expect(second.transitions[index]?.guard).toBe(guard)
    expect(second.transitions[index]?.effect).toBe(effect)
  })
})

function without(value: JsonValue, [key]: Place): JsonValue {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([name]) => name !== key))
}

/** A copy with another value at a place; a new member where there is none. */
function replace(value: JsonValue, [key, ...rest]: Place, by: JsonValue): JsonValue {
  if (key === undefined) return by
  if (isJsonArray(value)) return value.map((item, index) => (index === key ? replace(item, rest, by) : item))
  if (!isJsonObject(value)) throw new Error(`nothing at ${key}`)
  return { ...value, [key]: replace(value[key] ?? null, rest, by) }
}
