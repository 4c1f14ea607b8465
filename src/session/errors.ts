import { BaseError } from '../core/errors.ts'

/** There is no such session, or nothing of it is kept any more. */
export class SessionNotFoundError extends BaseError {
  override readonly code = 'SESSION_NOT_FOUND'
  override readonly kind = 'not_found'
  constructor(id: string) {
    super('There is no session with this id.', { details: { id: id.slice(0, 64) } })
  }
}

/** There is no such artifact. */
export class ArtifactNotFoundError extends BaseError {
  override readonly code = 'ARTIFACT_NOT_FOUND'
  override readonly kind = 'not_found'
  constructor(path: string) {
    super('There is no such artifact.', { details: { path: path.slice(0, 200) } })
  }
}

/** What is stored is not what was written. */
export class CheckpointCorruptError extends BaseError {
  override readonly code = 'CHECKPOINT_CORRUPT'
  override readonly kind = 'internal'
  constructor(path: string, cause?: unknown) {
    super('A stored file is not as it was written.', { cause, details: { path: path.slice(0, 200) } })
  }
}

/** An id or a name that no folder is made for. */
export class ArtifactNameError extends BaseError {
  override readonly code = 'INVALID_ARGUMENTS'
  override readonly kind = 'invalid'
  constructor(what: string) {
    super(`${what} must have 1 to 200 characters and no control characters.`, { details: { path: what } })
  }
}

/** There is nothing under this id in the working memory. */
export class ContextMissingError extends BaseError {
  override readonly code = 'NOT_FOUND'
  override readonly kind = 'not_found'
  constructor(id: string) {
    super('There is no context with this id.', { details: { id: id.slice(0, 64) } })
  }
}

/** A path into a context that leads nowhere, or where it must not. */
export class ContextPathError extends BaseError {
  override readonly code = 'INVALID_ARGUMENTS'
  override readonly kind = 'invalid'
  constructor(path: string, fact: string) {
    super(`${path.slice(0, 100)}: ${fact}`, { details: { path: path.slice(0, 100) } })
  }
}

/** More writes wait for one entry or one folder than are let wait. */
export class StoreBusyError extends BaseError {
  override readonly code = 'OVERLOADED'
  override readonly kind = 'unavailable'
  constructor(maxWaiting: number) {
    super(`${maxWaiting} writes wait for the same thing already.`, { details: { maxWaiting } })
  }
}

/** Something that is written line by line is not closed yet. */
export class ArtifactOpenError extends BaseError {
  override readonly code = 'STATE_ERROR'
  override readonly kind = 'conflict'
  constructor(path: string) {
    super('This artifact is still being written.', {
      details: { path: path.slice(0, 200) },
      hint: 'Wait until the work that writes it has ended, or take another name.',
    })
  }
}

/** A pattern of what is not to be stored cannot be used. */
export class RedactionPatternError extends BaseError {
  override readonly code = 'CONFIG_ERROR'
  override readonly kind = 'invalid'
  constructor(pattern: string, fact: string) {
    super(`The pattern ${JSON.stringify(pattern.slice(0, 100))} of what is redacted ${fact}`, {
      details: { pattern: pattern.slice(0, 100) },
      hint: 'Write it as RE2 reads it: without look-around and back references.',
    })
  }
}
