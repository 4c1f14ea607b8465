import { authorization } from '../api/token.ts'
import type { LiveRecord } from './record.ts'

/** How a stream stands: `stale` while what is shown may be old. */
export type StreamState = 'connecting' | 'live' | 'stale'

export type StreamOptions = {
  readonly path: string
  readonly onRecord: (record: LiveRecord) => void
  readonly onState: (state: StreamState) => void
  readonly signal: AbortSignal
}

/** The service sends something at least every 15 s. */
const silentMs = 40_000
const firstWaitMs = 300
const maxWaitMs = 8_000

/**
 * Reads a stream of server-sent events until the signal fires, by a request and not by EventSource, so that the token
 * stays in `Authorization`. Comes back by itself and goes on behind the last record that came.
 * @see WHATWG HTML, server-sent events, §9.2.6
 */
export async function follow({ path, onRecord, onState, signal }: StreamOptions): Promise<void> {
  const at: { lastId: string | undefined; failures: number } = { lastId: undefined, failures: 0 }
  onState('connecting')
  while (!signal.aborted) {
    try {
      await readOnce(path, at, { onRecord, onState, signal })
    } catch {
      // Whatever ended it: what is shown may be old from now on, and it is tried again.
    }
    if (signal.aborted) return
    onState('stale')
    at.failures += 1
    await pause(Math.min(maxWaitMs, firstWaitMs * 2 ** (at.failures - 1)) * (0.75 + Math.random() / 2), signal)
  }
}

async function readOnce(
  path: string,
  at: { lastId: string | undefined; failures: number },
  { onRecord, onState, signal }: Omit<StreamOptions, 'path'>,
): Promise<void> {
  const silence = new AbortController()
  let timer = setTimeout(() => silence.abort(), silentMs)
  try {
    const response = await fetch(path, {
      headers: {
        accept: 'text/event-stream',
        ...authorization(),
        ...(at.lastId === undefined ? {} : { 'last-event-id': at.lastId }),
      },
      cache: 'no-store',
      signal: AbortSignal.any([signal, silence.signal]),
    })
    if (!response.ok || response.body === null) throw new Error(`The stream answers ${response.status}.`)
    onState('live')
    at.failures = 0
    for await (const { id, data } of eventsOf(response.body.pipeThrough(new TextDecoderStream()), () => {
      clearTimeout(timer)
      timer = setTimeout(() => silence.abort(), silentMs)
    })) {
      if (id !== undefined) at.lastId = id
      if (data !== '') onRecord(JSON.parse(data))
    }
  } finally {
    clearTimeout(timer)
  }
}

/** The events in a text, as far as it has come. */
async function* eventsOf(
  text: ReadableStream<string>,
  onChunk: () => void,
): AsyncGenerator<{ id: string | undefined; data: string }> {
  let rest = ''
  const reader = text.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onChunk()
      const blocks = (rest + value).split(/\r?\n\r?\n/)
      rest = blocks.pop() ?? ''
      for (const block of blocks) yield toEvent(block)
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function toEvent(block: string): { id: string | undefined; data: string } {
  const fields = block.split(/\r?\n/).map((line) => /^(id|data): ?(.*)$/.exec(line))
  const of = (name: string) => fields.flatMap((field) => (field?.[1] === name ? [field[2] ?? ''] : []))
  return { id: of('id').at(-1), data: of('data').join('\n') }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    const stop = () => {
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', stop, { once: true })
  })
