import { setTimeout as sleep } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { request } from 'undici'

/** How long a command waits in all for a service that says it is asked too often. */
const patienceMs = 60_000

type Options = Omit<NonNullable<Parameters<typeof request>[1]>, 'signal'> & {
  readonly signal: AbortSignal
  /** For each attempt. */
  readonly timeoutMs: number
}

/**
 * A request that waits as long as `Retry-After` says and asks again, while the answer is 429; nothing was done for it then.
 * @returns the first other answer, or the last 429 when waiting on would take longer than a minute
 */
export async function requestPatiently(
  url: string,
  { signal, timeoutMs, ...options }: Options,
): Promise<Dispatcher.ResponseData<unknown>> {
  const untilMs = performance.now() + patienceMs
  for (;;) {
    const answer = await request(url, {
      ...options,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    const seconds = Number(answer.headers['retry-after'])
    const isTooLong = !(seconds >= 1) || performance.now() + seconds * 1_000 > untilMs
    if (answer.statusCode !== 429 || isTooLong) return answer
    await answer.body.dump()
    await sleep(seconds * 1_000, undefined, { signal })
  }
}
