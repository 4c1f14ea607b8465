import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Fiber } from '../fiber/records.ts'
import { canonicalize, dropNulls } from '../signing/canonical.ts'
import { plainHash } from '../signing/digest.ts'
import { createExpressionWriter } from './_expressions.ts'
import { encodeOttochainMessage, OttochainMessage } from './_ottochain-messages.ts'
import {
  encodeInvocation,
  encodeOttochainFiber,
  encodeReceipt,
  OttochainMachine,
  OttochainScript,
} from './_ottochain-records.ts'
import { fibersById, memberOf, memoize, recordReader } from './_records.ts'
import { parseMessage } from './_wire.ts'
import type { Dialect, NullRegime, SnapshotLog } from './dialect.ts'

/**
 * The chain since 2026-02-25: `fiberId`, plain words, target sequence numbers.
 * @param nulls `drop` for nodes on metakit's main line since February 2026, `keep` for those before
 */
export function createOttochain({ nulls = 'drop' }: { nulls?: NullRegime } = {}): Dialect {
  const write = createExpressionWriter('current')
  const encodeFiber = memoize((fiber: Fiber) => encodeOttochainFiber(fiber, write))
  const encodeCommit = memoize((fiber: Fiber): JsonObject => {
    const record = encodeFiber(fiber)
    const recordHash = plainHash(canonicalize(nulls === 'drop' ? dropNulls(record) : record))
    return { recordHash, stateDataHash: fiber.stateDataHash, sequenceNumber: fiber.sequenceNumber }
  })
  return {
    name: 'ottochain',
    prefix: '/data-application/v1',
    nulls,
    vocabulary: 'current',
    paths: { machines: 'state-machines', scripts: 'oracles' },

    encode: (message) => encodeOttochainMessage(message, write),
    decode: (wire) => parseMessage(OttochainMessage, wire),

    encodeFiber,
    encodeCalculatedState: (state) => ({
      stateMachines: fibersById(state, 'machine', encodeFiber),
      scripts: fibersById(state, 'script', encodeFiber),
    }),
    encodeOnChain: ({ fibers }, log) => ({
      fiberCommits: Object.fromEntries([...fibers].map(([id, fiber]) => [id, encodeCommit(fiber)])),
      latestLogs: encodeLogs(log),
    }),
    readMachine: recordReader(OttochainMachine, 'machine'),
    readScript: recordReader(OttochainScript, 'script'),
    findFiber: (calculatedState, kind, fiberId) =>
      memberOf(calculatedState, kind === 'machine' ? 'stateMachines' : 'scripts', fiberId),
  }
}

/** The snapshot's entries by fiber; a fiber has receipts or invocations, never both. */
function encodeLogs({ receipts, invocations }: SnapshotLog): JsonObject {
  const entries: [string, JsonValue][] = [
    ...receipts.map((receipt): [string, JsonValue] => [receipt.fiberId, { EventReceipt: encodeReceipt(receipt) }]),
    ...invocations.map((run): [string, JsonValue] => [run.fiberId, { OracleInvocation: encodeInvocation(run) }]),
  ]
  const logs = Map.groupBy(entries, ([fiberId]) => fiberId)
  return Object.fromEntries([...logs].map(([fiberId, log]) => [fiberId, log.map(([, entry]) => entry)]))
}
