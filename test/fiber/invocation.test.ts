import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { createMachine, createScript, createWorld, event, idOf, invoke, transition, verdict } from './world.ts'

const machine = idOf('1')
const script = idOf('2')

describe('what a program gives is split', () => {
  test.each<{ name: string; program: JsonValue; direct: JsonValue; called: JsonValue; result: JsonValue }>([
    { name: 'both', program: { _state: { a: 1 }, _result: 2 }, direct: { a: 1 }, called: { a: 1 }, result: 2 },
    {
      name: 'a state',
      program: { _state: { a: 1 } },
      direct: { a: 1 },
      called: { a: 1 },
      result: { _state: { a: 1 } },
    },
    {
      name: 'a result, which a machine pays for with the state',
      program: { _result: 2 },
      direct: { n: 0 },
      called: null,
      result: 2,
    },
    { name: 'a null state', program: { _state: null, _result: 2 }, direct: null, called: null, result: 2 },
    { name: 'anything else', program: 'x', direct: 'x', called: 'x', result: 'x' },
  ])('$name', ({ program, direct, called, result }) => {
    const world = createWorld()
    world.send(createScript(script, program, { n: 0 }))
    world.send(
      createMachine(machine, [transition({ effect: { _oracleCall: { fiberId: script, method: 'm', args: 1 } } })]),
    )
    expect(world.send(invoke(script, 'm', 1))).toMatchObject({ invocation: { method: 'm', args: 1, result } })
    expect(world.script(script)).toMatchObject({ stateData: direct, sequenceNumber: 1, lastInvocation: { result } })
    expect(verdict(world.send(event(machine)))).toBe('committed')
    expect(world.script(script)).toMatchObject({ stateData: called, sequenceNumber: 2, lastInvocation: { result } })
  })
})

describe('a direct call', () => {
  test('commits a refusal', () => {
    const world = createWorld()
    world.send(createScript(script, { _result: { valid: false } }, { n: 0 }))
    expect(verdict(world.send(invoke(script)))).toBe('committed')
    expect(world.script(script)).toMatchObject({ sequenceNumber: 1, stateData: { n: 0 } })
  })

  test('is made by the first signer, whom the policy must admit', () => {
    const world = createWorld()
    world.send(createMachine(machine, [transition()]), ['alice'])
    world.send(createScript(script, { var: 'args' }, null, { type: 'FiberOwned', fiberId: machine }))
    const [aliceFirst, bobFirst] = [['alice'], ['alice', 'bob']].map((signers) =>
      world.send(invoke(script, 'm', 1), signers),
    )
    const owner = world.machine(machine).owners[0]
    expect(aliceFirst).toMatchObject({ outcome: 'committed', invocation: { invokedBy: owner } })
    // Any signer passes validation; the call then runs in the name of the one whose key id is lowest.
    expect(bobFirst && verdict(bobFirst)).toBe('AccessDenied')
  })

  test('that fails leaves no trace', () => {
    const world = createWorld()
    world.send(createScript(script, { '/': [1, 0] }, { n: 0 }))
    const before = world.script(script)
    expect(world.send(invoke(script))).toMatchObject({ outcome: 'aborted', phase: 'ORACLE', changed: [] })
    expect(world.script(script)).toBe(before)
  })

  test('of a script that is not active fails', () => {
    const world = createWorld()
    world.send(createScript(script, 1))
    world.fibers.set(script, { ...world.script(script), status: 'Failed' })
    expect(verdict(world.send(invoke(script)))).toBe('FiberNotActive')
  })

  test('whose result is too large to keep fails', () => {
    const world = createWorld()
    world.send(createScript(script, { _result: { map: [{ var: 'args.items' }, { var: 'args.text' }] } }))
    const args = { items: Array.from({ length: 120 }, () => 1), text: 'x'.repeat(10_000) }
    expect(verdict(world.send(invoke(script, 'm', args)))).toBe('StateSizeTooLarge')
  })
})
