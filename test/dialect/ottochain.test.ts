import { describe, expect, test } from 'vitest'
import { createOttochain } from '../../src/dialect/ottochain.ts'
import { canonicalize, dropNulls } from '../../src/signing/canonical.ts'
import { plainHash } from '../../src/signing/digest.ts'
import { invocation, ledger, machine, receipt, script } from './_records.ts'

const ottochain = createOttochain()
const { reason: _, ...wireReceipt } = receipt

test('nulls are dropped unless the settings say otherwise', () => {
  expect(ottochain.nulls).toBe('drop')
  expect(createOttochain({ nulls: 'keep' }).nulls).toBe('keep')
})

test('a machine has exactly the members of today', () => {
  expect(ottochain.encodeFiber(machine)).toEqual({
    fiberId: machine.fiberId,
    creationOrdinal: 3,
    previousUpdateOrdinal: 8,
    latestUpdateOrdinal: 9,
    definition: {
      states: { playing: { id: 'playing', isFinal: false, metadata: null } },
      initialState: 'playing',
      transitions: [
        {
          from: 'playing',
          to: 'playing',
          eventName: 'make_move',
          guard: { '!!': [{ var: 'scripts.a' }] },
          effect: { _oracleCall: { fiberId: 'a', method: 'm', args: null } },
          dependencies: [script.fiberId],
        },
      ],
      metadata: null,
    },
    currentState: 'playing',
    stateData: { gameId: 'g' },
    stateDataHash: machine.stateDataHash,
    sequenceNumber: 2,
    owners: machine.owners,
    status: 'ACTIVE',
    lastReceipt: wireReceipt,
    parentFiberId: null,
    childFiberIds: [],
  })
})

test('a script has exactly the members of today', () => {
  expect(ottochain.encodeFiber(script)).toEqual({
    fiberId: script.fiberId,
    creationOrdinal: 2,
    previousUpdateOrdinal: 8,
    latestUpdateOrdinal: 9,
    scriptProgram: { var: 'state.board' },
    stateData: null,
    stateDataHash: script.stateDataHash,
    accessControl: { Public: {} },
    sequenceNumber: 5,
    owners: script.owners,
    status: 'ACTIVE',
    lastInvocation: invocation,
  })
})

describe('the last event of a machine', () => {
  test('a success names its event', () => {
    const { lastEvent } = ottochain.readMachine(ottochain.encodeFiber(machine))
    expect(lastEvent).toEqual({ success: true, eventName: 'make_move', ordinal: 9, reason: null })
  })

  test('a failure gives its message', () => {
    const lastReceipt = { ...receipt, success: false, errorMessage: 'because', reason: 'NoGuardMatched' } as const
    const { lastEvent } = ottochain.readMachine(ottochain.encodeFiber({ ...machine, lastReceipt }))
    expect(lastEvent).toEqual({ success: false, eventName: 'make_move', ordinal: 9, reason: 'because' })
  })

  test('a new machine has none', () => {
    expect(ottochain.readMachine(ottochain.encodeFiber({ ...machine, lastReceipt: null })).lastEvent).toBeNull()
  })
})

test('status words are read back from capitals', () => {
  expect(ottochain.readMachine(ottochain.encodeFiber({ ...machine, status: 'Archived' })).status).toBe('Archived')
})

describe.each(['keep', 'drop'] as const)('the on-chain state, nulls: %s', (nulls) => {
  test('commits to each record and lists what the snapshot logged', () => {
    const dialect = createOttochain({ nulls })
    const recordHash = (fiber: typeof machine | typeof script) => {
      const record = dialect.encodeFiber(fiber)
      return plainHash(canonicalize(nulls === 'drop' ? dropNulls(record) : record))
    }
    expect(dialect.encodeOnChain(ledger, { receipts: [receipt, receipt], invocations: [invocation] })).toEqual({
      fiberCommits: {
        [machine.fiberId]: { recordHash: recordHash(machine), stateDataHash: machine.stateDataHash, sequenceNumber: 2 },
        [script.fiberId]: { recordHash: recordHash(script), stateDataHash: script.stateDataHash, sequenceNumber: 5 },
      },
      latestLogs: {
        [machine.fiberId]: [{ EventReceipt: wireReceipt }, { EventReceipt: wireReceipt }],
        [script.fiberId]: [{ OracleInvocation: invocation }],
      },
    })
  })
})

test('the calculated state keeps machines and scripts apart', () => {
  expect(ottochain.encodeCalculatedState(ledger)).toEqual({
    stateMachines: { [machine.fiberId]: ottochain.encodeFiber(machine) },
    scripts: { [script.fiberId]: ottochain.encodeFiber(script) },
  })
})

test('does not write an event without the sequence number that its signature must cover', () => {
  expect(() =>
    ottochain.encode({ type: 'ArchiveStateMachine', fiberId: machine.fiberId, targetSequenceNumber: null }),
  ).toThrow(expect.objectContaining({ code: 'MESSAGE_INCOMPLETE' }))
})
