import type { JsonObject } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { plainHash } from '../signing/digest.ts'
import type { Rejection, Snapshot } from './ledger.ts'
import type { LedgerView } from './view.ts'

/** What both kinds of notice say: who sends it, and when. */
export type Letterhead = { readonly metagraphId: string; readonly nowMs: number }

/** A snapshot that L0 shows from now on. @see OttoChain `SnapshotNotification` */
export const snapshotFinalized = (
  { ordinal, hash, updates }: Snapshot,
  { fibers }: LedgerView,
  { metagraphId, nowMs }: Letterhead,
): JsonObject => ({
  event: 'snapshot.finalized',
  ordinal,
  hash,
  timestamp: new Date(nowMs).toISOString(),
  metagraphId,
  stats: { updatesProcessed: updates.length, ...countActive(fibers) },
})

function countActive(fibers: LedgerView['fibers']): JsonObject {
  let stateMachinesActive = 0
  let scriptsActive = 0
  for (const { kind, status } of fibers.values()) {
    if (status !== 'Active') continue
    if (kind === 'machine') stateMachinesActive += 1
    else scriptsActive += 1
  }
  return { stateMachinesActive, scriptsActive }
}

/** A message that was refused when its turn came. @see OttoChain `RejectionNotification` */
export function transactionRejected(
  { update, refusals }: Rejection,
  ordinal: number,
  { metagraphId, nowMs }: Letterhead,
): JsonObject {
  const { wire, proofs } = update
  const [[updateType, fields] = ['', null]] = Object.entries(wire)
  const target = isJsonObject(fields) ? member(fields, 'targetSequenceNumber') : undefined
  return {
    event: 'transaction.rejected',
    ordinal,
    timestamp: new Date(nowMs).toISOString(),
    metagraphId,
    rejection: {
      updateType,
      fiberId: update.message.fiberId,
      targetSequenceNumber: target ?? null,
      errors: refusals.map(({ code, message }) => ({ code, message })),
      signers: proofs.map(({ id }) => id),
      // Not the transaction's hash: receivers tell copies of a notice by it.
      updateHash: plainHash(`${JSON.stringify(wire)}:${proofs[0]?.id ?? ''}`),
    },
  }
}
