import type { MachineRecord, ScriptRecord } from '../../src/fiber/records.ts'

const owner = 'DAG6rkDwd7V6uboeH9fajUnue7eSsMKt4w9GiXjy'

const common = {
  status: 'Active',
  owners: [owner],
  sequenceNumber: 3,
  creationOrdinal: 5,
  previousUpdateOrdinal: 8,
  latestUpdateOrdinal: 9,
  stateDataHash: '74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b',
} as const

/** A machine as a ledger holds it. */
export const machine: MachineRecord = {
  ...common,
  kind: 'machine',
  fiberId: '732c056c-f823-4237-a5b5-7bff441f6d80',
  definition: {
    vocabulary: 'current',
    states: { setup: { id: 'setup', isFinal: false, metadata: null } },
    initialState: 'setup',
    transitions: [],
    metadata: null,
  },
  currentState: 'setup',
  stateData: { roundCount: 0 },
  lastReceipt: null,
  parentFiberId: null,
  childFiberIds: [],
}

/** A script as a ledger holds it. */
export const script: ScriptRecord = {
  ...common,
  kind: 'script',
  fiberId: '4926ca78-e44c-454a-ac0f-3a8fc6230d44',
  vocabulary: 'current',
  scriptProgram: { var: 'state' },
  stateData: { board: [] },
  accessControl: { type: 'Public' },
  lastInvocation: null,
}
