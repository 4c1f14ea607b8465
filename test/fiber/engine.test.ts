import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import type { Message } from '../../src/fiber/messages.ts'
import { proofOf } from './scenario.ts'
import {
  always,
  archive,
  createMachine,
  createScript,
  createWorld,
  event,
  idOf,
  invoke,
  transition,
  verdict,
} from './world.ts'

const ids = ['1', '2', '3', '4'].map(idOf)
const [first, second] = ids as [string, string]

describe('gas', () => {
  test.each<{ name: string; guards: JsonValue[]; effect: JsonValue; gasUsed: number }>([
    // The engine's own 10 for the context; constants and object literals report nothing.
    { name: 'of constants', guards: [true], effect: {}, gasUsed: 10 },
    // `==` of constants: 3, and 5 for one level.
    { name: 'of a guard', guards: [always], effect: {}, gasUsed: 18 },
    {
      name: 'of a guard that is false before one that is true',
      guards: [{ '==': [1, 2] }, always],
      effect: {},
      gasUsed: 26,
    },
    { name: 'of triggers', guards: [true], effect: { _triggers: [0, 1].map((at) => call(ids[at + 2])) }, gasUsed: 20 },
    // Whole effect: a variable of one segment is 3, and what a literal holds is dropped.
    { name: 'of a variable', guards: [true], effect: { var: 'event' }, gasUsed: 13 },
    // Read again inside an array: two segments, 4; the array of the first reading stands in a literal.
    {
      name: 'of a second reading',
      guards: [true],
      effect: { _triggers: [call(ids[2], [{ var: ['event.r'] }])] },
      gasUsed: 19,
    },
  ])('$name', ({ guards, effect, gasUsed }) => {
    const world = createWorld()
    for (const id of ids.slice(2)) world.send(createScript(id, true, {}))
    const transitions = guards.map((guard, index) => transition({ guard, effect, to: index === 0 ? 's' : 't' }))
    world.send(createMachine(first, transitions))
    expect(world.send(event(first, 'go', { r: { var: 'event.x' }, x: 1 }))).toMatchObject({ receipt: { gasUsed } })
  })

  test('runs out with the phase, and is told on the receipt', () => {
    const world = createWorld({ gas: 30 })
    const guard = { '==': [{ '+': [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] }, 16] }
    world.send(createMachine(first, [transition({ guard })]))
    expect(world.send(event(first))).toMatchObject({
      reason: 'GasExhaustedFailure',
      phase: 'GUARD',
      message: expect.stringContaining('GUARD'),
    })
    expect(world.machine(first).lastReceipt).toMatchObject({ success: false, reason: 'GasExhaustedFailure' })
  })

  test.each([
    { gas: 14, phase: 'EFFECT' }, // context 10 and one trigger 5
    { gas: 15, phase: 'TRIGGER' },
  ])('of $gas runs out in $phase', ({ gas, phase }) => {
    const world = createWorld({ gas })
    world.send(createScript(second, true, {}))
    world.send(createMachine(first, [transition({ guard: true, effect: { _triggers: [call(second)] } })]))
    expect(world.send(event(first))).toMatchObject({ reason: 'GasExhaustedFailure', phase })
  })
})

function call(targetMachineId: string | undefined, payload: JsonValue = 1): JsonValue {
  return { targetMachineId: targetMachineId ?? '', eventName: 'm', payload }
}

describe('records', () => {
  test('keep owners in the order of key ids, each once', () => {
    const world = createWorld()
    world.send(createMachine(first, []), ['carol', 'alice', 'bob'])
    const expected = ['carol', 'alice', 'bob'].map(proofOf).sort((left, right) => (left.id < right.id ? -1 : 1))
    expect(world.machine(first).owners).toEqual(expected.map(({ address }) => address))
  })

  test('tell when they changed', () => {
    const world = createWorld()
    world.send(createMachine(first, [transition()]))
    world.send(event(first))
    world.send(archive(first))
    expect(world.machine(first)).toMatchObject({
      creationOrdinal: 1,
      previousUpdateOrdinal: 2,
      latestUpdateOrdinal: 3,
      sequenceNumber: 1,
      status: 'Archived',
    })
  })

  test('share what games have in common', () => {
    const world = createWorld()
    const effect = { a: { var: 'event' } }
    for (const id of ids)
      world.send(
        createMachine(id, [
          transition({ effect: { ...effect } }),
          transition({ eventName: 'x', effect: { b: { ...effect } }, dependencies: [id] }),
        ]),
      )
    const [one, two] = [first, second].map((id) => world.machine(id).definition)
    expect(one?.states).toBe(two?.states)
    expect(one?.transitions[0]).toBe(two?.transitions[0])
    expect(one?.transitions[1]).not.toBe(two?.transitions[1])
    expect(one?.transitions[1]?.effect).toBe(two?.transitions[1]?.effect)
  })
})

/** Messages of all kinds, most of them refused or failing, over four ids. */
const anyMessage: fc.Arbitrary<{ message: Message; signers: string[] }> = fc.record({
  message: fc.oneof(
    fc.constantFrom(...ids).map((id) =>
      createMachine(
        id,
        [
          transition({
            guard: { '>': [{ var: 'event.n' }, 2] },
            effect: { n: { '+': [{ var: 'state.n' }, { var: 'event.n' }] }, _triggers: { var: 'event.calls' } },
          }),
          transition({
            to: 't',
            effect: {
              _oracleCall: { fiberId: { var: 'event.target' }, method: 'add', args: { var: 'event.n' } },
              _emit: [{ name: 'e', data: { var: 'event' } }],
            },
          }),
        ],
        { n: 0 },
      ),
    ),
    fc.constantFrom(...ids).map((id) =>
      createScript(
        id,
        {
          if: [
            { '>': [{ var: 'args' }, 5] },
            { _result: { valid: false, error: 'large' } },
            { _state: { n: { '+': [{ var: 'state.n' }, { var: 'args' }] } }, _result: true },
          ],
        },
        { n: 0 },
      ),
    ),
    fc
      .record({
        id: fc.constantFrom(...ids),
        n: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant('x')),
        target: fc.constantFrom(...ids),
        calls: fc.array(
          fc.constantFrom(...ids).map((id) => ({ targetMachineId: id, eventName: 'go', payload: { n: 3 } })),
          { maxLength: 3 },
        ),
      })
      .map(({ id, ...payload }) => event(id, 'go', payload)),
    fc
      .record({ id: fc.constantFrom(...ids), args: fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constant('x')) })
      .map(({ id, args }) => invoke(id, 'add', args)),
    fc.constantFrom(...ids).map((id) => archive(id)),
  ),
  signers: fc.constantFrom(['alice'], ['bob'], ['alice', 'bob'], []),
})

describe('laws', () => {
  test('replaying a log of messages gives the same records and outcomes', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 40 }), (log) => {
        const play = () => {
          const world = createWorld()
          const outcomes = log.map(({ message, signers }) => world.send(message, signers))
          return { outcomes, fibers: [...world.fibers] }
        }
        expect(play()).toEqual(play())
      }),
    )
  })

  test('a message that does not commit changes nothing but the receipt of the machine it addresses', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 40 }), (log) => {
        const world = createWorld()
        for (const { message, signers } of log) {
          const before = new Map(world.fibers)
          const outcome = world.send(message, signers)
          if (outcome.outcome === 'committed') continue
          const touched =
            outcome.outcome === 'aborted' && message.type === 'TransitionStateMachine' ? [message.fiberId] : []
          for (const [id, fiber] of world.fibers) {
            const old = before.get(id)
            if (!touched.includes(id)) expect(fiber).toBe(old)
            else expect(old).toEqual({ ...fiber, ...receiptFields(old) })
          }
        }
      }),
    )
  })

  test('sequence numbers go up by one a step and never down', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 40 }), (log) => {
        const world = createWorld()
        for (const { message, signers } of log) {
          const before = world.fibers.get(message.fiberId)?.sequenceNumber
          const outcome = world.send(message, signers)
          const after = world.fibers.get(message.fiberId)?.sequenceNumber ?? 0
          const isStep = message.type === 'TransitionStateMachine' || message.type === 'InvokeScript'
          if (before === undefined) expect(after).toBe(0)
          else if (isStep && verdict(outcome) === 'committed') expect(after).toBeGreaterThan(before)
          else expect(after).toBe(before)
        }
      }),
    )
  })
})

const receiptFields = (fiber: unknown): object => {
  const { lastReceipt, previousUpdateOrdinal, latestUpdateOrdinal } = fiber as Record<string, unknown>
  return { lastReceipt, previousUpdateOrdinal, latestUpdateOrdinal }
}
