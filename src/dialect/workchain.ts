import type { JsonObject } from '../core/json.ts'
import type { Fiber, Invocation } from '../fiber/records.ts'
import { createExpressionWriter } from './_expressions.ts'
import { fibersById, memberOf, memoize, recordReader } from './_records.ts'
import { parseMessage } from './_wire.ts'
import { encodeWorkchainMessage, WorkchainMessage } from './_workchain-messages.ts'
import { encodeWorkchainFiber, WorkchainMachine, WorkchainScript } from './_workchain-records.ts'
import type { Dialect } from './dialect.ts'

const write = createExpressionWriter('workchain')
const recordOf = memoize((fiber: Fiber) => encodeWorkchainFiber(fiber, write))
// By the fiber and its log: one and the same record until either changes.
const logged = new WeakMap<Fiber, { readonly log: readonly Invocation[]; readonly record: JsonObject }>()

function encodeFiber(fiber: Fiber, log?: readonly Invocation[]): JsonObject {
  if (log === undefined || fiber.kind !== 'script') return recordOf(fiber)
  const known = logged.get(fiber)
  if (known?.log === log) return known.record
  const record = encodeWorkchainFiber(fiber, write, log)
  logged.set(fiber, { log, record })
  return record
}

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
  readMachine: recordReader(WorkchainMachine, 'machine'),
  readScript: recordReader(WorkchainScript, 'script'),
  findFiber: (calculatedState, kind, fiberId) =>
    memberOf(calculatedState, kind === 'machine' ? 'stateMachines' : 'scriptOracles', fiberId),
}
