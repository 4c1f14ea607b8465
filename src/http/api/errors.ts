import type { ErrorCode } from '../../core/error-table.ts'
import { errorTable } from '../../core/error-table.ts'
import type { JsonObject } from '../../core/json.ts'
import { ScopeMissingError } from '../errors.ts'
import { errorText } from '../ollama/errors.ts'
import { toOpenAiError } from '../openai/errors.ts'
import type { Refusal } from '../problem.ts'
import { retryAfterSeconds, statusByCode, toProblem } from '../problem.ts'
import type { Scope } from '../scopes.ts'
import { schemaRef } from './schemas.ts'

/** How a route tells its refusals: as a tool's answer, as problem details, or in the shape that others gave it. */
export type Door = 'tool' | 'problem' | 'ollama' | 'openai'

/** The fact, and the details and the hint where they matter. */
type Instance = readonly [fact: string, details?: JsonObject, hint?: string]

const exampleId = '9a4f6f5e-0f0b-4a51-8a53-2d9a5a1f3c55'

const withoutScope = (scope: Scope): Instance => {
  const { message, details, hint = '' } = new ScopeMissingError(scope)
  return [message, details, hint]
}

/** What each code says to a caller, as one instance of it. */
const instances: Readonly<Record<ErrorCode, Instance>> = {
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
  CIRCUIT_OPEN: ['The ledger failed too often just now.', { retryAfterSeconds: 2 }],
  OUTCOME_UNKNOWN: ['The message was sent, but its fate is not known yet.'],
  CONFIRMATION_PENDING: ['The message was accepted and is not visible yet.'],
  DEADLINE_EXCEEDED: ['Time ran out before anything was sent.'],
  WALLET_ERROR: ['This service does not hold the wallet that the event must be signed with.'],
  STORAGE_UNAVAILABLE: ['What is to be done cannot be written down.'],
  APPROVAL_NEEDED: [
    'ttt_make_move waits for the approval of a person.',
    { approvalId: 'b7c5a0de-52cf-4b0c-8d2e-3f1d1f0a9c11' },
  ],
  APPROVAL_DECLINED: ['A person declined this.'],
  LLM_UNAVAILABLE: ['The model server is unreachable.'],
  LLM_TIMEOUT: ['The model did not answer in time.'],
  LLM_BAD_RESPONSE: ["The model server's answer is not in its protocol."],
  LLM_STREAM_CUT: ["The model's answer broke off."],
  LLM_REFUSED: ['prompt is longer than the context', { status: 400 }],
  LLM_RATE_LIMIT: ['The model server wants fewer questions.', { retryAfterSeconds: 10 }],
  LLM_AUTH: ['The model server refuses the key of this service.'],
  LLM_CONTEXT_OVERFLOW: ['The question is longer than the context of the model.'],
  MODEL_NOT_FOUND: ["model 'nope' not found"],
  PERMISSION_DENIED: ['This agent was not granted the tool.', { rule: 'grant', tool: 'fs.write' }],
  FEATURE_DISABLED: ['Agents are not enabled in this service.'],
  KILL_SWITCH: ['The kill switch is on.'],
  BUDGET_EXCEEDED: ['The money of this task is spent.', { scope: 'task', id: exampleId, what: 'usd', limit: 0.05 }],
  PRICE_UNKNOWN: ['There is no price for openai gpt-next.', { provider: 'openai', model: 'gpt-next' }],
  AGENT_NOT_FOUND: ['There is no agent of that name.', { agents: ['otto'] }],
  SESSION_NOT_FOUND: ['There is no session with this id.', { id: exampleId }],
  ARTIFACT_NOT_FOUND: ['There is no such artifact.', { path: 'result.json' }],
  CHECKPOINT_CORRUPT: ['A stored file is not as it was written.', { path: 'result.json' }],
  FILE_NOT_FOUND: ['There is no such file in your folder.', { path: 'notes.txt' }],
  TOOL_FAILED: ['The host does not answer.', { host: 'example.org' }],
  SCHEMA_ERROR: ['The document does not fit the schema.', { problems: [{ path: 'a.b', problem: 'must be a number' }] }],
  PROCESS_ERROR: ['The worker of the tool ended without an answer.'],
  FORBIDDEN: withoutScope('play'),
  OVERLOADED: ['Too many requests are in flight.'],
  SHUTTING_DOWN: ['The service is shutting down.'],
  RATE_LIMITED: ['Too many writes came from this caller.', { limit: 'write', retryAfterSeconds: 1 }],
  UNAUTHENTICATED: ['This service wants its token.'],
  ORIGIN_NOT_ALLOWED: ['Pages of that origin may not call this service.'],
  HOST_NOT_ALLOWED: ['This service does not answer for that host.'],
  INTERNAL_ERROR: ['Something went wrong inside the service.'],
}

/** Where the doors of the chat say it otherwise. */
const chatInstances: Partial<Record<ErrorCode, Instance>> = {
  INVALID_REQUEST: ['messages[0].content must be a string.', { path: 'messages[0].content' }],
  INVALID_ARGUMENTS: ['A query parameter is not as expected.', { path: 'tools' }, 'Use ?tools=off, or leave it out.'],
  PAYLOAD_TOO_LARGE: ['The body is larger than 10485760 bytes.', { maxBytes: 10_485_760 }],
  FORBIDDEN: withoutScope('chat'),
  CIRCUIT_OPEN: [
    'The model server failed too often just now.',
    { upstream: 'model', retryAfterSeconds: 2 },
    'Ask again in 2 s. The tools go on without it.',
  ],
}

const exampleTraceId = '2f1c1b1e-6a55-4ff1-a0a9-5d3f6a1c9e77'

const instanceOf = (code: ErrorCode, door: Door): Instance =>
  (door === 'ollama' || door === 'openai' ? chatInstances[code] : undefined) ?? instances[code]

/** One refusal with this code, in the words of the service. */
export function exampleRefusal(code: ErrorCode, door: Door = 'tool'): Refusal {
  const row = errorTable[code]
  const [error, details = {}, hint = row.hint] = instanceOf(code, door)
  return { success: false, error, code, ...row, hint, details, traceId: exampleTraceId }
}

/** A refusal on the wire: its type, the name of its schema, its body, and what of it tells the code. */
type Shape = {
  readonly mediaType: string
  readonly schema: string
  readonly bodyOf: (refusal: Refusal, status: number) => JsonObject
  readonly withCodes: (codes: readonly ErrorCode[], status: number) => JsonObject
}

const codeIn = (codes: readonly string[]): JsonObject => ({
  type: 'object',
  properties: { code: { type: 'string', enum: codes } },
})

const shapes: { readonly [door in Door]: Shape } = {
  tool: {
    mediaType: 'application/json',
    schema: 'ToolFailure',
    bodyOf: (refusal) => ({ ...refusal }),
    withCodes: codeIn,
  },
  problem: { mediaType: 'application/problem+json', schema: 'Problem', bodyOf: toProblem, withCodes: codeIn },
  ollama: {
    mediaType: 'application/json',
    schema: 'OllamaError',
    bodyOf: (refusal) => ({ error: errorText(refusal), code: refusal.code }),
    withCodes: codeIn,
  },
  openai: {
    mediaType: 'application/json',
    schema: 'OpenAiError',
    bodyOf: toOpenAiError,
    withCodes: (codes, status) => ({
      type: 'object',
      properties: { error: codeIn(status === 401 ? ['invalid_api_key'] : codes.map((code) => code.toLowerCase())) },
    }),
  },
}

/** The schema and an example of each code that an answer of one status may have. */
export function refusalMedia(codes: readonly ErrorCode[], door: Door, status: number): JsonObject {
  const { schema, bodyOf, withCodes } = shapes[door]
  const exampleOf = (code: ErrorCode): JsonObject => ({
    summary: instanceOf(code, door)[0],
    value: bodyOf(exampleRefusal(code, door), status),
  })
  return {
    schema: { allOf: [schemaRef(schema), withCodes(codes, status)] },
    examples: Object.fromEntries(codes.map((code) => [code, exampleOf(code)])),
  }
}

/** What the model server itself refuses, as it comes. */
export const foreignRefusal = (door: Door): ResponseDraft => ({
  description: 'What the model server itself refuses, under its status and in its words.',
  headers: [],
  content: { 'application/json': { schema: schemaRef(shapes[door].schema) } },
})

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
  description: codes.map((code) => `\`${code}\`: ${instanceOf(code, door)[0]}`).join(' '),
  headers: [
    ...(codes.some((code) => retryAfterSeconds({ code, details: {} }) !== undefined) ? ['Retry-After'] : []),
    ...(status === 401 ? ['WWW-Authenticate'] : []),
  ],
  content: { [shapes[door].mediaType]: refusalMedia(codes, door, status) },
})
