import type { ErrorCode } from '../core/error-table.ts'
import { errorTable } from '../core/error-table.ts'
import type { JsonObject } from '../core/json.ts'
import { schemaRef } from './api-schemas.ts'
import type { Refusal } from './problem.ts'
import { retryAfterSeconds, statusByCode, toProblem } from './problem.ts'

/** How a route tells its refusals: as a tool's answer, or as problem details. */
export type Door = 'tool' | 'problem'

/** What each code says to a caller, as one instance of it: the fact, and the details where they matter. */
const instances: Readonly<Record<ErrorCode, readonly [fact: string, details?: JsonObject]>> = {
  INVALID_JSON: ['The body is not JSON.', { reason: 'syntax' }],
  INVALID_REQUEST: ['The body is not a tool request.', { path: 'tool' }],
  INVALID_ARGUMENTS: ['gameId: Not a UUID.', { path: 'gameId' }],
  IDEMPOTENCY_KEY_INVALID: ['The Idempotency-Key is not 1 to 128 visible ASCII characters.'],
  IDEMPOTENCY_KEY_REUSED: ['This idempotency key was used for another request.'],
  UNSUPPORTED_MEDIA_TYPE: ['The body must be application/json in UTF-8, without content coding.'],
  PAYLOAD_TOO_LARGE: ['The body is larger than 65536 bytes.', { maxBytes: 65_536 }],
  NOT_FOUND: ['There is nothing at this path.'],
  METHOD_NOT_ALLOWED: ['This method is not served at this path.', { allowed: ['GET', 'HEAD'] }],
  UNKNOWN_TOOL: ['There is no tool of that name.', { availableTools: ['ttt_create_game', 'ttt_get_state'] }],
  INVALID_MOVE: ['Cell 4 already holds X.', { reason: 'cell_occupied', turn: 'O' }],
  STATE_ERROR: ['The game has not been started.', { reason: 'not_started' }],
  GAME_NOT_FOUND: ['There is no game with this id.'],
  GAME_BUSY: ['Too many calls wait for this game.'],
  LEDGER_REFUSED: ['The ledger refused the message.'],
  ORACLE_ERROR: ['The rules on the ledger could not be evaluated.'],
  LEDGER_UNREACHABLE: ['The ledger cannot be reached.'],
  OUTCOME_UNKNOWN: ['The message was sent, but its fate is not known yet.'],
  CONFIRMATION_PENDING: ['The message was accepted and is not visible yet.'],
  DEADLINE_EXCEEDED: ['Time ran out before anything was sent.'],
  WALLET_ERROR: ['This service does not hold the wallet that the event must be signed with.'],
  APPROVAL_NEEDED: [
    'ttt_make_move waits for the approval of a person.',
    { approvalId: 'b7c5a0de-52cf-4b0c-8d2e-3f1d1f0a9c11' },
  ],
  APPROVAL_DECLINED: ['A person declined this.'],
  LLM_UNAVAILABLE: ['The model server is unreachable.'],
  LLM_TIMEOUT: ['The model did not answer in time.'],
  LLM_BAD_RESPONSE: ["The model server's answer is not in its protocol."],
  LLM_STREAM_CUT: ["The model's answer broke off."],
  LLM_REFUSED: ['prompt is longer than the context'],
  MODEL_NOT_FOUND: ["model 'nope' not found"],
  FORBIDDEN: ['This service does not manage models.'],
  OVERLOADED: ['Too many requests are in flight.'],
  SHUTTING_DOWN: ['The service is shutting down.'],
  RATE_LIMITED: ['Too many wrong tokens came from this address.', { retryAfterSeconds: 42 }],
  UNAUTHENTICATED: ['This service wants its token.'],
  ORIGIN_NOT_ALLOWED: ['Pages of that origin may not call this service.'],
  HOST_NOT_ALLOWED: ['This service does not answer for that host.'],
  INTERNAL_ERROR: ['Something went wrong inside the service.'],
}

const exampleTraceId = '2f1c1b1e-6a55-4ff1-a0a9-5d3f6a1c9e77'

/** One refusal with this code, in the words of the service. */
export function exampleRefusal(code: ErrorCode): Refusal {
  const [error, details = {}] = instances[code]
  return { success: false, error, code, ...errorTable[code], details, traceId: exampleTraceId }
}

const mediaTypes: { readonly [door in Door]: string } = {
  tool: 'application/json',
  problem: 'application/problem+json',
}

/** The schema and an example of each code that an answer of one status may have. */
export function refusalMedia(codes: readonly ErrorCode[], door: Door, status: number): JsonObject {
  const bodyOf = (code: ErrorCode): JsonObject => {
    const refusal = exampleRefusal(code)
    return door === 'tool' ? { ...refusal } : toProblem(refusal, status)
  }
  return {
    schema: {
      allOf: [
        schemaRef(door === 'tool' ? 'ToolFailure' : 'Problem'),
        { type: 'object', properties: { code: { type: 'string', enum: codes } } },
      ],
    },
    examples: Object.fromEntries(codes.map((code) => [code, { summary: instances[code][0], value: bodyOf(code) }])),
  }
}

/** A response as the document has it; `headers` are names of the document's headers. */
export type ResponseDraft = {
  readonly description: string
  readonly headers: readonly string[]
  readonly content: JsonObject
}

/** All refusals of a route by status, each with the headers that come with it. */
export function refusalResponses(codes: readonly ErrorCode[], door: Door): ReadonlyMap<number, ResponseDraft> {
  const byStatus = Map.groupBy(codes, (code) => statusByCode[code])
  return new Map([
    ...[...byStatus].map(([status, some]) => [status, refusalResponse(some, door, status)] as const),
    // Refused before there is a request: always as problem details. @see src/http/malformed.ts
    [408, refusalResponse(['DEADLINE_EXCEEDED'], 'problem', 408)] as const,
    [431, refusalResponse(['PAYLOAD_TOO_LARGE'], 'problem', 431)] as const,
  ])
}

const refusalResponse = (codes: readonly ErrorCode[], door: Door, status: number): ResponseDraft => ({
  description: codes.map((code) => `\`${code}\`: ${instances[code][0]}`).join(' '),
  headers: [
    ...(codes.some((code) => retryAfterSeconds({ code, details: {} }) !== undefined) ? ['Retry-After'] : []),
    ...(status === 401 ? ['WWW-Authenticate'] : []),
  ],
  content: { [mediaTypes[door]]: refusalMedia(codes, door, status) },
})
