import type { JsonObject } from '../core/json.ts'
import { ConfirmationPendingError } from '../tictactoe/errors.ts'
import { failureOf } from '../tools/failure.ts'
import type { ToolCallContext, ToolOutcome } from '../tools/tool.ts'

/** A call that is yet to be made, under the context it is given. */
type Call = (context: ToolCallContext) => Promise<ToolOutcome>

/**
 * With `Prefer: respond-async`, an answer as soon as the ledger has the message: `pending`, while the call goes on to
 * its end and its outcome is stored. Without a game or a key to ask again by, the answer waits like any other.
 */
export function orAccepted(args: JsonObject, context: ToolCallContext, call: Call): Promise<ToolOutcome> {
  const { traceId, idempotencyKey, respondAsync, onProgress } = context
  const gameId = args['gameId'] ?? null
  const requestKey = idempotencyKey ?? args['idempotencyKey']
  if (!respondAsync || (gameId === null && requestKey === undefined)) return call(context)
  const accepted = Promise.withResolvers<ToolOutcome>()
  // Whoever was told `pending` was not told the outcome: that answer is still owed.
  const answered = new AbortController()
  const running = call({
    ...context,
    signal: AbortSignal.any([context.signal, answered.signal]),
    onProgress(step) {
      onProgress?.(step)
      if (step !== 'accepted') return
      answered.abort(new Error('The caller has its answer.'))
      const pending = new ConfirmationPendingError(gameId === null ? {} : { gameId })
      const key = typeof requestKey === 'string' ? { requestKey } : {}
      accepted.resolve(failureOf(pending, { traceId, submitted: true, ...key }))
    },
  })
  return Promise.race([running, accepted.promise])
}
