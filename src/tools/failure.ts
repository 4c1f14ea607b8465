import { errorTable, isErrorCode } from '../core/error-table.ts'
import { BaseError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { DeadlineExceededError, OutcomeUnknownError } from '../tictactoe/errors.ts'
import type { ToolOutcome } from './tool.ts'

type Failure = Extract<ToolOutcome, { success: false }>

type Circumstances = {
  readonly traceId: string
  /** Whether the first byte of a message may have left this process. */
  readonly submitted: boolean
  /** Whether the deadline has come or the caller has gone: an aborted read is then no bug. */
  readonly late?: boolean
  readonly requestKey?: string
  readonly log?: Log
}

/**
 * An error as every door shows it. What is not ours is a bug: logged whole, shown without its text. Once something was
 * sent, an error that speaks of nothing sent proves nothing.
 */
export function failureOf(thrown: unknown, circumstances: Circumstances): Failure {
  const { traceId, submitted, requestKey } = circumstances
  const error = speakable(thrown, circumstances)
  const code = error !== undefined && isErrorCode(error.code) ? error.code : 'INTERNAL_ERROR'
  const row = errorTable[code]
  return {
    success: false,
    error: error?.message ?? 'Something went wrong inside the service.',
    code,
    outcome: code === 'INTERNAL_ERROR' && !submitted ? 'not_submitted' : row.outcome,
    retryable: row.retryable,
    hint: error?.hint ?? row.hint,
    details: error?.details ?? {},
    ...(requestKey !== undefined && row.retryable ? { idempotencyKey: requestKey } : {}),
    traceId,
  }
}

function speakable(thrown: unknown, { submitted, late, log, traceId }: Circumstances): BaseError | undefined {
  const known = thrown instanceof BaseError && isErrorCode(thrown.code) ? thrown : undefined
  if (known !== undefined) {
    const proven = !submitted || errorTable[known.code as keyof typeof errorTable].outcome !== 'not_submitted'
    return proven ? known : new OutcomeUnknownError({})
  }
  if (late) return submitted ? new OutcomeUnknownError({}) : new DeadlineExceededError(thrown)
  log?.error({ err: thrown, traceId }, 'a bug')
  return undefined
}
