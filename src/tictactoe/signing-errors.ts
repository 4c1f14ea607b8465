import { BaseError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'

const facts = {
  refused_by_policy: 'This is no message that a tool makes, so it is not signed.',
  equivocation: 'Another event was signed for this place already, and what became of it is not known.',
} as const

/** The desk does not sign this. Nothing was signed; a fault of ours, or somebody at work inside the process. */
export class SigningRefusedError extends BaseError {
  override readonly code = 'WALLET_ERROR'
  override readonly kind = 'forbidden'
  constructor(reason: keyof typeof facts, details: JsonObject = {}) {
    super(facts[reason], {
      details: { reason, ...details },
      hint: 'An operator must look; do not repeat the call.',
    })
  }
}

/** The wallet gave no signature, or one that does not hold. Nothing left this process. */
export class SigningUnavailableError extends BaseError {
  override readonly code = 'WALLET_ERROR'
  override readonly kind = 'internal'
  constructor(cause?: unknown) {
    super('The wallet gave no signature that holds.', {
      cause,
      details: { reason: 'signing_failed' },
      hint: 'Nothing was played. An operator must look at the wallet, or at the signer where it is another process.',
    })
  }
}

/** As many places wait for their events to settle as may. */
export class TooManyUnsettledError extends BaseError {
  override readonly code = 'OVERLOADED'
  override readonly kind = 'exhausted'
  constructor(maxUnsettled: number) {
    super(`${maxUnsettled} signed events have an unknown fate already.`, {
      details: { retryAfterSeconds: 5 },
      hint: 'Nothing was played. Try again when the ledger has caught up.',
    })
  }
}
