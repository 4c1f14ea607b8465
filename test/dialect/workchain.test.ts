import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { workchain } from '../../src/dialect/workchain.ts'
import type { EventReceipt } from '../../src/fiber/records.ts'
import { ledger, machine, receipt, script } from './_records.ts'

const failed = (fields: Partial<EventReceipt>) => ({
  ...machine,
  lastReceipt: { ...receipt, success: false, errorMessage: 'because', ...fields },
})

test('a machine has exactly the members of the era', () => {
  expect(workchain.encodeFiber(machine)).toEqual({
    cid: machine.fiberId,
    creationOrdinal: 3,
    previousUpdateOrdinal: 8,
    latestUpdateOrdinal: 9,
    definition: {
      states: { playing: { id: { value: 'playing' }, isFinal: false, metadata: null } },
      initialState: { value: 'playing' },
      transitions: [
        {
          from: { value: 'playing' },
          to: { value: 'playing' },
          eventType: { value: 'make_move' },
          guard: { '!!': [{ var: 'scriptOracles.a' }] },
          effect: { _oracleCall: { cid: 'a', method: 'm', args: null } },
          dependencies: [script.fiberId],
        },
      ],
      metadata: null,
    },
    currentState: { value: 'playing' },
    stateData: { gameId: 'g' },
    stateDataHash: machine.stateDataHash,
    sequenceNumber: 2,
    owners: machine.owners,
    status: 'Active',
    lastEventStatus: { Success: { sequenceNumber: 2, processedAt: 9 } },
    eventBatch: [{ Success: { sequenceNumber: 2, processedAt: 9 } }],
    parentFiberId: null,
    childFiberIds: [],
    eventLog: [],
    maxLogSize: 100,
  })
})

test('a script has exactly the members of the era, its newest run first and only', () => {
  const { fiberId, ...run } = script.lastInvocation ?? { fiberId: '' }
  expect(workchain.encodeFiber(script)).toEqual({
    cid: script.fiberId,
    creationOrdinal: 2,
    latestUpdateOrdinal: 9,
    scriptProgram: { var: 'content.board' },
    stateData: null,
    stateDataHash: script.stateDataHash,
    accessControl: { Public: {} },
    invocationCount: 5,
    owners: script.owners,
    status: 'Active',
    invocationLog: [run],
    maxLogSize: 100,
  })
  expect(fiberId).toBe(script.fiberId)
})

const attempt = { attemptedAt: 9, attemptedEventType: { value: 'make_move' } }

describe('the last event of a machine', () => {
  test.each<{ name: string; fields: Partial<EventReceipt>; status: JsonObject; eventName: string | null }>([
    {
      name: 'no guard matched',
      fields: { reason: 'NoGuardMatched' },
      status: { GuardFailed: { reason: 'because', ...attempt } },
      eventName: 'make_move',
    },
    {
      name: 'no transition found',
      fields: { reason: 'NoTransitionFound' },
      status: { GuardFailed: { reason: 'because', ...attempt } },
      eventName: 'make_move',
    },
    {
      name: 'the oracle refused',
      fields: { reason: 'OracleInvocationFailed' },
      status: { ExecutionFailed: { reason: 'because', ...attempt, gasUsed: 290, depth: 1 } },
      eventName: 'make_move',
    },
    {
      name: 'too many triggers',
      fields: { reason: 'DepthExceeded', triggersFired: 0 },
      status: { DepthExceeded: { attemptedAt: 9, depth: 10, maxDepth: 10, gasUsed: 290 } },
      eventName: null,
    },
    {
      name: 'gas ran out',
      fields: { reason: 'GasExhaustedFailure' },
      status: { GasExhausted: { attemptedAt: 9, gasUsed: 290, gasLimit: 10_000_000, depth: 1 } },
      eventName: null,
    },
  ])('$name', ({ fields, status, eventName }) => {
    const record = workchain.encodeFiber(failed(fields))
    expect(record).toMatchObject({ lastEventStatus: status, eventBatch: [status] })
    expect(workchain.readMachine(record).lastEvent).toEqual({
      success: false,
      eventName,
      ordinal: 9,
      reason: eventName === null ? Object.keys(status)[0] : 'because',
    })
  })

  test('a success names no event', () => {
    const { lastEvent } = workchain.readMachine(workchain.encodeFiber(machine))
    expect(lastEvent).toEqual({ success: true, eventName: null, ordinal: 9, reason: null })
  })

  test('a new machine has none', () => {
    const record = workchain.encodeFiber({ ...machine, lastReceipt: null })
    expect(record).toMatchObject({ lastEventStatus: { Initialized: {} }, eventBatch: [{ Initialized: {} }] })
    expect(workchain.readMachine(record).lastEvent).toBeNull()
  })

  test('a failure that says neither when nor what is still one', () => {
    const record = { ...workchain.encodeFiber(machine), lastEventStatus: { ValidationFailed: { reason: 'no' } } }
    expect(workchain.readMachine(record).lastEvent).toEqual({
      success: false,
      eventName: null,
      ordinal: 9,
      reason: 'no',
    })
  })
})

test('reads a record without the members that only some builds have', () => {
  const { eventBatch, eventLog, maxLogSize, lastEventStatus, stateDataHash, ...rest } = workchain.encodeFiber(machine)
  expect(workchain.readMachine(rest)).toMatchObject({ currentState: 'playing', lastEvent: null })
  const { invocationLog, ...oldScript } = workchain.encodeFiber(script)
  expect(workchain.readScript(oldScript)).toMatchObject({ sequenceNumber: 5, lastInvocation: null })
  expect([eventBatch, eventLog, maxLogSize, lastEventStatus, stateDataHash, invocationLog]).not.toContain(undefined)
})

test('reads the last run of a script', () => {
  const { fiberId: _, ...run } = script.lastInvocation ?? { fiberId: '' }
  expect(workchain.readScript(workchain.encodeFiber(script)).lastInvocation).toEqual(run)
})

test('the on-chain state is the hash of each fiber’s data', () => {
  expect(workchain.encodeOnChain(ledger, { receipts: [receipt], invocations: [] })).toEqual({
    latest: { [machine.fiberId]: machine.stateDataHash, [script.fiberId]: script.stateDataHash },
  })
})

test('the calculated state keeps machines and oracles apart', () => {
  expect(workchain.encodeCalculatedState(ledger)).toEqual({
    stateMachines: { [machine.fiberId]: workchain.encodeFiber(machine) },
    scriptOracles: { [script.fiberId]: workchain.encodeFiber(script) },
  })
})

test('tells the same record only once how it reads', () => {
  expect(workchain.encodeFiber(machine)).toBe(workchain.encodeFiber(machine))
})
