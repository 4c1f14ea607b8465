import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { proofOf } from './scenario.ts'
import { always, createMachine, createWorld, event, idOf, transition, verdict } from './world.ts'

const [parent, child, taken] = ['1', '2', '3'].map(idOf) as [string, string, string]

/** A definition as an effect embeds it. */
const embedded = (fields: JsonObject = {}): JsonValue => ({
  states: { s: { isFinal: false }, t: { isFinal: true } },
  initialState: { value: 's' },
  transitions: [
    { from: 's', to: { value: 't' }, eventName: 'end', guard: always, effect: { seen: { var: 'parent.state.n' } } },
  ],
  ...fields,
})
const directive = (fields: JsonObject = {}): JsonValue => ({
  childId: child,
  definition: embedded(),
  initialData: { from: { var: 'machineId' }, n: { var: 'state.n' } },
  ...fields,
})

/** A directive is evaluated as part of the effect too: this fails only once the parent's sequence number is 1. */
const failsAfterStep: JsonValue = { '/': [1, { '-': [{ var: 'sequenceNumber' }, 1] }] }

function worldWith(spawn: JsonValue, effect: JsonValue = { n: 5, _spawn: spawn }) {
  const world = createWorld()
  world.send(createMachine(taken, []))
  world.send(createMachine(parent, [transition({ effect })], { n: 1 }))
  return world
}

test('a child is born of the state that its parent then has', () => {
  const world = worldWith([directive()])
  expect(verdict(world.send(event(parent)))).toBe('committed')
  expect(world.machine(child)).toMatchObject({
    currentState: 's',
    sequenceNumber: 0,
    status: 'Active',
    parentFiberId: parent,
    stateData: { from: parent, n: 5 },
    owners: [proofOf('alice').address],
    definition: { initialState: 's', transitions: [{ from: 's', to: 't', eventName: 'end', dependencies: [] }] },
  })
  expect(world.machine(parent)).toMatchObject({ childFiberIds: [child], stateData: { n: 5 } })
  expect(world.machine(parent).stateData).not.toHaveProperty('_spawn')
  expect(verdict(world.send(event(child, 'end')))).toBe('committed')
  expect(world.machine(child)).toMatchObject({ currentState: 't', stateData: { seen: 5 } })
})

test('triggers of the same step reach a child', () => {
  const effect = { _spawn: [directive()], _triggers: [{ targetMachineId: child, eventName: 'end', payload: 1 }] }
  const world = worldWith([], effect)
  expect(verdict(world.send(event(parent)))).toBe('committed')
  expect(world.machine(child)).toMatchObject({ currentState: 't', sequenceNumber: 1 })
})

test('owners may be named', () => {
  const bob = proofOf('bob').address
  const world = worldWith([directive({ owners: [bob, bob] })])
  world.send(event(parent))
  expect(world.machine(child).owners).toEqual([bob])
})

test('a child born with something else than a map cannot step', () => {
  const world = worldWith([directive({ initialData: 7 })])
  expect(verdict(world.send(event(parent)))).toBe('committed')
  expect(world.machine(child).stateData).toBe(7)
  expect(verdict(world.send(event(child, 'end')))).toBe('EvaluationError')
})

describe('a directive aborts', () => {
  test.each<{ name: string; spawn: JsonValue; reason: string }>([
    { name: 'whose id is no UUID', spawn: [directive({ childId: 'x' })], reason: 'InvalidChildIdFormat' },
    { name: 'whose id is no text', spawn: [directive({ childId: 7 })], reason: 'InvalidChildIdFormat' },
    { name: 'whose id fails to evaluate', spawn: [directive({ childId: failsAfterStep })], reason: 'EvaluationError' },
    { name: 'whose owners are no array', spawn: [directive({ owners: 'x' })], reason: 'InvalidOwnersExpression' },
    { name: 'whose owner is no address', spawn: [directive({ owners: ['DAG1'] })], reason: 'InvalidOwnerAddress' },
    {
      name: 'whose data fails to evaluate',
      spawn: [directive({ initialData: { a: failsAfterStep } })],
      reason: 'EvaluationError',
    },
    { name: 'that stands there twice', spawn: [directive(), directive()], reason: 'DuplicateChildId' },
    { name: 'whose id is taken', spawn: [directive({ childId: taken })], reason: 'ChildIdCollision' },
  ])('$name', ({ spawn, reason }) => {
    const world = worldWith(spawn)
    expect(world.send(event(parent))).toMatchObject({ outcome: 'aborted', reason, phase: 'SPAWN' })
    expect(world.fibers.get(child)).toBeUndefined()
    expect(world.machine(parent)).toMatchObject({ sequenceNumber: 0, childFiberIds: [] })
  })
})

describe('no child comes of', () => {
  test.each<{ name: string; effect: JsonValue; warnings: number }>([
    { name: 'a _spawn inside merge', effect: { merge: [{ _spawn: [directive()] }, { n: 2 }] }, warnings: 0 },
    { name: 'a _spawn inside a pair', effect: [['_spawn', [directive()]]], warnings: 0 },
    { name: 'a directive without data', effect: { _spawn: [{ childId: child, definition: embedded() }] }, warnings: 1 },
    {
      name: 'a state written {}',
      effect: { _spawn: [directive({ definition: embedded({ states: { s: {} } }) })] },
      warnings: 1,
    },
    {
      name: 'transitions that are none',
      effect: { _spawn: [directive({ definition: embedded({ transitions: [{}] }) })] },
      warnings: 1,
    },
    { name: 'a definition that is none', effect: { _spawn: [directive({ definition: 'x' })] }, warnings: 1 },
    { name: 'an entry that is none', effect: { _spawn: ['x'] }, warnings: 1 },
  ])('$name', ({ effect, warnings }) => {
    const world = worldWith([], effect)
    const outcome = world.send(event(parent))
    expect(outcome).toMatchObject({ outcome: 'committed', changed: { length: 1 }, warnings: { length: warnings } })
  })

  test('a triggered step', () => {
    const world = worldWith([directive()])
    const effect = { _triggers: [{ targetMachineId: parent, eventName: 'go', payload: {} }] }
    world.send(createMachine(idOf('9'), [transition({ effect })]))
    expect(verdict(world.send(event(idOf('9'))))).toBe('committed')
    expect(world.machine(parent)).toMatchObject({ sequenceNumber: 1, childFiberIds: [] })
  })
})
