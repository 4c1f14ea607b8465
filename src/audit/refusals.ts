import type { Clock } from '../core/clock.ts'
import type { Audit } from './audit.ts'

/** A request, or a call in one, that was refused for who sent it, where from or how often. */
export type RefusedAccess = {
  readonly traceId: string
  /** Who it was, or the address where nobody knew yet. */
  readonly principal: string
  readonly code: string
  /** Method and pattern of the route, or the tool; never what a caller made up. */
  readonly route: string
}

/** Writes refusals down. */
export type RefusalAudit = { note(refused: RefusedAccess): void; close(): void }

const windowMs = 1_000
const maxKinds = 1_000

/**
 * Every refusal counts; those that are alike within a second share a second record, which says how many they were: else
 * whoever may not call could fill the disk, and so keep those who may from signing.
 */
export function createRefusalAudit(audit: Pick<Audit, 'append'>, clock: Pick<Clock, 'sleep'>): RefusalAudit {
  const closing = new AbortController()
  const seen = new Map<string, { readonly refused: RefusedAccess; again: number }>()

  const flush = (): void => {
    for (const { refused, again } of seen.values())
      if (again > 0) audit.append({ kind: 'access', ...refused, traceId: null, again })
    seen.clear()
  }
  const open = (): void => {
    clock.sleep(windowMs, closing.signal).then(flush, () => {}) // closing flushes by itself
  }

  const note = (refused: RefusedAccess): void => {
    const known = seen.get(keyOf(refused))
    if (known !== undefined) known.again += 1
    // Beyond the bound, all who come within this second count as one.
    else if (seen.size >= maxKinds && refused.principal !== others)
      note({ ...refused, principal: others, route: others })
    else {
      if (seen.size === 0) open()
      seen.set(keyOf(refused), { refused, again: 0 })
      audit.append({ kind: 'access', ...refused })
    }
  }

  return {
    note,
    close() {
      closing.abort()
      flush()
    },
  }
}

const others = 'others'

const keyOf = ({ principal, code, route }: RefusedAccess): string => JSON.stringify([principal, code, route])
