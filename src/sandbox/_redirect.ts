import { refused } from './paths.ts'
import type { HttpAsk } from './sandbox.ts'

/** One request of an exchange. */
export type Hop = Pick<HttpAsk, 'method' | 'headers' | 'body'> & { readonly url: URL }

/** Meant for the host that they were written for. @see Fetch Standard, HTTP-redirect fetch, step 13 */
const personal = ['authorization', 'cookie']

const without = (headers: Hop['headers'], isDropped: (name: string) => boolean): Hop['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !isDropped(name.toLowerCase())))

/** The request that a redirect asks for. @see RFC 9110 §15.4 */
export function redirected({ method, url, headers, body }: Hop, status: number, target: URL): Hop {
  const kept = target.origin === url.origin ? headers : without(headers, (name) => personal.includes(name))
  if (status === 307 || status === 308 || method === 'GET') return { method, url: target, headers: kept, body }
  return { method: 'GET', url: target, headers: without(kept, (name) => name.startsWith('content-')), body: undefined }
}

/** They speak of the connection, which is ours, or to a proxy. @see RFC 9110 §7.6.1, §10.1.1; RFC 9112 §6 */
const ours = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const maxHeaders = 50
const maxHeaderBytes = 8 * 1024

/** @see RFC 9110 §5.1, §5.5 */
const fieldName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/

/** @throws PermissionDeniedError for headers that are not a caller's to set */
export function assertPlainHeaders(headers: Readonly<Record<string, string>>): void {
  const entries = Object.entries(headers)
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  if (entries.length > maxHeaders || bytes > maxHeaderBytes)
    throw refused(`headers: at most ${maxHeaders} headers of ${maxHeaderBytes} bytes together are sent.`)
  for (const [name, value] of entries) {
    const plain = name.toLowerCase()
    if (!fieldName.test(name)) throw refused(`headers: ${JSON.stringify(name.slice(0, 40))} is no name of a header.`)
    if (ours.has(plain) || plain.startsWith('proxy-')) throw refused(`headers: ${plain} is not yours to set.`)
    if (!fieldValue.test(value)) throw refused(`headers: the value of ${plain} has a character that none may have.`)
  }
}
