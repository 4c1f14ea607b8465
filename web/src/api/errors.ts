/** What the service said when it did not do what was asked; `code` as in its table of errors. */
export class ServiceError extends Error {
  readonly code: string
  readonly status: number
  readonly hint: string | undefined
  readonly details: Readonly<Record<string, unknown>>
  readonly retryAfterSeconds: number | undefined
  constructor(body: Refusal, status: number, retryAfterSeconds: number | undefined) {
    super(body.error ?? body.detail ?? 'The service answered in words that this page does not know.')
    this.name = 'ServiceError'
    this.code = body.code ?? 'INTERNAL_ERROR'
    this.status = status
    this.hint = body.hint
    this.details = body.details ?? {}
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/** A failure in the envelope of a tool, or as problem details. */
type Refusal = {
  readonly error?: string
  readonly detail?: string
  readonly code?: string
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** Nobody answered at all. */
export class UnreachableError extends Error {
  constructor(cause: unknown) {
    super('The service does not answer.', { cause })
    this.name = 'UnreachableError'
  }
}

/** @throws ServiceError for what is not a success */
export function toError(body: unknown, response: Response): ServiceError {
  const refusal = typeof body === 'object' && body !== null ? (body as Refusal) : {} // its members are all looked for
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return new ServiceError(refusal, response.status, Number.isFinite(seconds) ? seconds : undefined)
}

/** May the very same question have a better answer in a moment? */
export const isWorthAsking = (error: unknown): boolean =>
  !(error instanceof ServiceError) || error.status === 429 || error.status >= 500
