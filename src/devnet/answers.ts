import type { Refusal } from './refusal.ts'
import { refusalText } from './refusal.ts'
import type { Answer } from './router.ts'
import { json } from './router.ts'

// The bodies of a Data L1's refusals, word for word. @see Constellation node: `ErrorResponse`, Data L1 routes

/** What cannot be decoded. A node calls it retriable, though a retry cannot help. */
export const undecodable = (fault: string): Answer =>
  json(
    {
      code: 1,
      message: 'Unknown error',
      retriable: true,
      details: { reason: `Invalid message body: Could not decode as DataTransactions or Signed data: ${cut(fault)}` },
    },
    500,
  )

/** An unsigned message that cannot be decoded, at the estimate of its fee. */
export const undecodableMessage = (fault: string): Answer =>
  json({ code: 3, message: 'Invalid request body', retriable: false, details: { reason: cut(fault) } }, 500)

/** A message that says something impossible. */
export const invalid = (refusals: readonly Refusal[]): Answer =>
  json(
    {
      code: 3,
      message: 'Invalid request body',
      retriable: false,
      details: { reason: `Invalid data update, reason: Chain(${refusalText(refusals)})` },
    },
    400,
  )

/** A proof that does not verify. */
export const badSignature: Answer = json({ error: 'Invalid signature in data transactions' }, 400)

/** The node is leaving: it takes nothing any more. */
export const noSnapshot: Answer = json(
  { code: 4, message: 'Internal error', retriable: true, description: 'Last Currency Snapshot not available' },
  500,
)

/** The disk refuses. Nothing was queued. */
export const unwritable: Answer = json(
  { code: 4, message: 'Internal error', retriable: true, description: 'The ledger cannot be written' },
  503,
  1,
)

/** The queue is full. Nothing was queued. */
export const queueFull: Answer = json(
  { code: 4, message: 'Internal error', retriable: true, description: 'The queue is full' },
  429,
  1,
)

/** What L0 says about snapshots while it is not ready. */
export const notReady: Answer = json({ message: 'Node is not ready yet' }, 503)

const cut = (text: string): string => text.slice(0, 200)
