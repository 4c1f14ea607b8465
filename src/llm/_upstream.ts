import type { Dispatcher } from 'undici'
import { errors, Pool } from 'undici'
import type { Clock } from '../core/clock.ts'
import type { ChunkReader } from './_chunks.ts'
import { createChunkReader } from './_chunks.ts'
import { startWatch } from './_watch.ts'
import { LlmBadResponseError, LlmStreamCutError, LlmTimeoutError, LlmUnavailableError } from './errors.ts'

/** Bounds of the waits for a model server, and of what it may send. */
export type UpstreamLimits = {
  /** For a connection to stand, TLS included. */
  readonly connectMs: number
  /** From the question to the first byte of its answer: loading a model takes minutes. */
  readonly firstByteMs: number
  /** For a silence inside an answer. */
  readonly idleMs: number
  /** Of one line or event of a stream. Go's own clients of Ollama stop at 8 MiB as well. */
  readonly maxLineBytes: number
}

/** What is sent. `path` comes behind the path of the base address. */
export type Asked = {
  readonly method: Dispatcher.HttpMethod
  readonly path: string
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly firstByteMs: number
  readonly idleMs: number
}

/** What comes back: the head, and a body that has to be read to its end, released or closed. */
export type Answer = Pick<ChunkReader, 'read' | 'release' | 'close'> & {
  readonly status: number
  readonly headers: Dispatcher.ResponseData['headers']
}

/** One model server and its connections. */
export type Upstream = {
  /**
   * One exchange. Firing the signal closes the socket at once, and `read` then throws the signal's reason.
   * @throws LlmUnavailableError, LlmTimeoutError, LlmBadResponseError for a redirect or what is not HTTP
   */
  ask(asked: Asked): Promise<Answer>
  close(): Promise<void>
}

/** Sockets to one model server; a question above that waits for one within its own time. */
const maxConnections = 64

/** undici's own time-outs (300 s) would end the loading of a big model: they are off, and ours hold instead. */
export function openUpstream(url: string, { clock, connectMs }: { clock: Clock; connectMs: number }): Upstream {
  const { origin, pathname } = new URL(url)
  const pathPrefix = pathname.replace(/\/+$/, '')
  const connect = { timeout: connectMs, allowH2: false }
  const pool = new Pool(origin, { connections: maxConnections, headersTimeout: 0, bodyTimeout: 0, connect })
  return {
    ask: (asked) => exchange(pool, { ...asked, path: pathPrefix + asked.path }, clock),
    close: () => pool.destroy(),
  }
}

async function exchange(pool: Pool, asked: Asked, clock: Clock): Promise<Answer> {
  const { method, path, body, headers, signal, firstByteMs, idleMs } = asked
  signal.throwIfAborted()
  const stop = new AbortController()
  const hangUp = () => stop.abort(signal.reason)
  signal.addEventListener('abort', hangUp, { once: true })
  const watch = startWatch(clock, { firstMs: firstByteMs, tickMs: idleMs }, (waitedMs) =>
    stop.abort(new LlmTimeoutError(waitedMs)),
  )
  const end = () => {
    watch.close()
    signal.removeEventListener('abort', hangUp)
  }
  try {
    const sent = { method, path, body: body ?? null, headers: headers ?? {}, signal: stop.signal }
    const response = await pool.request(sent)
    const { statusCode: status, body: stream } = response
    const reader = createChunkReader(stream, { clock, watch, idleMs, stop: stop.signal, failureOf, onEnd: end })
    if (status >= 300 && status < 400) {
      reader.close()
      throw new LlmBadResponseError('The model server answered with a redirect.')
    }
    return { ...reader, status, headers: response.headers }
  } catch (error) {
    end()
    throw stop.signal.aborted ? stop.signal.reason : failureOf(error, { hasBegun: false })
  }
}

/** A connection that stood and broke; one that never stood is not tried again, since who asks should know at once. */
const resets: readonly string[] = ['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']

/** Only the code goes on as the cause: texts and fields of socket errors hold addresses. */
function failureOf(error: unknown, { hasBegun }: { hasBegun: boolean }): Error {
  if (error instanceof LlmBadResponseError) return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const cause = new Error(`The exchange failed: ${code ?? 'no code'}.`)
  if (hasBegun) return new LlmStreamCutError(undefined, cause)
  const isNotHttp = error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError
  if (isNotHttp) return new LlmBadResponseError('The model server does not speak HTTP.')
  const wasReset = typeof code === 'string' && resets.includes(code)
  return new LlmUnavailableError(undefined, { cause, wasReset })
}
