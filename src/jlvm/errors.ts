import { BaseError } from '../core/errors.ts'

/** An expression met a value that its operator does not take, a path that is none, or a limit of the machine's values. */
export class EvaluationError extends BaseError {
  override readonly code = 'EVALUATION_FAILED'
  override readonly kind = 'invalid'
}

/** The gas limit of an evaluation is spent, or the work that gas does not price has passed its allowance. */
export class OutOfGasError extends BaseError {
  override readonly code = 'OUT_OF_GAS'
  override readonly kind = 'exhausted'
  constructor(gasLimit: number) {
    super(`The evaluation needs more than ${gasLimit} gas.`, { details: { gasLimit } })
  }
}
