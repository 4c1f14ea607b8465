import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { collectBytes } from '../core/collect-bytes.ts'
import { decodeJson } from '../core/decode-json.ts'
import { ListenFailedError } from '../core/listen-failed.ts'
import type { Log } from '../core/log.ts'
import type { Answer, Router } from './router.ts'
import { json } from './router.ts'

/** One layer of the devnet on a port. */
export type HttpLayer = {
  readonly port: number
  /** Takes no more connections; those that are answering get 2 s. */
  close(): Promise<void>
}

export type HttpLayerOptions = {
  readonly host: string
  /** 0 lets the system choose. */
  readonly port: number
  readonly router: Router
  /** The node's id, sent as `X-Id`. */
  readonly id: string
  /** Waits as long as answers are to be late; the signal fires when the client is gone. */
  readonly delay: (signal: AbortSignal) => Promise<void>
  readonly log: Log
}

const maxBodyBytes = 4 * 1024 * 1024
const maxDepth = 256 // definitions nest deeper than a request of ours may
const closeGraceMs = 2_000

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 15_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 72_000,
  connectionsCheckingInterval: 5_000,
}

/** As nodes answer: any page may read them. */
const openToAll = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, DELETE, OPTIONS',
  'access-control-allow-headers': '*',
}

/** Serves a router over HTTP/1.1. @throws ListenFailedError when the port cannot be had */
export async function listenHttp(options: HttpLayerOptions): Promise<HttpLayer> {
  const server = createServer(limits, (request, response) => {
    void respond(request, response, options)
  })
  server.maxConnections = 1_000
  server.listen(options.port, options.host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ListenFailedError(`${options.host}:${options.port}`, error)
  }
  const { port } = server.address() as AddressInfo // it listens on TCP, so it is neither a path nor null
  return { port, close: () => closeServer(server) }
}

async function respond(request: IncomingMessage, response: ServerResponse, options: HttpLayerOptions): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  try {
    const answer = await answerTo(request, options)
    await options.delay(gone.signal)
    send(response, answer, options.id)
  } catch (error) {
    if (gone.signal.aborted) return
    options.log.error({ err: error, path: request.url }, 'devnet request failed')
    send(response, json({ code: 1, message: 'Unknown error', retriable: true }, 500), options.id)
  }
}

async function answerTo(request: IncomingMessage, { router }: HttpLayerOptions): Promise<Answer> {
  const { method = '', url = '' } = request
  if (method === 'OPTIONS') return { status: 200, json: undefined, text: '', retryAfterSeconds: undefined }
  if (method === 'TRACE') return { status: 405, json: undefined, text: '', retryAfterSeconds: undefined }
  const bytes = method === 'POST' ? await readBody(request) : new Uint8Array()
  if (bytes === undefined) return json({ message: 'The request entity is too large' }, 413)
  return router(method, url, () => decodeJson(bytes, { maxDepth, forbidden: 'schema' }))
}

/** Undefined when the body is larger than a node takes; the rest of it is then dropped. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const bytes = await collectBytes(request.iterator({ destroyOnReturn: false }), maxBodyBytes)
  if (bytes === undefined) request.resume()
  return bytes
}

function send(response: ServerResponse, answer: Answer, id: string): void {
  const isText = answer.json === undefined
  const body = Buffer.from(isText ? (answer.text ?? '') : JSON.stringify(answer.json), 'utf8')
  response.setHeaders(new Map(Object.entries(openToAll))).setHeader('x-id', id)
  if (answer.status !== 204) response.setHeader('content-length', body.length) // RFC 9110 §8.6
  if (body.length > 0) response.setHeader('content-type', isText ? 'text/plain; charset=UTF-8' : 'application/json')
  if (answer.retryAfterSeconds !== undefined) response.setHeader('retry-after', answer.retryAfterSeconds)
  if (answer.status === 413) response.setHeader('connection', 'close') // what is left of the body is no next request
  response.statusCode = answer.status
  response.end(body)
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const force = setTimeout(() => server.closeAllConnections(), closeGraceMs)
  await closed
  clearTimeout(force)
}
