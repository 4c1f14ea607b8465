import type { IncomingHttpHeaders } from 'node:http'
import type { NewId } from '../core/clock.ts'

/** The header that carries the trace id, both ways. */
export const traceIdHeader = 'x-trace-id'

const traceIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/
const traceparentPattern = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:$|-)/

/**
 * The id that follows a request into the logs and the ledger: the caller's `X-Trace-Id` (64 characters at most), else
 * the trace id of its `traceparent`, else a new one. A malformed header counts as absent: it must not break a request.
 * @see W3C Trace Context §3.2
 */
export function traceIdOf(headers: IncomingHttpHeaders, newId: NewId): string {
  const own = headers[traceIdHeader]
  if (typeof own === 'string' && traceIdPattern.test(own)) return own
  const { traceparent } = headers
  const fromParent = typeof traceparent === 'string' ? traceparentPattern.exec(traceparent)?.[1] : undefined
  return fromParent ?? newId()
}
