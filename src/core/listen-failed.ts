import { BaseError } from './errors.ts'

/** A server of ours cannot listen on an address. */
export class ListenFailedError extends BaseError {
  override readonly code = 'LISTEN_FAILED'
  override readonly kind = 'unavailable'
  constructor(address: string, cause: unknown) {
    super(`Nothing can listen on ${address}.`, {
      cause,
      details: { address },
      hint: 'Another process may have the port: choose another one.',
    })
  }
}
