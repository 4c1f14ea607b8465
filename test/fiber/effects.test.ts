import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { createMachine, createScript, createWorld, event, idOf, transition, verdict } from './world.ts'

const id = idOf('1')
const oracle = idOf('2')

/** A machine with one effect, and a script that keeps the arguments it was called with. */
function worldWith(effect: JsonValue, data: JsonValue = { kept: 1 }) {
  const world = createWorld()
  world.send(createMachine(id, [transition({ effect })], data))
  world.send(createScript(oracle, { _state: { got: { var: 'args' } }, _result: true }))
  return world
}

describe('an effect is merged', () => {
  test.each<{ name: string; effect: JsonValue; data: JsonValue }>([
    { name: 'key by key', effect: { a: { deep: 1 } }, data: { kept: 1, a: { deep: 1 } } },
    { name: 'not deeply', effect: { kept: { b: 2 } }, data: { kept: { b: 2 } } },
    { name: 'with null as a value', effect: { kept: null }, data: { kept: null } },
    { name: 'without keys that begin with _', effect: { _x: 1, a: { _y: 1 } }, data: { kept: 1, a: { _y: 1 } } },
    {
      name: 'pair by pair, the last of a key winning',
      effect: [
        ['a', 1],
        ['_x', 1],
        ['a', 2],
      ],
      data: { kept: 1, a: 2 },
    },
    { name: 'as nothing', effect: [], data: { kept: 1 } },
    { name: 'with whole floats as ints', effect: { a: { '+': [0.5, 0.5] } }, data: { kept: 1, a: 1 } },
  ])('$name', ({ effect, data }) => {
    const world = worldWith(effect)
    expect(verdict(world.send(event(id)))).toBe('committed')
    expect(world.machine(id).stateData).toEqual(data)
  })

  test('and a key __proto__ stays a key', () => {
    const effect = JSON.parse('{"a": {"__proto__": {"polluted": true}}}') as JsonValue
    const world = worldWith(effect)
    world.send(event(id))
    const { a } = world.machine(id).stateData as { a: object }
    expect(Object.keys(a)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(a)).toBe(Object.prototype)
  })
})

describe('an effect fails', () => {
  const grown = { map: [{ var: 'event.items' }, { var: 'event.text' }] }
  const doubled = { reduce: [{ var: 'event.items' }, [{ var: 'accumulator' }, { var: 'accumulator' }], 0] }
  test.each<{ name: string; effect: JsonValue; reason: string; message: string }>([
    { name: 'as a scalar', effect: 'text', reason: 'EvaluationError', message: 'EFFECT' },
    { name: 'as pairs of another shape', effect: [['a', 1, 2]], reason: 'EvaluationError', message: 'EFFECT' },
    { name: 'dividing by zero', effect: { a: { '/': [1, 0] } }, reason: 'EvaluationError', message: 'EFFECT' },
    { name: 'past a megabyte', effect: { a: grown }, reason: 'StateSizeTooLarge', message: '1048576' },
    {
      name: 'past a megabyte under a key that is not stored',
      effect: { _a: grown },
      reason: 'StateSizeTooLarge',
      message: '',
    },
    {
      name: 'with shared parts that JSON would multiply',
      effect: { a: doubled },
      reason: 'StateSizeTooLarge',
      message: '',
    },
    {
      name: 'with a number beyond JSON',
      effect: { a: { pow: [10, 400] } },
      reason: 'EvaluationError',
      message: 'number',
    },
    {
      name: 'with half a surrogate pair',
      effect: { a: { substr: ['😀', 0, 1] } },
      reason: 'EvaluationError',
      message: 'surrogate',
    },
  ])('$name', ({ effect, reason, message }) => {
    const world = worldWith(effect)
    const payload = { items: Array.from({ length: 120 }, () => 1), text: 'x'.repeat(10_000) }
    const outcome = world.send(event(id, 'go', payload))
    expect(outcome).toMatchObject({ outcome: 'aborted', reason, message: expect.stringContaining(message) })
    expect(world.machine(id)).toMatchObject({ stateData: { kept: 1 }, sequenceNumber: 0 })
  })
})

describe('state data grows over steps', () => {
  test('and a step that takes it past the limit fails', () => {
    const world = createWorld({ stateBytes: 1_000 })
    world.send(createMachine(id, [transition({ effect: [[{ var: 'event.key' }, 'x'.repeat(600)]] })]))
    expect(verdict(world.send(event(id, 'go', { key: 'a' })))).toBe('committed')
    expect(verdict(world.send(event(id, 'go', { key: 'b' })))).toBe('StateSizeTooLarge')
  })
})

describe('a call is dropped with a warning', () => {
  test.each<{ name: string; effect: JsonValue }>([
    { name: 'without a target', effect: { _triggers: [{ eventName: 'go', payload: 1 }] } },
    {
      name: 'with a target that is no UUID',
      effect: { _triggers: [{ targetMachineId: 'x', eventName: 'go', payload: 1 }] },
    },
    {
      name: 'with a name that is no text',
      effect: { _triggers: [{ targetMachineId: oracle, eventName: 1, payload: 1 }] },
    },
    { name: 'without a payload', effect: { _triggers: [{ targetMachineId: oracle, eventName: 'go' }] } },
    { name: 'that is no map', effect: { _triggers: ['junk'] } },
    { name: 'of a script without arguments', effect: { _oracleCall: { fiberId: oracle, method: 'm' } } },
    { name: 'of a script that is a list', effect: [['_oracleCall', [oracle]]] },
    {
      name: 'whose payload names a path that is none',
      effect: { _oracleCall: { fiberId: oracle, method: 'm', args: { var: 'event.reference' } } },
    },
  ])('$name', ({ effect }) => {
    const world = worldWith(effect)
    const outcome = world.send(event(id, 'go', { reference: { var: 7 } }))
    expect(outcome).toMatchObject({ outcome: 'committed', warnings: [expect.stringContaining(id)] })
    expect(world.script(oracle).sequenceNumber).toBe(0)
  })
})

describe('a payload is read twice', () => {
  test.each<{ name: string; sent: JsonValue; got: JsonValue }>([
    { name: 'resolving a path', sent: { a: [{ var: 'state.kept' }] }, got: { a: [1] } },
    { name: 'resolving a path with a default', sent: { var: ['state.absent', { var: 'x' }] }, got: { var: 'x' } },
    { name: 'keeping what is there over a default', sent: { var: ['state.kept', 5] }, got: 1 },
    { name: 'resolving a path that a path gives', sent: { var: { var: 'event.path' } }, got: 1 },
    { name: 'leaving operators alone', sent: { '+': [1, 1] }, got: { '+': [1, 1] } },
    { name: 'leaving larger maps alone', sent: { var: 'state.kept', b: 1 }, got: { var: 'state.kept', b: 1 } },
  ])('$name', ({ sent, got }) => {
    const world = worldWith({ _oracleCall: { fiberId: oracle, method: 'm', args: { var: 'event.sent' } } })
    expect(verdict(world.send(event(id, 'go', { sent, path: 'state.kept' })))).toBe('committed')
    expect(world.script(oracle)).toMatchObject({ stateData: { got }, lastInvocation: { args: got } })
  })

  test('and must not grow past the limit', () => {
    const world = worldWith(
      { _oracleCall: { fiberId: oracle, method: 'm', args: { var: 'event.sent' } } },
      { large: 'x'.repeat(400_000) },
    )
    const sent = [{ var: 'state.large' }, { var: 'state.large' }, { var: 'state.large' }]
    expect(verdict(world.send(event(id, 'go', { sent })))).toBe('StateSizeTooLarge')
  })

  test('and together must not either', () => {
    const trigger = { targetMachineId: oracle, eventName: 'm', payload: { var: 'event.sent' } }
    const world = worldWith({ _triggers: [trigger, trigger, trigger] }, { large: 'x'.repeat(400_000) })
    expect(verdict(world.send(event(id, 'go', { sent: { var: 'state.large' } })))).toBe('StateSizeTooLarge')
  })
})
