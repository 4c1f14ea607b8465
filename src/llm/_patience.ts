import type { Clock } from '../core/clock.ts'
import type { BackOff } from '../core/retry.ts'
import { backOffMs } from '../core/retry.ts'
import type { Answer, Asked, Upstream } from './_upstream.ts'
import { LlmBadResponseError, LlmUnavailableError } from './errors.ts'

/** Statuses after which the same question may be asked again, and what time and chance come from. */
export type Patience = {
  readonly clock: Clock
  /** In [0, 1). */
  readonly random: () => number
  readonly busyStatuses: readonly number[]
}

const backOff: BackOff = { firstMs: 100, factor: 2, maxMs: 2000, jitter: 0.5 }
const maxTries = 4
/** A server that wants a longer pause than this is not waited for. */
const maxRetryAfterMs = 10_000

/**
 * Asks, and asks again while the server says that it is too busy: at most four times, all within the time for the
 * first byte.
 * @throws LlmUnavailableError when it stays busy, and as `ask` does
 */
export async function askPatiently(upstream: Upstream, asked: Asked, patience: Patience): Promise<Answer> {
  const { clock, random, busyStatuses } = patience
  const endsAtMs = clock.monotonicMs() + asked.firstByteMs
  for (let attempt = 0; ; attempt++) {
    const answer = await upstream.ask({ ...asked, firstByteMs: endsAtMs - clock.monotonicMs() })
    if (!busyStatuses.includes(answer.status)) return answer
    answer.release()
    const wantedMs = retryAfterMs(answer, clock)
    const pauseMs = Math.max(wantedMs, backOffMs(attempt, backOff, random))
    const isHopeless = wantedMs > maxRetryAfterMs || clock.monotonicMs() + pauseMs >= endsAtMs
    if (attempt + 1 >= maxTries || isHopeless)
      throw new LlmUnavailableError('The model server is too busy.', { isAlive: answer.status < 500 })
    await clock.sleep(pauseMs, asked.signal)
  }
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
