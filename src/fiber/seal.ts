import type { JsonValue } from '../core/json.ts'
import { fromJson, toJson } from '../jlvm/value.ts'
import { canonicalize } from '../signing/canonical.ts'
import { plainHash } from '../signing/digest.ts'
import type { Fiber } from './records.ts'
import { tooLarge } from './storable.ts'
import type { LiveFiber, Transaction } from './transaction.ts'

/** The hash of state data, as records hold it: SHA-256 over the plain canonical JSON. */
export const hashOf = (stateData: JsonValue): string => plainHash(canonicalize(stateData))

/**
 * The records of all fibers that the transaction wrote, in the order in which it first wrote them. Typed values become
 * JSON here: a whole number that arithmetic made a float is an int the next time it is read.
 * @throws TransactionAbortedError `StateSizeTooLarge`
 */
export const sealTransaction = (transaction: Transaction): readonly Fiber[] =>
  [...transaction.written].flatMap((id) => {
    const live = transaction.opened.get(id)
    return live === undefined ? [] : [seal(live, transaction.limits.stateBytes)]
  })

function seal(live: LiveFiber, maxBytes: number): Fiber {
  const state = sealData(live, maxBytes)
  if (live.kind === 'machine') return { ...live.record, ...state }
  const { invocation, record } = live
  const lastInvocation = invocation && {
    ...invocation,
    args: toJson(invocation.args),
    result: toJson(invocation.result),
  }
  return { ...record, ...state, lastInvocation }
}

function sealData({ record, data }: LiveFiber, maxBytes: number): { stateData: JsonValue; stateDataHash: string } {
  const { stateData, stateDataHash } = record
  if (fromJson(stateData) === data) return { stateData, stateDataHash }
  const json = toJson(data)
  const text = canonicalize(json)
  if (text.length > maxBytes || Buffer.byteLength(text) > maxBytes) throw tooLarge(maxBytes)
  return { stateData: json, stateDataHash: plainHash(text) }
}
