import { BaseError } from '../core/errors.ts'

/** There is no such file in the agent's folder. */
export class FileNotFoundError extends BaseError {
  override readonly code = 'FILE_NOT_FOUND'
  override readonly kind = 'not_found'
  constructor(path: string) {
    super('There is no such file in your folder.', { details: { path: path.slice(0, 200) } })
  }
}

/** A tool could not do what it was asked for, for a reason outside of this service. */
export class ToolFailedError extends BaseError {
  override readonly code = 'TOOL_FAILED'
  override readonly kind = 'unavailable'
}

/** What a tool was to read or give is larger than it may be. */
export class TooLargeError extends BaseError {
  override readonly code = 'PAYLOAD_TOO_LARGE'
  override readonly kind = 'invalid'
  constructor(what: string, maxBytes: number) {
    super(`${what} is larger than ${maxBytes} bytes.`, { details: { maxBytes } })
  }
}

/** The time of a tool was over. */
export class ToolTimeoutError extends BaseError {
  override readonly code = 'DEADLINE_EXCEEDED'
  override readonly kind = 'timeout'
  constructor(timeoutMs: number) {
    super(`It took longer than ${timeoutMs} ms.`, { details: { timeoutMs } })
  }
}

/** An agent asked one host too often. */
export class ToolRateLimitedError extends BaseError {
  override readonly code = 'RATE_LIMITED'
  override readonly kind = 'exhausted'
  constructor(host: string, retryAfterSeconds: number) {
    super(`Too many requests to ${host}.`, { details: { host, retryAfterSeconds } })
  }
}

/** A program or a worker of ours ended without an answer. */
export class ProcessError extends BaseError {
  override readonly code = 'PROCESS_ERROR'
  override readonly kind = 'internal'
}
