import type { Clock } from '../core/clock.ts'
import type { BackOff } from '../core/retry.ts'
import { backOffMs } from '../core/retry.ts'
import type { Answer, Asked, Upstream } from './_upstream.ts'
import { LlmBadResponseError, LlmRateLimitError, LlmUnavailableError } from './errors.ts'
import type { OnTransient } from './language-model.ts'

/** How often a question is asked again, and how long in between. */
export type RetryPolicy = {
  readonly maxTries: number
  readonly backOff: BackOff
  /** A server that wants a longer pause than this is not waited for. */
  readonly maxRetryAfterMs: number
}

/** The only one for models: whoever asks through an adapter does not try again on top of it. */
export const retryPolicy: RetryPolicy = {
  maxTries: 4,
  backOff: { firstMs: 100, factor: 2, maxMs: 2000, jitter: 0.5 },
  maxRetryAfterMs: 10_000,
}

/** What time and chance come from, and who counts. */
export type Patience = {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly onTransient?: OnTransient
}

/** Too many questions; too busy; overloaded, in the word of Anthropic. */
const busyStatuses: readonly number[] = [429, 503, 529]

/**
 * Asks, and asks again while the server says that it is too busy, or hangs up without a byte: by the one policy, all
 * within the time for the first byte. Nothing of an answer was read before, so nothing is said twice.
 * @throws LlmRateLimitError or LlmUnavailableError when it stays so, and as `ask` does
 */
export async function askPatiently(upstream: Upstream, asked: Asked, patience: Patience): Promise<Answer> {
  const { clock, random, onTransient } = patience
  const { maxTries, backOff, maxRetryAfterMs } = retryPolicy
  const endsAtMs = clock.monotonicMs() + asked.firstByteMs
  for (let attempt = 0; ; attempt++) {
    const { answer, wantedMs, failure } = await askOnce(upstream, asked, endsAtMs, clock)
    if (failure === undefined) {
      if (attempt > 0) onTransient?.('recovered')
      return answer
    }
    const pauseMs = Math.max(wantedMs, backOffMs(attempt, backOff, random))
    const isHopeless = wantedMs > maxRetryAfterMs || clock.monotonicMs() + pauseMs >= endsAtMs
    if (attempt + 1 >= maxTries || isHopeless) {
      onTransient?.('failed')
      throw failure
    }
    await clock.sleep(pauseMs, asked.signal)
  }
}

/** An answer; or a failure that may pass, and the pause that the server wants. */
type Tried =
  | { readonly answer: Answer; readonly wantedMs: 0; readonly failure?: undefined }
  | { readonly answer?: undefined; readonly wantedMs: number; readonly failure: Error }

async function askOnce(upstream: Upstream, asked: Asked, endsAtMs: number, clock: Clock): Promise<Tried> {
  try {
    const answer = await upstream.ask({ ...asked, firstByteMs: endsAtMs - clock.monotonicMs() })
    if (!busyStatuses.includes(answer.status)) return { answer, wantedMs: 0 }
    answer.release()
    const wantedMs = retryAfterMs(answer, clock)
    return { wantedMs, failure: busyError(answer.status, wantedMs) }
  } catch (failure) {
    if (failure instanceof LlmUnavailableError && failure.wasReset) return { wantedMs: 0, failure }
    throw failure
  }
}

const maxToldSeconds = 86_400

function busyError(status: number, wantedMs: number): Error {
  if (status === 503) return new LlmUnavailableError('The model server is too busy.')
  return new LlmRateLimitError(wantedMs > 0 ? Math.min(maxToldSeconds, Math.ceil(wantedMs / 1000)) : undefined)
}

/** Seconds or a date; 0 without one. @see RFC 9110 §10.2.3 */
function retryAfterMs({ headers }: Answer, clock: Clock): number {
  const value = headers['retry-after']
  if (typeof value !== 'string') return 0
  if (/^\d+$/.test(value)) return Number(value) * 1000
  const atMs = Date.parse(value)
  return Number.isNaN(atMs) ? 0 : Math.max(0, atMs - clock.nowMs())
}

/** The whole body as text. @throws LlmBadResponseError above `maxBytes`, and as `read` does */
export async function readText(answer: Answer, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for (let chunk = await answer.read(); chunk !== undefined; chunk = await answer.read()) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes <= maxBytes) continue
    answer.close()
    throw new LlmBadResponseError('The model server sent more than it should.')
  }
  return Buffer.concat(chunks, bytes).toString('utf8')
}
