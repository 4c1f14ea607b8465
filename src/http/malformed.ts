import type { Server, ServerResponse } from 'node:http'
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { NewId } from '../core/clock.ts'
import type { ErrorCode } from '../core/error-table.ts'
import { errorTable } from '../core/error-table.ts'
import type { Log } from '../core/log.ts'
import { toProblem } from './problem.ts'
import { traceIdHeader } from './trace.ts'

type RawAnswer = { readonly status: number; readonly code: ErrorCode; readonly fact: string; readonly allow?: string }

const malformed: RawAnswer = { status: 400, code: 'INVALID_REQUEST', fact: 'The request is not HTTP as we read it.' }
const byParserCode: ReadonlyMap<string | undefined, RawAnswer> = new Map([
  ['HPE_HEADER_OVERFLOW', { status: 431, code: 'PAYLOAD_TOO_LARGE', fact: 'The headers are too large.' }],
  [
    'ERR_HTTP_REQUEST_TIMEOUT',
    { status: 408, code: 'DEADLINE_EXCEEDED', fact: 'The request took too long to arrive.' },
  ],
])
const noTunnel: RawAnswer = {
  status: 405,
  code: 'METHOD_NOT_ALLOWED',
  fact: 'This method is not served.',
  allow: 'GET, HEAD, POST',
}

/** What to do with a connection that is out of step, and where to learn of answers under way. */
export type MalformedHandler = {
  /** For Fastify's `clientErrorHandler`. */
  readonly onClientError: (error: NodeJS.ErrnoException, socket: Duplex) => void
  /** Listens for the server's requests, and refuses tunnels. */
  readonly attach: (server: Server) => void
}

/** Answers for what Node's parser refuses before there is a request, and closes. */
export function createMalformedHandler({ log, newId }: { log: Log; newId: NewId }): MalformedHandler {
  const answering = new WeakMap<Duplex, ServerResponse>()

  const refuse = (socket: Duplex, answer: RawAnswer) => {
    const traceId = newId()
    log.info({ traceId, route: null, status: answer.status, code: answer.code }, 'malformed request')
    // In the middle of another answer on the same socket these bytes would become part of it.
    const current = answering.get(socket)
    const isBetween = current === undefined || !current.headersSent || current.writableFinished
    if (socket.writable && isBetween) socket.end(toBytes(answer, traceId), () => socket.destroy())
    else socket.destroy()
  }

  return {
    onClientError(error, socket) {
      if (error.code === 'ECONNRESET' || socket.destroyed) socket.destroy()
      else refuse(socket, byParserCode.get(error.code) ?? malformed)
    },
    attach(server) {
      server.on('request', ({ socket }, response) => answering.set(socket, response))
      // RFC 9110 §10.1.1 lets a server ignore what it does not know; Node alone would answer 417 in words of its own.
      server.on('checkExpectation', (request, response) => server.emit('request', request, response))
      server.on('connect', (_request, socket) => refuse(socket, noTunnel))
    },
  }
}

function toBytes({ status, code, fact, allow }: RawAnswer, traceId: string): string {
  const { outcome, retryable, hint } = errorTable[code]
  const refusal = { success: false, error: fact, code, outcome, retryable, hint, details: {}, traceId } as const
  const body = JSON.stringify(toProblem(refusal, status))
  const headers = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    `${traceIdHeader}: ${traceId}`,
    ...(allow === undefined ? [] : [`allow: ${allow}`]),
  ]
  return `${headers.join('\r\n')}\r\n\r\n${body}`
}
