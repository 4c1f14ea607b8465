import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import type { AddressOf } from './caller-address.ts'
import { LoginRateLimitedError, ScopeMissingError, UnauthenticatedError } from './errors.ts'
import type { Scope } from './scopes.ts'
import type { ApiToken } from './tokens.ts'

/** Who calls, and what they may do. */
export type Authentication = {
  /** Lets a request pass, or not. @throws UnauthenticatedError or LoginRateLimitedError */
  assertAuthentic(request: FastifyRequest): void
  /** Whose keys and limits count: the token shown, by the beginning of its digest, or the caller's address without one. */
  principalOf(request: FastifyRequest): string
  /** May whoever has this name do that? */
  may(principal: string, scope: Scope): boolean
  /** @throws ScopeMissingError */
  assertMay(principal: string, scope: Scope): void
  /** On routes that want nothing: may this caller see more? A wrong token counts as an attempt here too. */
  isTrusted(request: FastifyRequest): boolean
}

export type AuthenticationDeps = {
  /** None: all may call, and do everything. */
  readonly tokens: readonly ApiToken[]
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly addressOf: AddressOf
}

const windowMs = 60_000
const maxFailures = 10
const maxAddresses = 10_000

/** The scheme's name in any case, one token. @see RFC 9110 §11.4, RFC 6750 §2.1 */
const bearer = /^bearer +([\x21-\x7e]{1,512})$/i
/** What a client sends whose token was left empty: no attempt. */
const noToken = /^bearer *$/i

/**
 * With tokens, every request must show one, and an address that shows ten wrong ones within a minute is not looked at for
 * a minute; a request that shows none is no attempt. Without tokens all may call.
 */
export function createAuthentication({ tokens, clock, addressOf }: AuthenticationDeps): Authentication {
  if (tokens.length === 0) return open(addressOf)
  const holders = tokens.map(({ token, scopes }) => ({
    digest: digestOf(token),
    principal: tokenPrincipal(token),
    scopes,
  }))
  const scopesOf = new Map(holders.map(({ principal, scopes }) => [principal, scopes]))
  const shown = new WeakMap<FastifyRequest, string>()
  const failures = createFailureCount(clock.monotonicMs)

  /** Every digest is compared, whichever fits: the time tells nothing. */
  const holderOf = (token: string) => {
    const given = digestOf(token)
    return holders.reduce<(typeof holders)[number] | undefined>(
      (found, holder) => (timingSafeEqual(given, holder.digest) ? holder : found),
      undefined,
    )
  }
  const assertAuthentic = (request: FastifyRequest): void => {
    const { authorization } = request.headers
    if (authorization === undefined || noToken.test(authorization)) throw new UnauthenticatedError()
    const address = addressOf(request)
    failures.assertFew(address)
    const given = bearer.exec(authorization)?.[1]
    const holder = given === undefined ? undefined : holderOf(given)
    if (holder === undefined) {
      failures.note(address)
      throw new UnauthenticatedError()
    }
    shown.set(request, holder.principal)
  }
  const principalOf = (request: FastifyRequest) => shown.get(request) ?? addressOf(request)
  const may = (principal: string, scope: Scope) => scopesOf.get(principal)?.has(scope) ?? false
  return {
    assertAuthentic,
    principalOf,
    may,
    assertMay(principal, scope) {
      if (!may(principal, scope)) throw new ScopeMissingError(scope)
    },
    isTrusted: (request) => passes(assertAuthentic, request) && may(principalOf(request), 'read'),
  }
}

/** Without a token the service listens on loopback alone. */
const open = (addressOf: AddressOf): Authentication => ({
  assertAuthentic: () => {},
  principalOf: addressOf,
  may: () => true,
  assertMay: () => {},
  isTrusted: (request) => /^(?:127\.|::1$)/.test(addressOf(request)),
})

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
