import type { IncomingHttpHeaders } from 'node:http'

const waitPreference = /^[ \t]*wait[ \t]*=[ \t]*(?:"([0-9]{1,5})"|([0-9]{1,5}))[ \t]*(?:;|$)/i

/**
 * How long the caller wants to wait at most, in ms, by `Prefer: wait=<seconds>`; the first one counts. A malformed
 * preference counts as absent, since one must not break a request.
 * @see RFC 7240 §2, §4.3
 */
export function waitMsOf({ prefer }: IncomingHttpHeaders): number | undefined {
  if (prefer === undefined) return undefined
  for (const preference of String(prefer).split(',')) {
    const [, quoted, plain] = waitPreference.exec(preference) ?? []
    const seconds = quoted ?? plain
    if (seconds !== undefined) return Number(seconds) * 1_000
  }
  return undefined
}
