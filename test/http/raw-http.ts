import { Worker } from 'node:worker_threads'
import type { RawAnswer, RawJob } from './_raw-worker.ts'

export type RawRequest = {
  readonly method?: string
  readonly path?: string
  /** A `host` or `content-length` here replaces the usual one. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

/** A connection with its one answer still to come. */
export type Exchange = {
  readonly answer: Promise<RawAnswer>
  readonly write: (bytes: Uint8Array) => void
  readonly hangUp: () => void
}

/**
 * Opens connections from a thread of its own, where nock is not loaded: it replaces the sockets of this one by others
 * that read what is written, keep back a half-close, and take offence at a false Content-Encoding.
 */
function createSockets() {
  const worker = new Worker(new URL('./_raw-worker.ts', import.meta.url))
  const waiting = new Map<number, (answer: RawAnswer) => void>()
  worker.unref()
  worker.on('message', ({ id, answer }: { id: number; answer: RawAnswer }) => waiting.get(id)?.(answer))
  const counter = { last: 0 }
  return (port: number, bytes: Uint8Array, { halfClose = false } = {}): Exchange => {
    counter.last += 1
    const id = counter.last
    const post = (job: RawJob) => worker.postMessage(job)
    const answer = new Promise<RawAnswer>((resolve) => waiting.set(id, resolve))
    post({ id, port, bytes, halfClose })
    return {
      answer: answer.finally(() => waiting.delete(id)),
      write: (more) => post({ id, port, bytes: more }),
      hangUp: () => post({ id, port }),
    }
  }
}

/** Writes bytes to a loopback port and reads one answer; a reset or a close without one is status 0. */
export const open = createSockets()

/** One request as bytes, with nothing added but `Host` and `Content-Length`. */
export function toBytes(port: number, { method = 'GET', path = '/', headers = {}, body }: RawRequest): Uint8Array {
  const bytes = Buffer.from(body ?? '')
  const lines = {
    host: `127.0.0.1:${port}`,
    ...(body === undefined ? {} : { 'content-length': String(bytes.length) }),
    ...headers,
  }
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n`, 'latin1'), bytes])
}

/** Sends one request over a socket of its own. */
export const send = (port: number, request: RawRequest): Promise<RawAnswer> => open(port, toBytes(port, request)).answer

/** A JSON value as the body of a POST. */
export const posted = (path: string, value: unknown, headers: Readonly<Record<string, string>> = {}): RawRequest => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(value),
})

/** The body of an answer as JSON. */
export const json = ({ body }: RawAnswer) => JSON.parse(body)
