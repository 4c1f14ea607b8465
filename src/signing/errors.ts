import { BaseError } from '../core/errors.ts'

/** The value cannot be said in canonical JSON, so nothing can be signed. @see RFC 8785 §3.2.2 */
export class JsonUnsupportedError extends BaseError {
  override readonly code = 'JSON_UNSUPPORTED'
  override readonly kind = 'invalid'
  constructor(reason: 'not_finite' | 'lone_surrogate' | 'not_json', message: string) {
    super(message, { details: { reason }, hint: 'Send only finite numbers, well-formed text, and JSON values.' })
  }
}

/** The text is not a public key in the form asked for. */
export class PublicKeyInvalidError extends BaseError {
  override readonly code = 'PUBLIC_KEY_INVALID'
  override readonly kind = 'invalid'
  constructor(message: string) {
    super(message, { hint: 'An id is X and Y of an uncompressed secp256k1 key: 128 hex digits, without the 04.' })
  }
}

/** A signature could not be made: the key is closed or unusable, or what should be signed is no hash. */
export class SigningFailedError extends BaseError {
  override readonly code = 'WALLET_ERROR'
  override readonly kind = 'internal'
  constructor(message: string, cause?: unknown) {
    super(message, { cause, details: { reason: 'signing_failed' }, hint: 'Check the keystores and restart.' })
  }
}
