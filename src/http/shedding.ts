import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { NewId } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { ObserveRequest } from '../core/observe.ts'
import type { AssertAllowed } from './access.ts'
import type { Admission } from './admission.ts'
import { OverloadedError } from './errors.ts'
import { retryAfterSeconds, statusOf, toRefusal } from './problem.ts'
import { traceIdHeader, traceIdOf } from './trace.ts'

export type SheddingDeps = {
  readonly admission: Pick<Admission, 'refusesUnread'>
  readonly assertAllowed: AssertAllowed
  readonly newId: NewId
  readonly log: Log
  readonly observe?: ObserveRequest | undefined
}

/** Only these answer in an envelope that one text fits. */
const route = '/otto/tool'

/** The first of a row is told with those that follow it within so long. */
const tellAfterMs = 1_000

/**
 * While many more writes come than can be done, calls of tools are refused before anything else is done for them: to
 * read each one, route it and log it would cost what is needed for those that are let in. Nobody's token is looked at,
 * since nothing is told but that there is no room. One log line a second counts them.
 */
export function shedCalls(server: Server, deps: SheddingDeps): void {
  const { admission, assertAllowed, newId, log, observe } = deps
  const refusal = toRefusal(new OverloadedError('writes'), { traceId: '', log })
  const { traceId: _, ...rest } = refusal
  const bodyStart = `${JSON.stringify(rest).slice(0, -1)},"traceId":`
  const status = statusOf(refusal.code)
  const retryAfter = retryAfterSeconds(refusal) ?? 1
  let uncounted = 0

  const tell = (): void => {
    log.warn({ refused: uncounted, route, code: refusal.code }, 'calls were refused unread')
    uncounted = 0
  }
  const count = (): void => {
    observe?.({ method: 'POST', route, status, seconds: 0 })
    if (uncounted === 0) setTimeout(tell, tellAfterMs).unref()
    uncounted += 1
  }

  const refuse = (request: IncomingMessage, response: ServerResponse): void => {
    const traceId = traceIdOf(request.headers, newId)
    const body = `${bodyStart}${JSON.stringify(traceId)}}`
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'retry-after': String(retryAfter),
      [traceIdHeader]: traceId,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    })
    response.end(body)
    count()
  }

  /** Pages of other origins, and whoever asks for more than this, are answered in full. */
  const isPlain = (request: IncomingMessage): boolean => {
    if (request.url !== route || request.method !== 'POST' || request.headers.origin !== undefined) return false
    try {
      assertAllowed(request)
      return true
    } catch {
      return false
    }
  }

  let calls = 0
  const enter = (response: ServerResponse): void => {
    calls += 1
    response.once('close', () => {
      calls -= 1
    })
  }
  const [handle] = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const isCall = isPlain(request)
    if (isCall && admission.refusesUnread(calls)) return refuse(request, response)
    if (isCall) enter(response)
    handle?.call(server, request, response)
  })
}
