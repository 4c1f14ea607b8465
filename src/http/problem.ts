import type { ErrorCode } from '../core/error-table.ts'
import { isErrorCode } from '../core/error-table.ts'
import { BaseError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { member } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import { failureOf } from '../tools/failure.ts'
import type { ToolOutcome } from '../tools/tool.ts'
import { InvalidRequestError, NotFoundError, PayloadTooLargeError, UnsupportedMediaTypeError } from './errors.ts'

/** A tool outcome that is not a success; every error of every door is told in this shape. */
export type Refusal = Extract<ToolOutcome, { success: false }>

/**
 * The status of each code. A refused move is an answer (200), so that a model reads it; 202 is the one other code that
 * is no failure.
 */
export const statusByCode: Readonly<Record<ErrorCode, number>> = {
  INVALID_JSON: 400,
  INVALID_REQUEST: 400,
  INVALID_ARGUMENTS: 400,
  IDEMPOTENCY_KEY_INVALID: 400,
  IDEMPOTENCY_KEY_REUSED: 422,
  UNSUPPORTED_MEDIA_TYPE: 415,
  PAYLOAD_TOO_LARGE: 413,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  UNKNOWN_TOOL: 404,
  INVALID_MOVE: 200,
  STATE_ERROR: 409,
  GAME_NOT_FOUND: 404,
  GAME_BUSY: 409,
  LEDGER_REFUSED: 502,
  ORACLE_ERROR: 502,
  LEDGER_UNREACHABLE: 503,
  CIRCUIT_OPEN: 503,
  OUTCOME_UNKNOWN: 504,
  CONFIRMATION_PENDING: 202,
  DEADLINE_EXCEEDED: 504,
  WALLET_ERROR: 500,
  STORAGE_UNAVAILABLE: 503,
  APPROVAL_NEEDED: 409,
  APPROVAL_DECLINED: 403,
  LLM_UNAVAILABLE: 502,
  LLM_TIMEOUT: 504,
  LLM_BAD_RESPONSE: 502,
  LLM_STREAM_CUT: 502,
  LLM_REFUSED: 400,
  LLM_RATE_LIMIT: 503,
  LLM_AUTH: 502,
  LLM_CONTEXT_OVERFLOW: 400,
  MODEL_NOT_FOUND: 404,
  PERMISSION_DENIED: 403,
  FEATURE_DISABLED: 403,
  KILL_SWITCH: 403,
  BUDGET_EXCEEDED: 402,
  PRICE_UNKNOWN: 422,
  AGENT_NOT_FOUND: 404,
  SESSION_NOT_FOUND: 404,
  ARTIFACT_NOT_FOUND: 404,
  CHECKPOINT_CORRUPT: 500,
  FILE_NOT_FOUND: 404,
  TOOL_FAILED: 502,
  SCHEMA_ERROR: 422,
  PROCESS_ERROR: 500,
  FORBIDDEN: 403,
  OVERLOADED: 503,
  SHUTTING_DOWN: 503,
  RATE_LIMITED: 429,
  UNAUTHENTICATED: 401,
  ORIGIN_NOT_ALLOWED: 403,
  HOST_NOT_ALLOWED: 403,
  INTERNAL_ERROR: 500,
}

/** The HTTP status of a code; 500 for one without a row. */
export const statusOf = (code: string): number => (isErrorCode(code) ? statusByCode[code] : 500)

const defaultRetryAfterSeconds: Readonly<Record<string, number>> = {
  GAME_BUSY: 1,
  CIRCUIT_OPEN: 2,
  STORAGE_UNAVAILABLE: 5,
  OVERLOADED: 1,
  SHUTTING_DOWN: 5,
  RATE_LIMITED: 60,
  LLM_RATE_LIMIT: 10,
}

/** Whole seconds for `Retry-After`: `details.retryAfterSeconds` where the error knows; undefined for other codes. */
export function retryAfterSeconds({ code, details }: Pick<Refusal, 'code' | 'details'>): number | undefined {
  if (!Object.hasOwn(defaultRetryAfterSeconds, code)) return undefined
  const told: JsonValue | undefined = member(details, 'retryAfterSeconds')
  return typeof told === 'number' && told > 0 ? Math.ceil(told) : defaultRetryAfterSeconds[code]
}

/** Any thrown value as a refusal. What is not an error of ours becomes INTERNAL_ERROR, without its text, and is logged. */
export function toRefusal(thrown: unknown, { traceId, log }: { traceId: string; log: Log }): Refusal {
  const error = fromFramework(thrown)
  // A bug may have come after a tool call; then nothing is proven about what was sent.
  return failureOf(error, { traceId, submitted: !(error instanceof BaseError), log })
}

/** Fastify refuses some requests before our code sees them, with errors of its own. */
function fromFramework(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || thrown instanceof BaseError || !('statusCode' in thrown)) return thrown
  const code = 'code' in thrown ? thrown.code : undefined
  if (code === 'FST_ERR_MAX_PARAM_LENGTH' || code === 'FST_ERR_NOT_FOUND') return new NotFoundError()
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new PayloadTooLargeError(0)
  if (thrown.statusCode === 415) return new UnsupportedMediaTypeError()
  const isCallersFault = typeof thrown.statusCode === 'number' && thrown.statusCode >= 400 && thrown.statusCode < 500
  return isCallersFault ? new InvalidRequestError('The request is malformed.') : thrown
}

/** The body of `application/problem+json`. @see RFC 9457 §3.1 */
export function toProblem({ success: _, error, code, ...rest }: Refusal, status: number): JsonObject {
  const words = code.toLowerCase().replaceAll('_', ' ')
  return {
    type: `urn:otto:error:${code.toLowerCase()}`,
    title: words.charAt(0).toUpperCase() + words.slice(1),
    status,
    detail: error,
    code,
    ...rest,
  }
}
