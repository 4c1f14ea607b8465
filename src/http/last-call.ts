import { ConfirmationPendingError, DeadlineExceededError, OutcomeUnknownError } from '../tictactoe/errors.ts'
import { failureOf } from '../tools/failure.ts'
import type { ProgressStep, ToolCallContext, ToolOutcome } from '../tools/tool.ts'

/** How long after the stop began each call has its answer; what is left until connections are cut is for closing. */
export const lastCallAfterMs = 20_000

/** For a call that has sent nothing yet: to give up by itself, and to say so. */
const graceMs = 1_000

type Call = {
  readonly effect: 'read' | 'write'
  readonly context: ToolCallContext
  run(context: ToolCallContext): Promise<ToolOutcome>
}

/**
 * A call that is answered in time where the service stops before it has ended. What has not been sent by then is not
 * sent any more; what was sent is open, and the answer about it is owed to whoever asks again.
 */
export async function orLastCall(lastCall: AbortSignal, { effect, context, run }: Call): Promise<ToolOutcome> {
  let step: ProgressStep | undefined
  const leaving = new AbortController()
  const last = Promise.withResolvers<ToolOutcome>()
  const leave = (): void => {
    leaving.abort(new Error('The service is stopping.'))
    if (step === 'submitted' || step === 'accepted') last.resolve(openOutcome(effect, step, context))
    else setTimeout(() => last.resolve(openOutcome(effect, step, context)), graceMs).unref()
  }
  lastCall.addEventListener('abort', leave, { once: true })
  const going: ToolCallContext = {
    ...context,
    signal: AbortSignal.any([context.signal, leaving.signal]),
    onProgress(taken) {
      step = taken
      context.onProgress?.(taken)
    },
  }
  try {
    return await Promise.race([run(going), last.promise])
  } finally {
    lastCall.removeEventListener('abort', leave)
  }
}

function openOutcome(
  effect: Call['effect'],
  step: ProgressStep | undefined,
  { traceId, idempotencyKey }: ToolCallContext,
): ToolOutcome {
  const key = idempotencyKey === undefined ? {} : { requestKey: idempotencyKey }
  if (effect === 'read') return failureOf(new DeadlineExceededError(), { traceId, submitted: false, ...key })
  const error = step === 'accepted' ? new ConfirmationPendingError({}) : new OutcomeUnknownError({})
  return failureOf(error, { traceId, submitted: true, ...key })
}
