import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { archive, createMachine, createScript, createWorld, event, idOf, transition, verdict } from './world.ts'

const [first, second, third, oracle] = ['1', '2', '3', '4'].map(idOf) as [string, string, string, string]
const trigger = (targetMachineId: string, eventName: string, payload: JsonValue = {}): JsonValue => ({
  targetMachineId,
  eventName,
  payload,
})
const noting = (note: string, more: JsonValue[] = []) =>
  transition({ eventName: note, effect: { _emit: [{ name: note, data: null }], _triggers: more } })

test('triggers run in order, each followed at once by its own', () => {
  const world = createWorld()
  world.send(createMachine(second, [noting('a', [trigger(third, 'a1'), trigger(third, 'a2')]), noting('b')]))
  world.send(createMachine(third, [noting('a1', [trigger(third, 'a11')]), noting('a11'), noting('a2')]))
  const calls = { _triggers: [trigger(second, 'a'), trigger(second, 'b')], _emit: [{ name: 'go', data: 1 }] }
  world.send(createMachine(first, [transition({ effect: calls })]))
  const outcome = world.send(event(first))
  expect(outcome).toMatchObject({
    emitted: ['go', 'a', 'a1', 'a11', 'a2', 'b'].map((name) => ({ name })),
    receipt: { triggersFired: 2, eventName: 'go', sequenceNumber: 1 },
  })
  expect(world.machine(third)).toMatchObject({
    sequenceNumber: 3,
    lastReceipt: { sourceFiberId: second, gasUsed: 0, eventName: 'a2' },
  })
})

test('the oracle call comes last and sees what the triggers changed', () => {
  const world = createWorld()
  world.send(
    createScript(
      oracle,
      { merge: [{ var: 'state' }, { calls: { cat: [{ var: 'state.calls' }, { var: 'method' }] } }] },
      { calls: '' },
    ),
  )
  const effect = {
    _oracleCall: { fiberId: oracle, method: 'last', args: {} },
    _triggers: [trigger(oracle, 'first,'), trigger(oracle, 'second,')],
  }
  world.send(createMachine(first, [transition({ effect })]))
  expect(verdict(world.send(event(first)))).toBe('committed')
  expect(world.script(oracle)).toMatchObject({ stateData: { calls: 'first,second,last' }, sequenceNumber: 3 })
})

describe('nine triggers commit', () => {
  const chain = (count: number) =>
    transition({ effect: { _triggers: Array.from({ length: count }, (_, index) => trigger(oracle, `m${index}`)) } })
  test.each([
    { count: 9, expected: 'committed' },
    { count: 10, expected: 'DepthExceeded' },
  ])('$count: $expected', ({ count, expected }) => {
    const world = createWorld()
    world.send(createScript(oracle, { var: 'state' }, {}))
    world.send(createMachine(first, [chain(count)]))
    expect(verdict(world.send(event(first)))).toBe(expected)
    expect(world.script(oracle).sequenceNumber).toBe(expected === 'committed' ? 9 : 0)
  })
})

describe('a machine', () => {
  test('may trigger its own event once', () => {
    const world = createWorld()
    const again = { if: [{ var: 'event.again' }, [trigger(first, 'go', { again: false })], []] }
    world.send(createMachine(first, [transition({ effect: { _triggers: again } })]))
    expect(verdict(world.send(event(first, 'go', { again: true })))).toBe('committed')
    expect(world.machine(first)).toMatchObject({ sequenceNumber: 2, lastReceipt: { sequenceNumber: 2 } })
  })

  test('may not trigger it again and again', () => {
    const world = createWorld()
    world.send(createMachine(first, [transition({ effect: { _triggers: [trigger(first, 'go')] } })]))
    expect(verdict(world.send(event(first)))).toBe('CycleDetected')
    expect(world.machine(first)).toMatchObject({ sequenceNumber: 0, lastReceipt: { reason: 'CycleDetected' } })
  })

  test('reacts to triggers when archived', () => {
    const world = createWorld()
    world.send(createMachine(second, [transition({ to: 't' })]))
    world.send(archive(second))
    world.send(createMachine(first, [transition({ effect: { _triggers: [trigger(second, 'go')] } })]))
    expect(verdict(world.send(event(first)))).toBe('committed')
    expect(world.machine(second)).toMatchObject({ status: 'Archived', currentState: 't', sequenceNumber: 1 })
  })

  test('has a fresh state hash after a triggered step', () => {
    const world = createWorld()
    world.send(createMachine(second, [transition({ effect: { n: 1 } })]))
    world.send(createMachine(third, [transition()], { n: 1 }))
    world.send(createMachine(first, [transition({ effect: { _triggers: [trigger(second, 'go')] } })]))
    world.send(event(first))
    expect(world.machine(second).stateDataHash).toBe(world.machine(third).stateDataHash)
  })
})

describe('a call of a script', () => {
  const call = { _oracleCall: { fiberId: oracle, method: 'm', args: {} } }

  test('is made for the first owner, by the order of key ids', () => {
    const world = createWorld()
    world.send(createScript(oracle, { var: 'state' }, {}))
    world.send(createMachine(first, [transition({ effect: call })]), ['bob', 'alice'])
    world.send(event(first), ['bob'])
    const bob = world.machine(first).owners
    expect(bob).toHaveLength(2)
    expect(world.script(oracle).lastInvocation?.invokedBy).toBe(bob[0])
    world.send(event(first), ['alice'])
    expect(world.script(oracle).lastInvocation?.invokedBy).toBe(bob[0])
  })

  test.each<{ name: string; program: JsonValue; message: string }>([
    { name: 'false', program: { _result: false }, message: 'returned false' },
    {
      name: 'valid: false with an error',
      program: { _result: { valid: false, error: 'no' } },
      message: 'validation failed: no',
    },
    {
      name: 'valid: false',
      program: { _result: { valid: false, error: 7 } },
      message: 'validation failed: Unknown error',
    },
    { name: 'valid: false as its state', program: { valid: false }, message: 'validation failed: Unknown error' },
  ])('that gives $name aborts', ({ program, message }) => {
    const world = createWorld()
    world.send(createScript(oracle, program, {}))
    world.send(createMachine(first, [transition({ effect: call })]))
    const outcome = world.send(event(first))
    expect(outcome).toMatchObject({ reason: 'OracleInvocationFailed', message: expect.stringContaining(message) })
    expect(world.machine(first).lastReceipt?.errorMessage).toContain(message)
  })

  test('that no owner stands behind cannot be made', () => {
    const world = createWorld()
    world.send(createScript(oracle, 1))
    const machine = createMachine(second, [transition({ effect: call })])
    world.send(machine)
    world.fibers.set(second, { ...world.machine(second), owners: [] })
    world.send(createMachine(first, [transition({ effect: { _triggers: [trigger(second, 'go')] } })]))
    expect(verdict(world.send(event(first)))).toBe('CallerResolutionFailed')
  })
})

test('a trigger without a target aborts everything', () => {
  const world = createWorld()
  world.send(createMachine(first, [transition({ effect: { a: 1, _triggers: [trigger(third, 'go')] } })]))
  expect(verdict(world.send(event(first)))).toBe('TriggerTargetNotFound')
  expect(world.machine(first).stateData).toEqual({})
})
