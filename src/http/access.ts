import type { IncomingMessage } from 'node:http'
import { HostCountError, HostNotAllowedError, InvalidRequestError, OriginNotAllowedError } from './errors.ts'

/** Who may call besides programs on this machine that name it by a loopback name. */
export type AccessRules = {
  /** Host names or addresses; with a port only that port, without one any. IPv6 in brackets. */
  readonly allowedHosts: readonly string[]
  /** Origins beside the service's own, as a browser sends them: `https://page.example`, no path. Compared exactly; `null` never matches. */
  readonly allowedOrigins: readonly string[]
}

const loopbackNames = ['localhost', '127.0.0.1', '[::1]']
const hostPattern = /^(\[[0-9a-fA-F:.]{2,45}\]|[^\s:[\]@/?#]{1,253})(?::[0-9]{1,5})?$/

/** Refuses a request by its target, `Host` and `Origin`; the last two stop DNS rebinding and foreign pages. */
export type AssertAllowed = (request: IncomingMessage) => void

/**
 * One check for every route, reads and unknown paths too.
 * @throws InvalidRequestError, HostCountError, HostNotAllowedError or OriginNotAllowedError, from what it returns
 */
export function createAccess({ allowedHosts, allowedOrigins }: AccessRules): AssertAllowed {
  const hosts = new Set([...loopbackNames, ...allowedHosts].map((host) => host.toLowerCase()))
  const origins = new Set(allowedOrigins.filter((origin) => origin !== 'null'))
  return (request) => {
    assertPlainTarget(request)
    const host = soleHost(request).toLowerCase()
    const name = hostPattern.exec(host)?.[1]
    if (name === undefined || !(hosts.has(host) || hosts.has(name))) throw new HostNotAllowedError()
    const { origin } = request.headers
    if (origin !== undefined && !origins.has(origin) && !isOwnPage(origin, host)) throw new OriginNotAllowedError()
  }
}

// Our own pages. The host was checked before, so no foreign name can stand in both places.
const isOwnPage = (origin: string, host: string): boolean => origin === `http://${host}` || origin === `https://${host}`

// An absolute target would name a second host beside the one that was checked.
function assertPlainTarget({ url = '' }: IncomingMessage): void {
  if (!url.startsWith('/')) throw new InvalidRequestError('The request target is not a path.')
}

// Node keeps the first of several Host headers; RFC 9112 §3.2 wants 400 unless there is exactly one.
function soleHost({ rawHeaders }: IncomingMessage): string {
  let host: string | undefined
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]
    if (name?.length !== 4 || name.toLowerCase() !== 'host') continue
    if (host !== undefined) throw new HostCountError()
    host = rawHeaders[at + 1] ?? ''
  }
  if (host === undefined) throw new HostCountError()
  return host
}
