import { isIP } from 'node:net'
import type { Dispatcher } from 'undici'
import { Client } from 'undici'
import type { Buckets } from '../core/buckets.ts'
import type { Clock } from '../core/clock.ts'
import { openDeadline } from '../core/deadline.ts'
import { BaseError } from '../core/errors.ts'
import type { Lookup } from './_checked-lookup.ts'
import { checkedLookup } from './_checked-lookup.ts'
import type { Hop } from './_redirect.ts'
import { assertPlainHeaders, redirected } from './_redirect.ts'
import { isLoopbackAddress, isPublicAddress } from './addresses.ts'
import { ToolFailedError, ToolRateLimitedError, ToolTimeoutError } from './errors.ts'
import { isAllowedHost, plainHost } from './hosts.ts'
import { refused } from './paths.ts'
import type { HttpAnswer, HttpAsk, Network } from './sandbox.ts'

export type NetworkOptions = {
  /** Host names, exact or `*.example.org`; with a port only that port. */
  readonly allowHosts: readonly string[]
  /** One bucket for each host; they are the agent's own. */
  readonly buckets: Buckets
  readonly clock: Clock
  /** The system's unless told. */
  readonly lookup?: Lookup
  /** Lets hosts on this machine through, where the list names them; for tests and embedding. */
  readonly allowPrivate?: boolean
}

const maxRedirects = 5

/** HTTP to the hosts on a list. The very address that is connected to is checked, so a name cannot be given another later. */
export function createNetwork(options: NetworkOptions): Network {
  const { clock, allowPrivate = false } = options
  const isAllowed = (address: string): boolean =>
    isPublicAddress(address) || (allowPrivate && isLoopbackAddress(address))
  return {
    async request(ask) {
      assertPlainHeaders(ask.headers)
      const deadline = openDeadline(clock, clock.monotonicMs() + ask.timeoutMs)
      const signal = AbortSignal.any([ask.signal, deadline.signal])
      try {
        return await follow(ask, { ...options, isAllowed, signal })
      } catch (error) {
        ask.signal.throwIfAborted()
        if (deadline.signal.aborted) throw new ToolTimeoutError(ask.timeoutMs)
        throw error
      } finally {
        deadline.close()
      }
    },
  }
}

type Exchange = NetworkOptions & {
  readonly isAllowed: (address: string) => boolean
  readonly signal: AbortSignal
}

/** Each hop is a request of its own: on the list, at a public address, and counted. */
async function follow(ask: HttpAsk, exchange: Exchange): Promise<HttpAnswer> {
  let hop: Hop = { method: ask.method, url: parseUrl(ask.url), headers: ask.headers, body: ask.body }
  for (let redirects = 0; ; redirects++) {
    assertAllowed(hop.url, exchange)
    await takeTurn(hop.url, exchange.buckets)
    const { answer, location } = await send(hop, ask.maxBytes, exchange)
    if (location === undefined) return answer
    if (redirects === maxRedirects) throw new ToolFailedError(`More than ${maxRedirects} redirects.`)
    hop = redirected(hop, answer.status, parseUrl(location, hop.url))
  }
}

function parseUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base?.href)
  if (url === null) throw refused('The URL cannot be read; give one such as https://example.org/path.')
  return url
}

/** @throws PermissionDeniedError */
function assertAllowed(url: URL, { allowHosts, isAllowed }: Exchange): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refused('Only http and https are spoken.')
  if (url.username !== '' || url.password !== '') throw refused('The URL has a user or a password in it.')
  if (!isAllowedHost(url, allowHosts))
    throw refused(`${url.host} is not on the list of hosts that the agent may ask (http.allow).`)
  // Nothing is looked up for an address.
  const address = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) !== 0 && !isAllowed(address)) throw refused(`${address} is no public address.`)
}

/** @throws ToolRateLimitedError */
async function takeTurn(url: URL, buckets: Buckets): Promise<void> {
  const host = plainHost(url.hostname)
  const taken = await buckets.take(host, 'read')
  if (!taken.ok) throw new ToolRateLimitedError(host, Math.ceil(taken.retryAfterMs / 1_000))
}

type Sent = { readonly answer: HttpAnswer; readonly location: string | undefined }

/** One request on a connection of its own: none outlives its call, and none is shared between agents. */
async function send(hop: Hop, maxBytes: number, { lookup, isAllowed, signal }: Exchange): Promise<Sent> {
  const client = new Client(hop.url.origin, { pipelining: 0, connect: { lookup: checkedLookup(isAllowed, lookup) } })
  try {
    const { method, url, body } = hop
    const headers = { 'accept-encoding': 'identity', 'user-agent': 'otto', ...hop.headers }
    const answer = await client.request({
      path: url.pathname + url.search,
      method,
      headers,
      body: body ?? null,
      signal,
    })
    const flat = flatHeaders(answer.headers)
    const location = redirectStatuses.has(answer.statusCode) ? flat['location'] : undefined
    const read = location === undefined ? await readText(answer.body, maxBytes) : { body: '', isCut: false }
    return { answer: { status: answer.statusCode, url: url.href, headers: flat, ...read }, location }
  } catch (cause) {
    throw networkFailure(cause, hop.url.host)
  } finally {
    // Not waited for: a connection that is still being made may take its time.
    client.destroy().catch(() => undefined)
  }
}

/** @see RFC 9110 §15.4 */
const redirectStatuses = new Set([301, 302, 303, 307, 308])

async function readText(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ body: string; isCut: boolean }> {
  const kept: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    kept.push(chunk)
    length += chunk.length
    if (length > maxBytes) break
  }
  const bytes = Buffer.concat(kept, Math.min(length, maxBytes))
  // As a stream: half a character at the cut is left out.
  return { body: new TextDecoder().decode(bytes, { stream: length > maxBytes }), isCut: length > maxBytes }
}

const flatHeaders = (headers: Dispatcher.ResponseData['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )

/** What a connection that broke says, without addresses and texts of the other side. */
function networkFailure(cause: unknown, host: string): Error {
  if (cause instanceof BaseError) return cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no answer'
  return new ToolFailedError(`${host} gave no answer (${code}).`, { cause, details: { host } })
}
