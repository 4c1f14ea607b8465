import { BaseError } from '../core/errors.ts'

/** The address of the scripted model cannot be listened on. */
export class ListenFailedError extends BaseError {
  override readonly code = 'LISTEN_FAILED'
  override readonly kind = 'unavailable'
  constructor(address: string, cause: unknown) {
    super(`Nothing can listen on ${address}.`, {
      cause,
      details: { address },
      hint: 'Another process, such as Ollama itself, may have the port: choose another one.',
    })
  }
}
