import type { Dispatcher, Pool } from 'undici'
import type { Clock } from '../core/clock.ts'
import type { JsonValue } from '../core/json.ts'
import type { NodeAddress } from './_node-address.ts'
import { isNotSent, openPool, parseNodeAddress } from './_node-address.ts'
import { NoAnswerError, NodeAddressInvalidError, NotSentError } from './errors.ts'
import type { Layer, NodeAnswer, NodeRequest, Transport } from './transport.ts'

export type HttpTransportOptions = {
  /** Base URLs of Data L1 nodes, at least one; a path in front is kept. */
  readonly l1: readonly string[]
  /** Base URLs of metagraph L0 nodes, at least one. */
  readonly l0: readonly string[]
  /** Reads the dates that a `Retry-After` may hold. */
  readonly clock: Clock
  readonly connectTimeoutMs?: number
  /** Bound for the wait for the headers, and for each silence inside a body. */
  readonly headersTimeoutMs?: number
  readonly maxAnswerBytes?: number
}

/** One node of a layer and its connections. */
type Node = NodeAddress & { readonly pool: Pool }

/** The nodes of one layer; `preferred` is the one that was good last. */
type Nodes = { readonly all: readonly Node[]; preferred: number }

/**
 * A transport over HTTP. Each layer has several addresses: a request starts at the one that was good last and falls
 * over to the next, a read on any failure or 5xx, a POST only while it is certain that nothing was received.
 * Redirects are answers like any other (nothing follows them), and nothing is sent twice behind the caller's back.
 * @throws NodeAddressInvalidError
 */
export function createHttpTransport(options: HttpTransportOptions): Transport {
  const { connectTimeoutMs = 1000, headersTimeoutMs = 5000, maxAnswerBytes = 16 * 1024 * 1024 } = options
  const pools = new Map<string, Pool>()

  const poolOf = (origin: string): Pool => {
    const pool = pools.get(origin) ?? openPool(origin, { connectTimeoutMs, headersTimeoutMs, maxAnswerBytes })
    pools.set(origin, pool)
    return pool
  }
  const openNodes = (layer: Layer): Nodes => {
    const addresses = options[layer].map((text) => parseNodeAddress(layer, text))
    if (addresses.length === 0) throw new NodeAddressInvalidError(layer, 'No address.')
    return { all: addresses.map((address) => ({ ...address, pool: poolOf(address.origin) })), preferred: 0 }
  }
  const layers = { l1: openNodes('l1'), l0: openNodes('l0') }

  return {
    request: (asked) => fallOver(layers[asked.layer], asked, options.clock),
    async close() {
      await Promise.all([...pools.values()].map((pool) => pool.destroy()))
    },
  }
}

async function fallOver(nodes: Nodes, asked: NodeRequest, clock: Clock): Promise<NodeAnswer> {
  const isRead = asked.method === 'GET'
  const first = nodes.preferred
  let unwell: NodeAnswer | undefined
  let failure: NotSentError | NoAnswerError | undefined
  for (let offset = 0; offset < nodes.all.length && !asked.signal.aborted; offset++) {
    const index = (first + offset) % nodes.all.length
    const result = await exchange(nodes.all[index] as Node, asked, clock) // in range by the remainder
    if (!(result instanceof Error) && result.status < 500) {
      nodes.preferred = index
      return result
    }
    nodes.preferred = (index + 1) % nodes.all.length
    if (result instanceof NoAnswerError) failure = result
    else if (result instanceof NotSentError) failure ??= result
    else unwell = result
    if (!isRead && !(result instanceof NotSentError)) break
  }
  if (unwell !== undefined) return unwell
  throw failure ?? new NotSentError('Time was up before anything was sent.', { cause: asked.signal.reason })
}

/** One request to one node, to the last byte of its answer. */
async function exchange(
  { pool, pathPrefix }: Node,
  { layer, method, path, body, signal }: NodeRequest,
  clock: Clock,
): Promise<NodeAnswer | NotSentError | NoAnswerError> {
  const headers = { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
  const payload = body === undefined ? {} : { body: JSON.stringify(body) }
  try {
    const answer = await pool.request({ method, path: pathPrefix + path, headers, signal, ...payload })
    const text = await answer.body.text()
    return { ...parseBody(text), status: answer.statusCode, retryAfterSeconds: retryAfter(answer.headers, clock) }
  } catch (cause) {
    if (isNotSent(cause)) return new NotSentError('No connection came about.', { cause })
    return new NoAnswerError(layer, { cause })
  }
}

/**
 * Read as leniently as JSON allows: a strict reading would let a stranger's fiber with an odd member name hide the
 * whole state. The shape is checked where it is used.
 */
function parseBody(text: string): Pick<NodeAnswer, 'json' | 'text'> {
  try {
    return { json: JSON.parse(text) as JsonValue, text: undefined } // what the parser gives is JSON
  } catch {
    return { json: undefined, text }
  }
}

/** Seconds or a date. @see RFC 9110 §10.2.3 */
function retryAfter(headers: Dispatcher.ResponseData['headers'], clock: Clock): number | undefined {
  const value = headers['retry-after']
  if (typeof value !== 'string') return undefined
  if (/^\d+$/.test(value)) return Number(value)
  const atMs = Date.parse(value)
  return Number.isNaN(atMs) ? undefined : Math.max(0, (atMs - clock.nowMs()) / 1000)
}
