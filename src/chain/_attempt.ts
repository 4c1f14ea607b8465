import type { Clock } from '../core/clock.ts'
import type { AnswerClass } from './answers.ts'
import { classify, refusalReason } from './answers.ts'
import type { SignedMessage } from './chain.ts'
import { NotSentError } from './errors.ts'
import type { Transport } from './transport.ts'

/** What one attempt proves, and what to tell about it. */
export type Attempt = {
  /** `unwritten`: it was not sent at all, since that could not be written down first. */
  readonly proves: AnswerClass | 'unwritten'
  /** For `refused` and `misconfigured`: the node's words. */
  readonly reason: string
  /** Why nothing is queued, where that is certain or likely. */
  readonly cause: unknown
  /** Seconds of a `Retry-After`. */
  readonly retryAfterSeconds: number
}

export type AttemptOptions = {
  readonly transport: Transport
  readonly clock: Clock
  readonly createdMs: number | undefined
  readonly signal: AbortSignal
}

/** Posts the signed message once. Never throws: what went wrong is part of the verdict. */
export async function attemptOnce({ envelope, hash }: SignedMessage, options: AttemptOptions): Promise<Attempt> {
  const { transport, clock, createdMs, signal } = options
  try {
    const answer = await transport.request({ layer: 'l1', method: 'POST', path: '/data', body: envelope, signal })
    const sinceCreationMs = createdMs === undefined ? undefined : clock.monotonicMs() - createdMs
    const proves = classify({ kind: 'answer', answer, hash, sinceCreationMs })
    const isQueued = proves === 'queued' // the usual end, which has nothing to explain
    return {
      proves,
      reason: isQueued ? '' : refusalReason(answer),
      cause: isQueued ? undefined : new NotSentError(`The Data L1 queued nothing: it answered ${answer.status}.`),
      retryAfterSeconds: answer.retryAfterSeconds ?? 0,
    }
  } catch (cause) {
    // Any other throw may come after the first byte: it proves nothing.
    const kind = cause instanceof NotSentError ? 'not_sent' : 'no_answer'
    return { proves: classify({ kind }), reason: '', cause, retryAfterSeconds: 0 }
  }
}
