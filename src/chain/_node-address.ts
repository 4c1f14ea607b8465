import { buildConnector, Pool } from 'undici'
import { NodeAddressInvalidError, NotSentError } from './errors.ts'
import type { Layer } from './transport.ts'

/** One node: its origin, and the path in front of its routes (empty or `/…` without a slash at its end). */
export type NodeAddress = { readonly origin: string; readonly pathPrefix: string }

/** @throws NodeAddressInvalidError for anything but an http(s) base URL without user, query and fragment */
export function parseNodeAddress(layer: Layer, text: string): NodeAddress {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new NodeAddressInvalidError(layer, 'Not an HTTP address.')
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!isPlain) throw new NodeAddressInvalidError(layer, 'More than a base address.')
  return { origin: url.origin, pathPrefix: url.pathname.replace(/\/+$/, '') }
}

export type PoolLimits = {
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly maxAnswerBytes: number
}

/** Sockets to one origin. The service has at most 64 writes in flight; what comes above waits for a socket. */
const maxConnections = 64

/** The connections to one origin. What fails before a connection stands fails as NotSentError: refused, DNS, TLS. */
export function openPool(origin: string, { connectTimeoutMs, headersTimeoutMs, maxAnswerBytes }: PoolLimits): Pool {
  const connect = buildConnector({ timeout: connectTimeoutMs, allowH2: false })
  return new Pool(origin, {
    connections: maxConnections,
    headersTimeout: headersTimeoutMs,
    bodyTimeout: headersTimeoutMs,
    maxResponseSize: maxAnswerBytes,
    connect: (options, callback) =>
      connect(options, (error, socket) => {
        if (error === null) callback(null, socket)
        else callback(new NotSentError('No connection came about.', { cause: error }), null)
      }),
  })
}

/** Codes that only an attempt to connect can give; a test double under the pool may skip the connector above. */
const connectCodes: readonly unknown[] = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN']

/** Does this failure prove that no byte arrived anywhere? */
export const isNotSent = (error: unknown): boolean =>
  error instanceof NotSentError || (error instanceof Error && 'code' in error && connectCodes.includes(error.code))
