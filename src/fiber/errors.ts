import { BaseError } from '../core/errors.ts'
import type { FailureReason } from './records.ts'

/** Where in a transaction an expression ran. @see OttoChain `GasExhaustionPhase` */
export type Phase = 'GUARD' | 'EFFECT' | 'ORACLE' | 'TRIGGER' | 'SPAWN'

/** A transaction failed and nothing of it is kept. Thrown and caught inside the engine, which answers with an outcome. */
export class TransactionAbortedError extends BaseError {
  override readonly code = 'TRANSACTION_ABORTED'
  override readonly kind = 'conflict'
  readonly reason: FailureReason
  readonly phase: Phase | undefined

  constructor(reason: FailureReason, message: string, { phase, cause }: { phase?: Phase; cause?: unknown } = {}) {
    super(message, { cause, details: { reason, ...(phase !== undefined && { phase }) } })
    this.reason = reason
    this.phase = phase
  }
}

/** The failure of an expression, or of what it gave. */
export const evaluationFailed = (phase: Phase, message: string, cause?: unknown): TransactionAbortedError =>
  new TransactionAbortedError('EvaluationError', `${phase} evaluation error: ${message}`, { phase, cause })
