import type { Clock } from '../core/clock.ts'

/**
 * The same events, and a heartbeat whenever nothing came for `everyMs`: a client behind a proxy hangs up on silence.
 * One timer serves the whole stream. Leaving early closes the source.
 */
export async function* withHeartbeat<Event>(
  source: AsyncIterable<Event>,
  { everyMs, clock }: { readonly everyMs: number; readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'> },
): AsyncGenerator<Event | { readonly type: 'heartbeat' }> {
  const events = source[Symbol.asyncIterator]()
  const done = new AbortController()
  let lastMs = clock.monotonicMs()
  let beat = () => {}
  const tick = async () => {
    for (;;) {
      const leftMs = lastMs + everyMs - clock.monotonicMs()
      if (leftMs > 0) await clock.sleep(leftMs, done.signal)
      else {
        lastMs = clock.monotonicMs()
        beat()
      }
    }
  }
  tick().catch(() => {}) // it ends by the signal alone
  try {
    let next = events.next()
    for (;;) {
      const result = await new Promise<IteratorResult<Event> | undefined>((resolve, reject) => {
        next.then(resolve, reject)
        beat = () => resolve(undefined)
      })
      lastMs = clock.monotonicMs()
      if (result?.done) return
      if (result === undefined) yield heartbeat
      else {
        yield result.value
        next = events.next()
      }
    }
  } finally {
    done.abort(ended)
    // Not awaited: the source may hang in a tool that runs to its end.
    events.return?.().catch(() => {})
  }
}

const heartbeat = { type: 'heartbeat' } as const
const ended = new Error('The stream has ended.')
