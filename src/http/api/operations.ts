import type { ErrorCode } from '../../core/error-table.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ToolDescription } from '../../tools/tool.ts'
import type { Door, ResponseDraft } from './errors.ts'
import { exampleRefusal, foreignRefusal, refusalResponses } from './errors.ts'
import type { RequestExample } from './examples.ts'
import { schemaRef } from './schemas.ts'

/** One route as it is told: what differs from route to route, and nothing else. */
export type OperationDraft = {
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Where others explain it. */
  readonly manualUrl?: string
  /** Names of the document's parameters, or parameters of its own. */
  readonly parameters?: readonly (string | JsonObject)[]
  readonly body?: { readonly schema: JsonObject; readonly examples: readonly RequestExample[] }
  readonly success: Success
  /** Of a status that is no refusal and no success: a body of its own. */
  readonly otherBody?: { readonly status: number } & Success
  readonly codes: readonly ErrorCode[]
  readonly door: Door
  /** May the model server's own answer come back as it is? */
  readonly passesOn?: boolean
  /** Asked without a token by whoever starts and stops the process. */
  readonly isProbe?: boolean
}

type Success = {
  readonly description: string
  readonly schema: JsonObject
  /** By name. */
  readonly examples?: Readonly<Record<string, JsonObject | string>>
  readonly mediaType?: string
  /** The same piece by piece, where the caller asks for it so. */
  readonly stream?: Stream
}

type Stream = {
  readonly mediaType: string
  /** Of one line, or of the data of one event. */
  readonly itemSchema: JsonObject
  readonly example?: string
}

/** What every route may answer. */
export const everywhere: readonly ErrorCode[] = [
  'INVALID_REQUEST',
  'HOST_NOT_ALLOWED',
  'ORIGIN_NOT_ALLOWED',
  'INTERNAL_ERROR',
]
/** What every route may answer that is no probe. */
export const guarded: readonly ErrorCode[] = [
  ...everywhere,
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'RATE_LIMITED',
  'OVERLOADED',
]
/** What a read of the ledger adds. */
export const reading: readonly ErrorCode[] = [
  'INVALID_ARGUMENTS',
  'LEDGER_UNREACHABLE',
  'CIRCUIT_OPEN',
  'DEADLINE_EXCEEDED',
]

/** What a route with a body adds. */
export const posting: readonly ErrorCode[] = ['INVALID_JSON', 'UNSUPPORTED_MEDIA_TYPE', 'PAYLOAD_TOO_LARGE']
const writing: readonly ErrorCode[] = [
  'IDEMPOTENCY_KEY_REUSED',
  'GAME_BUSY',
  'STATE_ERROR',
  'LEDGER_REFUSED',
  'ORACLE_ERROR',
  'OUTCOME_UNKNOWN',
  'CONFIRMATION_PENDING',
  'WALLET_ERROR',
  'STORAGE_UNAVAILABLE',
  'APPROVAL_NEEDED',
  'APPROVAL_DECLINED',
  'SHUTTING_DOWN',
  'KILL_SWITCH',
]

/** What a person's answer to a write may get. */
export const deciding: readonly ErrorCode[] = [...guarded, ...posting, 'NOT_FOUND']

/** Every code that a call of this tool may end with. */
export function codesOfTool({ name, effect }: Pick<ToolDescription, 'name' | 'effect'>): readonly ErrorCode[] {
  const isCreation = name === 'ttt_create_game'
  return [
    ...guarded,
    ...posting,
    ...reading,
    'IDEMPOTENCY_KEY_INVALID',
    ...(isCreation ? [] : (['GAME_NOT_FOUND'] as const)),
    ...(effect === 'write' ? writing : []),
    ...(effect === 'write' && !isCreation ? (['INVALID_MOVE'] as const) : []),
    ...(name === 'ttt_simulate_move' ? (['ORACLE_ERROR'] as const) : []),
  ]
}

/** The whole operation. @see OpenAPI 3.1 §4.8.10 */
export function toOperation(draft: OperationDraft): JsonObject {
  const { operationId, tag, summary, description, manualUrl, parameters = [], body, isProbe } = draft
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(manualUrl === undefined ? {} : { externalDocs: { url: manualUrl } }),
    parameters: [...parameters, 'TraceId'].map((one) =>
      typeof one === 'string' ? { $ref: `#/components/parameters/${one}` } : one,
    ),
    ...(body === undefined ? {} : { requestBody: toRequestBody(body) }),
    responses: toResponses(draft),
    ...(isProbe ? { security: [{}, { bearer: [] }] } : {}),
  }
}

function toRequestBody({ schema, examples }: NonNullable<OperationDraft['body']>): JsonObject {
  const toExample = ({ name, summary, status, value }: RequestExample): [string, JsonObject] => [
    name,
    { summary, value, 'x-status': status },
  ]
  return {
    required: true,
    content: {
      'application/json': {
        schema,
        ...(examples.length > 0 ? { examples: Object.fromEntries(examples.map(toExample)) } : {}),
      },
    },
  }
}

function toResponses({ success, otherBody, codes, door, passesOn }: OperationDraft): JsonObject {
  const refusals = refusalResponses(
    codes.filter((code) => code !== 'INVALID_MOVE'),
    door,
  )
  const all = new Map(refusals)
  all.set(200, successDraft(success, codes))
  if (otherBody !== undefined) all.set(otherBody.status, both(successDraft(otherBody, []), all.get(otherBody.status)))
  return {
    ...Object.fromEntries([...all].sort(([one], [other]) => one - other).map(([status, one]) => [status, toJson(one)])),
    ...(passesOn ? { default: toJson(foreignRefusal(door)) } : {}),
  }
}

/** A refused move is an answer: the same status, another body. */
function successDraft(
  { description, schema, examples, mediaType, stream }: Success,
  codes: readonly ErrorCode[],
): ResponseDraft {
  const mayRefuse = codes.includes('INVALID_MOVE')
  const refusal: Readonly<Record<string, JsonObject>> = mayRefuse
    ? { refused: { ...exampleRefusal('INVALID_MOVE') } }
    : {}
  const named = Object.entries({ ...examples, ...refusal }).map(([name, value]) => [name, { value }] as const)
  return {
    description: mayRefuse ? `${description} Or \`INVALID_MOVE\`: a refused move is an answer.` : description,
    headers: [],
    content: {
      [mediaType ?? 'application/json']: {
        schema: mayRefuse ? { anyOf: [schema, schemaRef('ToolFailure')] } : schema,
        ...(named.length > 0 ? { examples: Object.fromEntries(named) } : {}),
      },
      ...(stream === undefined ? {} : { [stream.mediaType]: streamMedia(stream) }),
    },
  }
}

/** The schema of a piece stands beside that of the whole text. @see OpenAPI 3.2, itemSchema: 3.1 has no word for it */
const streamMedia = ({ itemSchema, example }: Stream): JsonObject => ({
  schema: { type: 'string' },
  'x-item-schema': itemSchema,
  ...(example === undefined ? {} : { examples: { stream: { value: example } } }),
})

const both = (one: ResponseDraft, other: ResponseDraft | undefined): ResponseDraft => ({
  description: other === undefined ? one.description : `${one.description} ${other.description}`,
  headers: [...new Set([...one.headers, ...(other?.headers ?? [])])],
  content: { ...one.content, ...other?.content },
})

const toJson = ({ description, headers, content }: ResponseDraft): JsonObject => ({
  description,
  headers: Object.fromEntries(
    ['X-Trace-Id', ...headers].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  ),
  content,
})
