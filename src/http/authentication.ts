import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import { addressOf } from './caller-address.ts'
import { LoginRateLimitedError, UnauthenticatedError } from './errors.ts'

/** Who calls, and whether they may. */
export type Authentication = {
  /** Lets a request pass, or not. @throws UnauthenticatedError or LoginRateLimitedError */
  assertAuthentic(request: FastifyRequest): void
  /** Whose keys and limits count: the token, by the beginning of its digest, or the caller's address without one. */
  principalOf(request: FastifyRequest): string
  /** On routes that want nothing: may this caller see more? A wrong token counts as an attempt here too. */
  isTrusted(request: FastifyRequest): boolean
}

const windowMs = 60_000
const maxFailures = 10
const maxAddresses = 10_000

/** The scheme's name in any case, one token. @see RFC 9110 §11.4, RFC 6750 §2.1 */
const bearer = /^bearer +([\x21-\x7e]{1,512})$/i
/** What a client sends whose token was left empty: no attempt. */
const noToken = /^bearer *$/i

/**
 * With a token, every request must show it, and an address that shows ten wrong ones within a minute is not looked at
 * for a minute; a request that shows none is no attempt. Without a token all may call.
 */
export function createAuthentication(
  token: string | undefined,
  { monotonicMs }: Pick<Clock, 'monotonicMs'>,
): Authentication {
  if (token === undefined) return open
  const expected = digestOf(token)
  const principal = tokenPrincipal(token)
  const failures = createFailureCount(monotonicMs)
  const assertAuthentic = (request: FastifyRequest): void => {
    const { authorization } = request.headers
    if (authorization === undefined || noToken.test(authorization)) throw new UnauthenticatedError()
    const address = addressOf(request)
    failures.assertFew(address)
    const given = bearer.exec(authorization)?.[1]
    if (given !== undefined && timingSafeEqual(digestOf(given), expected)) return
    failures.note(address)
    throw new UnauthenticatedError()
  }
  return { assertAuthentic, principalOf: () => principal, isTrusted: (request) => passes(assertAuthentic, request) }
}

/** Without a token the service listens on loopback alone. */
const open: Authentication = {
  assertAuthentic: () => {},
  principalOf: addressOf,
  isTrusted: (request) => /^(?:127\.|::1$)/.test(addressOf(request)),
}

function passes(assertAuthentic: Authentication['assertAuthentic'], request: FastifyRequest): boolean {
  try {
    assertAuthentic(request)
    return true
  } catch {
    return false
  }
}

/** The name of whoever holds a token: 16 hex characters of its SHA-256, which tell nothing of the token. */
export const tokenPrincipal = (token: string): string => `token:${digestOf(token).toString('hex').slice(0, 16)}`

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest()

type Failures = { readonly sinceMs: number; readonly count: number; readonly blockedUntilMs: number }

function createFailureCount(monotonicMs: () => number) {
  const byAddress = createBoundedMap<string, Failures>(maxAddresses)
  return {
    /** @throws LoginRateLimitedError while the address is blocked */
    assertFew(address: string): void {
      const leftMs = (byAddress.get(address)?.blockedUntilMs ?? Number.NEGATIVE_INFINITY) - monotonicMs()
      if (leftMs > 0) throw new LoginRateLimitedError(leftMs / 1_000)
    },
    note(address: string): void {
      const nowMs = monotonicMs()
      const known = byAddress.get(address)
      const { sinceMs, count } =
        known !== undefined && nowMs - known.sinceMs < windowMs ? known : { sinceMs: nowMs, count: 0 }
      const blockedUntilMs = count + 1 >= maxFailures ? nowMs + windowMs : Number.NEGATIVE_INFINITY
      byAddress.set(address, { sinceMs, count: count + 1, blockedUntilMs })
    },
  }
}
