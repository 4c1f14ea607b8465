import type { RateKind } from '../core/buckets.ts'
import { BaseError } from '../core/errors.ts'
import type { Scope } from './scopes.ts'

/** The request is not one that we understand. `path` is the member at fault, at most 64 characters of it. */
export class InvalidRequestError extends BaseError {
  override readonly code = 'INVALID_REQUEST'
  override readonly kind = 'invalid'
  constructor(fact: string, { path, hint }: { path?: string; hint?: string } = {}) {
    super(fact, {
      details: path === undefined ? {} : { path: path.slice(0, 64) },
      ...(hint === undefined ? {} : { hint }),
    })
  }
}

/** No `Host`, or several: whoever sits between us and the caller may read the request as another. */
export class HostCountError extends BaseError {
  override readonly code = 'INVALID_REQUEST'
  override readonly kind = 'invalid'
  constructor() {
    super('The request needs exactly one Host header.', { hint: 'Send one Host header.' })
  }
}

/** The id in a path is not a UUID. */
export class GameIdInvalidError extends BaseError {
  override readonly code = 'INVALID_ARGUMENTS'
  override readonly kind = 'invalid'
  constructor() {
    super('The game id is not a UUID.', {
      details: { path: 'id' },
      hint: 'Use the gameId that ttt_create_game returned.',
    })
  }
}

/** The body is not plain `application/json` in UTF-8. */
export class UnsupportedMediaTypeError extends BaseError {
  override readonly code = 'UNSUPPORTED_MEDIA_TYPE'
  override readonly kind = 'invalid'
  constructor() {
    super('The body must be application/json in UTF-8, without content coding.')
  }
}

/** The body is larger than the route takes. */
export class PayloadTooLargeError extends BaseError {
  override readonly code = 'PAYLOAD_TOO_LARGE'
  override readonly kind = 'invalid'
  constructor(maxBytes: number) {
    super(`The body is larger than ${maxBytes} bytes.`, { details: { maxBytes } })
  }
}

/** No route has this path. */
export class NotFoundError extends BaseError {
  override readonly code = 'NOT_FOUND'
  override readonly kind = 'not_found'
  constructor() {
    super('There is nothing at this path.')
  }
}

/** Nobody is to be asked about a write with that id, or not any longer. */
export class ApprovalNotFoundError extends BaseError {
  override readonly code = 'NOT_FOUND'
  override readonly kind = 'not_found'
  constructor() {
    super('No write with this id waits for approval.', {
      hint: 'It may have expired, or begun. GET /otto/approvals lists those that wait.',
    })
  }
}

/** The path is known, the method is not served there. */
export class MethodNotAllowedError extends BaseError {
  override readonly code = 'METHOD_NOT_ALLOWED'
  override readonly kind = 'invalid'
  constructor(allowed: readonly string[]) {
    super('This method is not served at this path.', { details: { allowed } })
  }
}

/** The `Host` header names a host that this service does not answer for. */
export class HostNotAllowedError extends BaseError {
  override readonly code = 'HOST_NOT_ALLOWED'
  override readonly kind = 'forbidden'
  constructor() {
    super('This service does not answer for that host.')
  }
}

/** The `Origin` header names a page that may not call. */
export class OriginNotAllowedError extends BaseError {
  override readonly code = 'ORIGIN_NOT_ALLOWED'
  override readonly kind = 'forbidden'
  constructor() {
    super('Pages of that origin may not call this service.')
  }
}

/** Too much is being done at this moment. */
export class OverloadedError extends BaseError {
  override readonly code = 'OVERLOADED'
  override readonly kind = 'exhausted'
  constructor(what: 'requests' | 'streams' | 'writes' | 'loop') {
    super(
      what === 'loop'
        ? 'The process cannot keep up.'
        : `Too many ${what} are ${what === 'streams' ? 'open' : 'in flight'}.`,
    )
  }
}

/** The service is stopping and starts no new write. */
export class ShuttingDownError extends BaseError {
  override readonly code = 'SHUTTING_DOWN'
  override readonly kind = 'unavailable'
  constructor() {
    super('The service is shutting down.')
  }
}

/** The service has a token, and the request shows none or a wrong one. */
export class UnauthenticatedError extends BaseError {
  override readonly code = 'UNAUTHENTICATED'
  override readonly kind = 'unauthenticated'
  constructor() {
    super('This service wants its token.')
  }
}

/** Too many wrong tokens came from one address. */
export class LoginRateLimitedError extends BaseError {
  override readonly code = 'RATE_LIMITED'
  override readonly kind = 'exhausted'
  constructor(retryAfterSeconds: number) {
    super('Too many wrong tokens came from this address.', {
      details: { retryAfterSeconds: Math.ceil(retryAfterSeconds) },
    })
  }
}

/** A caller calls more often than its rate; `kind` says what was too much. */
export class RateLimitedError extends BaseError {
  override readonly code = 'RATE_LIMITED'
  override readonly kind = 'exhausted'
  constructor(kind: RateKind, retryAfterMs: number) {
    super(`Too many ${words[kind]} came from this caller.`, {
      details: { limit: kind, retryAfterSeconds: Math.ceil(retryAfterMs / 1_000) },
    })
  }
}

const words: Readonly<Record<RateKind, string>> = { write: 'writes', read: 'requests', chat: 'chats' }

/** The token shown does not allow this. */
export class ScopeMissingError extends BaseError {
  override readonly code = 'FORBIDDEN'
  override readonly kind = 'forbidden'
  constructor(scope: Scope) {
    super(`The token does not have the scope ${scope}.`, {
      details: { scope },
      hint: `Use a token with the scope ${scope}; an operator gives it in OTTO_API_TOKENS_FILE.`,
    })
  }
}

/** A query parameter is not one that the route takes. `path` is its name, at most 64 characters of it. */
export class QueryInvalidError extends BaseError {
  override readonly code = 'INVALID_ARGUMENTS'
  override readonly kind = 'invalid'
  constructor(path: string, hint: string) {
    super('A query parameter is not as expected.', { details: { path: path.slice(0, 64) }, hint })
  }
}
