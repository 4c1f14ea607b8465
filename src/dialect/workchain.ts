import { createExpressionWriter } from './_expressions.ts'
import { fibersById, memberOf, memoize, parseRecord } from './_records.ts'
import { parseMessage } from './_wire.ts'
import { encodeWorkchainMessage, WorkchainMessage } from './_workchain-messages.ts'
import { encodeWorkchainFiber, WorkchainMachine, WorkchainScript } from './_workchain-records.ts'
import type { Dialect } from './dialect.ts'

const write = createExpressionWriter('workchain')
const encodeFiber = memoize((fiber: Parameters<Dialect['encodeFiber']>[0]) => encodeWorkchainFiber(fiber, write))

/** The chain of October 2025 to January 2026: `cid`, words in objects, idempotency keys, nulls kept. */
export const workchain: Dialect = {
  name: 'workchain',
  prefix: '/data-application',
  nulls: 'keep',
  vocabulary: 'workchain',
  paths: { machines: 'state-machines', scripts: 'oracles' },

  encode: (message) => encodeWorkchainMessage(message, write),
  decode: (wire) => parseMessage(WorkchainMessage, wire),

  encodeFiber,
  encodeCalculatedState: (state) => ({
    stateMachines: fibersById(state, 'machine', encodeFiber),
    scriptOracles: fibersById(state, 'script', encodeFiber),
  }),
  encodeOnChain: ({ fibers }) => ({
    latest: Object.fromEntries([...fibers].map(([id, { stateDataHash }]) => [id, stateDataHash])),
  }),
  readMachine: (json) => parseRecord(WorkchainMachine, 'machine', json),
  readScript: (json) => parseRecord(WorkchainScript, 'script', json),
  findFiber: (calculatedState, kind, fiberId) =>
    memberOf(calculatedState, kind === 'machine' ? 'stateMachines' : 'scriptOracles', fiberId),
}
