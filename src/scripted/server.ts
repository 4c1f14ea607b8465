import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../core/clock.ts'
import { collectBytes } from '../core/collect-bytes.ts'
import { ListenFailedError } from '../core/listen-failed.ts'
import type { AnswerOptions } from './answer.ts'
import type { Act } from './misbehaviour.ts'
import type { Reply } from './reply.ts'
import { busyWords, refuse } from './reply.ts'
import type { Responder } from './responder.ts'
import { createResponder } from './responder.ts'

/** A request as it came, for a test to look at. */
export type SeenRequest = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  /** Its text; empty where it is over 1 MiB. */
  readonly body: string
  /** Resolves when it is over: the client has its answer, or the connection is gone. */
  readonly ended: Promise<'answered' | 'gone'>
}

/** A scripted model on a port. */
export type ScriptedServer = {
  readonly url: string
  /** The newest 100 requests, the oldest first. */
  readonly requests: readonly SeenRequest[]
  /** Resolves with the next request that comes, once it has been read. */
  next(): Promise<SeenRequest>
  /** Open answers are cut off. */
  close(): Promise<void>
}

/** How it answers, and where. */
export type ScriptedServerOptions = AnswerOptions & {
  /** 127.0.0.1 unless told. */
  readonly host?: string
  /** 0 lets the system choose. */
  readonly port: number
}

const maxBodyBytes = 16 * 1024 * 1024
const maxSeenBytes = 1024 * 1024
const maxSeen = 100
const maxOpen = 64
/** How long a silent model is waited for at most. */
const hangMs = 900_000
const limits = { headersTimeout: 15_000, requestTimeout: 15_000, keepAliveTimeout: 72_000 }

/**
 * Serves a scripted model as Ollama would a language model. It runs no model and says so by its name and its family.
 * @throws ListenFailedError when the port cannot be had
 */
export async function startScriptedServer(options: ScriptedServerOptions): Promise<ScriptedServer> {
  const { host = '127.0.0.1', port, clock } = options
  const seen = createRecord()
  const respond = createResponder(options)
  let open = 0
  const server = createServer(limits, async (request, response) => {
    open += 1
    const gone = new AbortController()
    response.once('close', () => {
      open -= 1
      gone.abort()
    })
    await handle({ request, response, respond, record: seen.add, clock, isFull: open > maxOpen, gone: gone.signal })
  })
  server.maxConnections = 1_000
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new ListenFailedError(`${host}:${port}`, error)
  }
  const address = server.address() as AddressInfo // it listens on TCP, so it is neither a path nor null
  return {
    url: `http://${host}:${address.port}`,
    requests: seen.requests,
    next: seen.next,
    close: () => closeServer(server),
  }
}

type Handling = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly respond: Responder
  readonly record: (request: SeenRequest) => void
  readonly clock: Clock
  readonly isFull: boolean
  readonly gone: AbortSignal
}

/** Never rejects: what fails here is the connection, and nobody is left to be told. */
async function handle({ request, response, respond, record, clock, isFull, gone }: Handling): Promise<void> {
  const { method = '', url = '/' } = request
  const path = url.split('?')[0] ?? '/'
  const body = isFull ? skipped(request) : await readBytes(request).catch(() => null)
  if (body === null) return
  record(seenRequest(request, response, { method, path, body }))
  if (body === undefined) {
    response.setHeader('connection', 'close') // what is left of the body is no next request
    await send(response, refuse(413, 'http: request body too large'), method, clock, gone)
    return
  }
  await send(response, isFull ? refuse(503, busyWords) : respond(method, path, body), method, clock, gone)
}

function createRecord() {
  const requests: SeenRequest[] = []
  let coming = Promise.withResolvers<SeenRequest>()
  return {
    requests,
    next: () => coming.promise,
    add(request: SeenRequest): void {
      requests.push(request)
      if (requests.length > maxSeen) requests.shift()
      coming.resolve(request)
      coming = Promise.withResolvers()
    },
  }
}

function seenRequest(
  { headers }: IncomingMessage,
  response: ServerResponse,
  { method, path, body }: { method: string; path: string; body: Buffer | undefined },
): SeenRequest {
  const { promise: ended, resolve } = Promise.withResolvers<'answered' | 'gone'>()
  const settle = () => resolve(response.writableFinished ? 'answered' : 'gone')
  if (response.closed) settle()
  else response.once('close', settle)
  const text = body && body.length <= maxSeenBytes ? body.toString('utf8') : ''
  return { method, path, headers, body: text, ended }
}

function skipped(request: IncomingMessage): Buffer {
  request.resume()
  return Buffer.alloc(0)
}

/** Undefined when the body is too large; the rest of it is then dropped. */
async function readBytes(request: IncomingMessage): Promise<Buffer | undefined> {
  const bytes = await collectBytes(request.iterator({ destroyOnReturn: false }), maxBodyBytes)
  if (bytes === undefined) request.resume()
  return bytes
}

async function send(
  response: ServerResponse,
  { status, contentType, acts }: Reply,
  method: string,
  clock: Clock,
  gone: AbortSignal,
): Promise<void> {
  response.writeHead(status, { 'content-type': contentType })
  if (method !== 'HEAD') {
    for (const act of acts) {
      if (gone.aborted) return
      if (!(await perform(act, response, clock, gone))) return
    }
  }
  response.end()
}

/** @returns whether the answer goes on */
async function perform(act: Act, response: ServerResponse, clock: Clock, gone: AbortSignal): Promise<boolean> {
  switch (act.do) {
    case 'write':
      return write(response, act.text(), gone)
    case 'wait':
      return slept(clock, act.ms, gone)
    case 'cut':
      await flushed(response, gone)
      response.destroy()
      return false
    case 'hang':
      await slept(clock, hangMs, gone)
      response.destroy()
      return false
  }
}

/** Waits where the client reads slower than we write. */
async function write(response: ServerResponse, text: string, gone: AbortSignal): Promise<boolean> {
  if (!response.write(text)) await drained(response, gone)
  return !gone.aborted
}

const drained = (response: ServerResponse, gone: AbortSignal): Promise<unknown> =>
  once(response, 'drain', { signal: gone }).catch(() => undefined)

/** The callback of a write comes once the bytes are with the system, or the connection has failed. */
function flushed(response: ServerResponse, gone: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  gone.addEventListener('abort', () => resolve(), { once: true })
  response.write('', () => resolve())
  return promise
}

const slept = (clock: Clock, ms: number, gone: AbortSignal): Promise<boolean> =>
  clock.sleep(ms, gone).then(
    () => true,
    () => false,
  )

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
}
