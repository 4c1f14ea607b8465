import { once } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate, setTimeout } from 'node:timers/promises'

/** One thing that the server does inside an answer; a text or bytes are sent as one write. */
export type Step =
  | string
  | Uint8Array
  | { readonly delayMs: number }
  /** Waits for something that the test decides. */
  | { readonly until: Promise<unknown> }
  /** The socket is reset: the client sees a connection that broke. */
  | 'reset'
  /** Nothing more comes, and the answer does not end. */
  | 'hang'

/** An answer: its head goes out with the first step that sends, as Ollama does it; it ends after the last step. */
export type Script = {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
}

/** What was asked, and what became of its socket. */
export type Recorded = {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** Resolves when the socket of this request is closed, by whomever. */
  readonly closed: Promise<void>
  /** Resolves when its answer has been sent to the end. */
  readonly answered: Promise<void>
  /** Which connection it came over: equal numbers, equal connection. */
  readonly connection: number
}

/** A model server under the control of a test. */
export type UpstreamServer = AsyncDisposable & {
  readonly url: string
  /** In order of arrival. */
  readonly requests: readonly Recorded[]
  /** The request with this number, 0 unless told; waits until it is there. */
  request(index?: number): Promise<Recorded>
  close(): Promise<void>
}

type Connection = { readonly index: number; readonly closed: Promise<void> }

export type UpstreamHandler = (request: Recorded, response: ServerResponse) => unknown

/**
 * A real HTTP server on loopback. One script answers everything; of a list the first answers the first request, and
 * the last all that come after; a handler does as it likes. Closing it ends its connections too.
 */
export async function startUpstream(answer: Script | readonly Script[] | UpstreamHandler): Promise<UpstreamServer> {
  const requests: Recorded[] = []
  const arrivals = new Map<number, PromiseWithResolvers<Recorded>>()
  const connections = new Map<Socket, Connection>()
  const arrival = (index: number) => {
    const known = arrivals.get(index) ?? Promise.withResolvers<Recorded>()
    arrivals.set(index, known)
    return known
  }

  const server = createServer(async (incoming, response) => {
    response.on('error', () => undefined) // a client that left
    const { promise: answered, resolve } = Promise.withResolvers<void>()
    response.once('finish', () => resolve())
    const recorded = { ...(await record(incoming, connections)), answered }
    const index = requests.push(recorded) - 1
    arrival(index).resolve(recorded)
    if (typeof answer === 'function') return void answer(recorded, response)
    const scripts = Array.isArray(answer) ? (answer as readonly Script[]) : [answer as Script] // no handler: above
    const script = scripts[Math.min(index, scripts.length - 1)]
    if (script !== undefined) await play(script, response, recorded.closed)
  })
  server.on('connection', (socket) => {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    socket.once('close', () => resolve())
    connections.set(socket, { index: connections.size, closed })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on TCP
  const close = async () => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    request: (index = 0) => arrival(index).promise,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function record(
  incoming: IncomingMessage,
  connections: ReadonlyMap<Socket, Connection>,
): Promise<Omit<Recorded, 'answered'>> {
  const { method = '', url: path = '', headers, socket } = incoming
  const { index: connection, closed } = connections.get(socket) ?? { index: -1, closed: Promise.resolve() }
  let body = ''
  incoming.setEncoding('utf8')
  for await (const chunk of incoming) body += chunk
  return { method, path, headers, body, closed, connection }
}

async function play({ status = 200, headers = {}, steps }: Script, response: ServerResponse, closed: Promise<void>) {
  response.socket?.setNoDelay(true)
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  for (const step of steps) {
    if (response.destroyed || step === 'hang') return
    if (step === 'reset') return void response.socket?.resetAndDestroy()
    if (typeof step === 'string' || step instanceof Uint8Array) {
      response.write(step)
      await setImmediate() // so that the next write is a chunk of its own
    } else if ('delayMs' in step) await Promise.race([setTimeout(step.delayMs), closed])
    else await Promise.race([step.until, closed])
  }
  response.end()
}

/** The bytes cut at these offsets. */
export function splitAt(bytes: Uint8Array, offsets: readonly number[]): Uint8Array[] {
  const cuts = [0, ...[...offsets].sort((left, right) => left - right), bytes.length]
  return cuts.slice(1).flatMap((end, index) => {
    const piece = bytes.subarray(cuts[index], end)
    return piece.length === 0 ? [] : [piece]
  })
}

/** An address where nobody listens: its port was free a moment ago. */
export async function closedUrl(): Promise<string> {
  const upstream = await startUpstream({ steps: [] })
  await upstream.close()
  return upstream.url
}
