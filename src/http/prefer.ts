import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { ToolCallContext } from '../tools/tool.ts'

const waitPreference = /^[ \t]*wait[ \t]*=[ \t]*(?:"([0-9]{1,5})"|([0-9]{1,5}))[ \t]*(?:;|$)/i
const asyncPreference = /^[ \t]*respond-async[ \t]*(?:=[ \t]*(?:"")?[ \t]*)?(?:;|$)/i

/** What a caller wants of the answer. */
export type Preferences = {
  /** How long it waits at most, ms. */
  readonly waitMs?: number
  /** It takes an answer as soon as the thing is under way. */
  readonly respondAsync?: true
}

/**
 * `Prefer: wait=<seconds>`, of which the first one counts, and `Prefer: respond-async`. A malformed preference counts as
 * absent, since one must not break a request.
 * @see RFC 7240 §2, §4.1, §4.3
 */
export function preferencesOf({ prefer }: IncomingHttpHeaders): Preferences {
  if (prefer === undefined) return {}
  const preferences = String(prefer).split(',')
  const waits = preferences.flatMap((preference) => {
    const [, quoted, plain] = waitPreference.exec(preference) ?? []
    return quoted ?? plain ?? []
  })
  const [seconds] = waits
  return {
    ...(seconds === undefined ? {} : { waitMs: Number(seconds) * 1_000 }),
    ...(preferences.some((preference) => asyncPreference.test(preference)) ? { respondAsync: true } : {}),
  }
}

/** Says which preferences count for a call: only a write can be answered before it is done. @see RFC 7240 §3 */
export function tellPreferences(
  reply: FastifyReply,
  { deadlineMs, respondAsync }: Pick<ToolCallContext, 'deadlineMs' | 'respondAsync'>,
  { isWrite }: { readonly isWrite: boolean },
): void {
  const applied = [
    ...(respondAsync && isWrite ? ['respond-async'] : []),
    ...(deadlineMs === undefined ? [] : [`wait=${deadlineMs / 1_000}`]),
  ]
  if (applied.length > 0) reply.header('preference-applied', applied.join(', '))
}
