import type { EventReceipt, Invocation, MachineRecord, ScriptRecord } from '../../src/fiber/records.ts'

const machineId = '11111111-1111-4111-8111-111111111111'
const scriptId = '22222222-2222-4222-8222-222222222222'
const owner = 'DAG6rkDwd7V6uboeH9fajUnue7eSsMKt4w9GiXjy'
const hash = '74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b'

export const receipt: EventReceipt = {
  fiberId: machineId,
  sequenceNumber: 2,
  eventName: 'make_move',
  ordinal: 9,
  fromState: 'playing',
  toState: 'playing',
  success: true,
  gasUsed: 290,
  triggersFired: 1,
  errorMessage: null,
  reason: null,
  sourceFiberId: null,
  emittedEvents: [{ name: 'won', data: { by: 'X' }, destination: null }],
}

export const invocation: Invocation = {
  fiberId: scriptId,
  method: 'makeMove',
  args: { cell: 4 },
  result: { valid: true },
  gasUsed: 200,
  invokedAt: 9,
  invokedBy: owner,
}

export const machine: MachineRecord = {
  kind: 'machine',
  fiberId: machineId,
  status: 'Active',
  owners: [owner],
  sequenceNumber: 2,
  creationOrdinal: 3,
  previousUpdateOrdinal: 8,
  latestUpdateOrdinal: 9,
  stateDataHash: hash,
  definition: {
    vocabulary: 'current',
    states: { playing: { id: 'playing', isFinal: false, metadata: null } },
    initialState: 'playing',
    transitions: [
      {
        from: 'playing',
        to: 'playing',
        eventName: 'make_move',
        guard: { '!!': { var: 'scripts.a' } },
        effect: { _oracleCall: { fiberId: 'a', method: 'm', args: null } },
        dependencies: [scriptId],
      },
    ],
    metadata: null,
  },
  currentState: 'playing',
  stateData: { gameId: 'g' },
  lastReceipt: receipt,
  parentFiberId: null,
  childFiberIds: [],
}

export const script: ScriptRecord = {
  kind: 'script',
  vocabulary: 'current',
  fiberId: scriptId,
  status: 'Active',
  owners: [owner],
  sequenceNumber: 5,
  creationOrdinal: 2,
  previousUpdateOrdinal: 8,
  latestUpdateOrdinal: 9,
  stateDataHash: hash,
  scriptProgram: { var: 'state.board' },
  stateData: null,
  accessControl: { type: 'Public' },
  lastInvocation: invocation,
}

/** A ledger of both, at ordinal 9. */
export const ledger = {
  ordinal: 9,
  fibers: new Map<string, MachineRecord | ScriptRecord>([
    [machine.fiberId, machine],
    [script.fiberId, script],
  ]),
}
