import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import type { Role } from '../../src/dialect/translate.ts'
import { translate } from '../../src/dialect/translate.ts'
import { normalize } from '../../src/jlvm/normal-form.ts'
import { effect, expression } from './_arbitraries.ts'

const roles: readonly Role[] = ['guard', 'effect', 'program']

type Case = { readonly name: string; readonly role: Role; readonly current: JsonValue; readonly workchain: JsonValue }

/** Each in both vocabularies: translated either way, one gives the other. */
const cases: readonly Case[] = [
  { name: 'a path', role: 'guard', current: { var: 'scripts.a.state' }, workchain: { var: 'scriptOracles.a.state' } },
  { name: 'a root alone', role: 'guard', current: { var: 'eventName' }, workchain: { var: 'eventType' } },
  {
    name: 'a path with a default, which stays',
    role: 'guard',
    current: { var: ['scripts.a', { var: 'scripts.b' }] },
    workchain: { var: ['scriptOracles.a', { var: 'scripts.b' }] },
  },
  {
    name: 'the first piece of a computed path, and paths inside it',
    role: 'guard',
    current: { var: { cat: ['scripts.', { var: 'eventName' }, '.state.scripts'] } },
    workchain: { var: { cat: ['scriptOracles.', { var: 'eventType' }, '.state.scripts'] } },
  },
  {
    name: 'a computed path with a default',
    role: 'guard',
    current: { var: [{ cat: ['scripts.', { var: 'state.id' }] }, 0] },
    workchain: { var: [{ cat: ['scriptOracles.', { var: 'state.id' }] }, 0] },
  },
  {
    name: 'a root whose dot is in the next piece',
    role: 'guard',
    current: { var: { cat: ['scripts', '.a'] } },
    workchain: { var: { cat: ['scriptOracles', '.a'] } },
  },
  {
    name: 'paths to choose from, but not what decides',
    role: 'guard',
    current: { var: { if: [{ '===': ['scripts', 1] }, 'scripts.a', 'machines.a'] } },
    workchain: { var: { if: [{ '===': ['scripts', 1] }, 'scriptOracles.a', 'machines.a'] } },
  },
  {
    name: 'nothing of a path but its root',
    role: 'guard',
    current: { and: [{ var: 'state.scripts' }, { var: 'event.eventName' }, { var: 'scriptsOf.a' }] },
    workchain: { and: [{ var: 'state.scripts' }, { var: 'event.eventName' }, { var: 'scriptsOf.a' }] },
  },
  {
    name: 'no text and no key that is only like a path',
    role: 'guard',
    current: { cat: ['scripts.', 'eventName', { var: 'state', scripts: 1 }] },
    workchain: { cat: ['scripts.', 'eventName', { var: 'state', scripts: 1 }] },
  },
  {
    name: 'half a name in a computed path',
    role: 'guard',
    current: { var: { cat: ['scripts', 'Of.a'] } },
    workchain: { var: { cat: ['scripts', 'Of.a'] } },
  },
  {
    name: "a script's own state, whole and in part",
    role: 'program',
    current: { _state: { var: 'state' }, _result: { var: ['state.board', null] } },
    workchain: { _state: { var: 'content' }, _result: { var: ['content.board', null] } },
  },
  {
    name: "a computed path into a script's state",
    role: 'program',
    current: { var: { cat: ['state.board.', { var: 'args.cell' }] } },
    workchain: { var: { cat: ['content.board.', { var: 'args.cell' }] } },
  },
  {
    name: "a machine's state, which keeps its name",
    role: 'effect',
    current: { var: 'state.a' },
    workchain: { var: 'state.a' },
  },
  {
    name: 'an oracle call',
    role: 'effect',
    current: { _oracleCall: { fiberId: { var: 'scripts.a' }, method: 'm', args: { fiberId: 1 } } },
    workchain: { _oracleCall: { cid: { var: 'scriptOracles.a' }, method: 'm', args: { fiberId: 1 } } },
  },
  {
    name: 'triggers',
    role: 'effect',
    current: { _triggers: [{ targetMachineId: 'x', eventName: 'go', payload: { eventName: 1 } }] },
    workchain: { _triggers: [{ targetMachineId: 'x', eventType: 'go', payload: { eventName: 1 } }] },
  },
  {
    name: 'triggers made from a list',
    role: 'effect',
    current: {
      _triggers: { map: [{ var: 'state.ids' }, { targetMachineId: { var: '' }, eventName: 'go', payload: {} }] },
    },
    workchain: {
      _triggers: { map: [{ var: 'state.ids' }, { targetMachineId: { var: '' }, eventType: 'go', payload: {} }] },
    },
  },
  {
    name: 'emitted events',
    role: 'effect',
    current: { _emit: [{ name: 'won', data: { name: 'X' }, destination: null }] },
    workchain: { _outputs: [{ outputType: 'won', data: { name: 'X' }, destination: null }] },
  },
  {
    name: 'an effect in a branch and in a merge',
    role: 'effect',
    current: {
      if: [true, { merge: [{ var: 'state' }, { _emit: [{ name: 'a', data: 1 }] }] }, { _oracleCall: { fiberId: 'x' } }],
    },
    workchain: {
      if: [
        true,
        { merge: [{ var: 'state' }, { _outputs: [{ outputType: 'a', data: 1 }] }] },
        { _oracleCall: { cid: 'x' } },
      ],
    },
  },
  {
    name: 'an effect of pairs',
    role: 'effect',
    current: [
      ['_emit', [{ name: 'a', data: 1 }]],
      ['name', { var: 'scripts.a' }],
    ],
    workchain: [
      ['_outputs', [{ outputType: 'a', data: 1 }]],
      ['name', { var: 'scriptOracles.a' }],
    ],
  },
  {
    name: 'no reserved key inside data',
    role: 'effect',
    current: { stored: { _oracleCall: { fiberId: 'x' }, _emit: [{ name: 'a' }] } },
    workchain: { stored: { _oracleCall: { fiberId: 'x' }, _emit: [{ name: 'a' }] } },
  },
  {
    name: 'no reserved key in a guard',
    role: 'guard',
    current: { _emit: [{ name: 'a' }] },
    workchain: { _emit: [{ name: 'a' }] },
  },
  {
    name: 'an embedded definition',
    role: 'effect',
    current: {
      _spawn: [
        {
          childId: { var: 'event.id' },
          definition: {
            states: { on: { id: 'on', isFinal: false, metadata: null } },
            initialState: 'on',
            transitions: [
              {
                from: 'on',
                to: 'on',
                eventName: 'go',
                guard: { '===': [{ var: 'eventName' }, 'go'] },
                effect: { _oracleCall: { fiberId: 'x', method: 'm', args: {} }, seen: { var: 'scripts.x' } },
                dependencies: [],
              },
            ],
          },
          initialData: { from: { var: 'eventName' } },
        },
      ],
    },
    workchain: {
      _spawn: [
        {
          childId: { var: 'event.id' },
          definition: {
            states: { on: { id: { value: 'on' }, isFinal: false, metadata: null } },
            initialState: { value: 'on' },
            transitions: [
              {
                from: { value: 'on' },
                to: { value: 'on' },
                eventType: { value: 'go' },
                guard: { '===': [{ var: 'eventType' }, 'go'] },
                effect: { _oracleCall: { cid: 'x', method: 'm', args: {} }, seen: { var: 'scriptOracles.x' } },
                dependencies: [],
              },
            ],
          },
          initialData: { from: { var: 'eventType' } },
        },
      ],
    },
  },
]

describe.each(cases)('$name', ({ role, current, workchain }) => {
  test('in the words of the Workchain era', () => {
    expect(translate(current, role, 'current', 'workchain')).toEqual(workchain)
  })
  test("in today's words", () => {
    expect(translate(workchain, role, 'workchain', 'current')).toEqual(current)
  })
})

test("reads either word for a script's state, as late Workchain builds gave both", () => {
  expect(translate({ var: 'state.n' }, 'program', 'workchain', 'current')).toEqual({ var: 'state.n' })
})

test('takes the wrapped names that today’s embedded definitions may have as well', () => {
  const spawn = (from: JsonValue) => ({ _spawn: [{ definition: { transitions: [{ from }] } }] })
  expect(translate(spawn({ value: 'on' }), 'effect', 'current', 'workchain')).toEqual(spawn({ value: 'on' }))
})

test('law: the same vocabulary changes nothing', () => {
  fc.assert(
    fc.property(expression, fc.constantFrom(...roles), (written, role) => {
      expect(translate(written, role, 'current', 'current')).toBe(written)
    }),
  )
})

test('law: there and back is the same expression', () => {
  fc.assert(
    fc.property(fc.oneof(expression, effect).map(normalize), fc.constantFrom(...roles), (written, role) => {
      const there = translate(written, role, 'current', 'workchain')
      expect(translate(there, role, 'workchain', 'current')).toEqual(written)
    }),
  )
})

test('law: an expression in normal form stays in normal form', () => {
  fc.assert(
    fc.property(fc.oneof(expression, effect).map(normalize), fc.constantFrom(...roles), (written, role) => {
      const there = translate(written, role, 'current', 'workchain')
      expect(normalize(there)).toEqual(there)
    }),
  )
})
