import { isIP } from 'node:net'

/** Where subscribers may be called: nowhere, on this machine, or at any address that this machine reaches. */
export type WebhookReach = 'off' | 'loopback' | 'any'

const maxLength = 2_048

/**
 * Undefined for an address that may be called, else what is wrong with it. Whoever may post here could otherwise make
 * this process call what only this machine reaches (CWE-918): without `any`, callbacks stay on loopback.
 */
export function faultOfCallback(callbackUrl: string, reach: WebhookReach): string | undefined {
  const url = callbackUrl.length > maxLength ? null : URL.parse(callbackUrl)
  if (url === null || !/^https?:$/.test(url.protocol)) return 'callbackUrl must be an http or https address'
  if (url.username !== '' || url.password !== '') return 'callbackUrl must not hold a user'
  if (reach === 'loopback' && !isLoopback(url.hostname)) return 'callbackUrl must be on loopback'
  return undefined
}

/** By what the URL parser makes of it: `127.1` and `0x7f.1` are `127.0.0.1` by then. */
const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname === '[::1]' || (isIP(hostname) === 4 && hostname.startsWith('127.'))
