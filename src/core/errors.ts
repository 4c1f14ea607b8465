import type { JsonObject } from './json.ts'

/** What a caller can do about it. The edges map code and kind by a table; nobody maps classes. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found' // change the request
  | 'conflict' // right input, wrong moment: read the state, then retry
  | 'exhausted' // a budget or a limit is spent
  | 'timeout' // no answer in time: retry under the same idempotency key
  | 'unavailable' // a dependency is down: retry later
  | 'internal' // our bug

/** `hint` says the next step; `details` holds ids and numbers for logs and clients, never a secret. */
export type BaseErrorOptions = { cause?: unknown; hint?: string; details?: JsonObject }

/** Every error thrown on purpose: a code that never changes, a kind, a fact, a next step, details, a cause. */
export abstract class BaseError extends Error {
  abstract readonly code: Uppercase<string>
  abstract readonly kind: ErrorKind
  readonly hint: string | undefined
  readonly details: JsonObject

  constructor(message: string, { cause, hint, details = {} }: BaseErrorOptions = {}) {
    super(message, { cause })
    this.name = new.target.name // never typed by hand, so it cannot drift
    this.hint = hint
    this.details = details
  }

  /** Where the code is explained: `docs/errors.md#invalid_move`. */
  get docs(): string {
    return `docs/errors.md#${this.code.toLowerCase()}`
  }
}

/** The first error of a class in a chain of causes, the error itself included. */
export function findCause<T extends Error>(error: unknown, type: abstract new (...args: never[]) => T): T | undefined {
  for (let link = error, depth = 0; link instanceof Error && depth < 16; link = link.cause, depth++)
    if (link instanceof type) return link
  return undefined
}
