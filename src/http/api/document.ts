import type { JsonObject, JsonValue } from '../../core/json.ts'
import type { ToolDescription } from '../../tools/tool.ts'
import { decideApproval, listApprovals } from './approvals.ts'
import type { ChatFacts } from './chat.ts'
import { chatRoutes } from './chat.ts'
import { modelRoutes } from './chat-models.ts'
import { chatSchemas } from './chat-schemas.ts'
import { eventRoutes, eventSchemas } from './events.ts'
import type { ExampleWorld } from './examples.ts'
import { createStory } from './examples.ts'
import { listGames, readGame, wallets } from './games.ts'
import { ledgerRoutes, ledgerSchemas } from './ledger.ts'
import { toOperation } from './operations.ts'
import { componentSchemas } from './schemas.ts'
import type { ApiRoute } from './service.ts'
import { docs, health, metrics } from './service.ts'
import { callTool, listTools, toolAlone } from './tools.ts'
import { v1Routes, v1Schemas } from './v1.ts'

export type ApiFacts = {
  /** Those offered to models: each gets a path of its own. */
  readonly tools: readonly ToolDescription[]
  readonly needsToken: boolean
  /** Is `GET /metrics` served? */
  readonly hasMetrics: boolean
  /** Undefined where there is no chat. */
  readonly chat?: ChatFacts | undefined
  /** Do agents run? */
  readonly hasAgents: boolean
  readonly world: ExampleWorld
}

/**
 * The whole service as an OpenAPI 3.1 document. The schemas are those by which requests are checked; here they only
 * tell. Request examples work as they stand when they are sent in the order of the document.
 * @see OpenAPI 3.1.0
 */
export function createApiDocument(facts: ApiFacts): JsonObject {
  const paths: Record<string, JsonObject> = {}
  for (const [path, method, draft] of routesOf(facts)) paths[path] = { ...paths[path], [method]: toOperation(draft) }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Otto',
      version: '1',
      summary,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: facts.needsToken ? [{ bearer: [] }] : [],
    tags: facts.chat ? [...tags, ...chatTags] : tags,
    paths,
    components: {
      schemas: {
        ...componentSchemas,
        ...eventSchemas,
        ...ledgerSchemas,
        ...v1Schemas,
        ...(facts.chat ? chatSchemas : {}),
      },
      parameters,
      headers,
      securitySchemes,
    },
  }
}

const summary = 'Tic-tac-toe on a signed ledger, for people and for language models.'
const description = `Every move is a message signed by playerX's or playerO's wallet and checked on the ledger.

Bodies are strict JSON in UTF-8: no duplicate members, nothing is coerced or dropped. An unknown path is 404
\`NOT_FOUND\`; a known path with another method is 405 \`METHOD_NOT_ALLOWED\`, and \`Allow\` names those that are served.
Sending the request examples in the order of this page plays a game (none while each write waits for a person); \`x-status\` is the status that each one gets.

The chat needs a model server: see \`OLLAMA_URL\` and \`OTTO_MODEL\`. Below \`/api\`, \`/v1\` and at \`/generate\` bodies and refusals
are in the words of Ollama and OpenAI: members that are not known are passed over or passed on, and bodies may have 10 MiB.
Model Context Protocol clients call the tools at \`/mcp\`, which is no operation of this document.`

const tags: readonly JsonValue[] = [
  { name: 'tools', description: 'Everything that changes a game, and the read beside it.' },
  { name: 'approvals', description: 'Asking a person first: OTTO_SIGNING=confirm.' },
  { name: 'games', description: 'What the ledger holds.' },
  { name: 'agents', description: 'Agents inside budgets (OTTO_ENABLED=true), and the kill switch.' },
  { name: 'service', description: 'The service itself.' },
]

const chatTags: readonly JsonValue[] = [
  { name: 'chat', description: 'A language model that plays with the tools of this service.' },
  { name: 'models', description: 'The model server behind the chat. Refusals are those of Ollama or of OpenAI.' },
]

const parameters: JsonObject = {
  TraceId: {
    name: 'X-Trace-Id',
    in: 'header',
    description:
      'An id of your own for this request, in its answer, the logs and the tool log. One is made without it.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      'The same request again under the same key is done once and answered again. The argument idempotencyKey is the same thing; given both, they must be equal.',
    schema: { type: 'string', pattern: '^[!-~]{1,128}$' },
  },
  Prefer: {
    name: 'Prefer',
    in: 'header',
    description:
      'wait=<seconds> shortens how long the answer may take; respond-async takes the answer of a write as soon as the ledger has the message (RFC 7240). Preference-Applied names those that counted; others are ignored.',
    schema: { type: 'string' },
  },
}

const headers: JsonObject = {
  'X-Trace-Id': { description: 'The id of this request in the logs.', schema: { type: 'string' } },
  'Retry-After': {
    description:
      'Seconds to wait; with RATE_LIMITED, OVERLOADED, GAME_BUSY, SHUTTING_DOWN, CIRCUIT_OPEN and STORAGE_UNAVAILABLE.',
    schema: { type: 'integer', minimum: 1 },
  },
  'WWW-Authenticate': { description: 'Bearer', schema: { type: 'string' } },
}

const securitySchemes: JsonObject = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description:
      'A token of the service, where an operator set OTTO_API_TOKEN or OTTO_API_TOKENS_FILE; the latter have scopes (docs/access.md). Without any the service wants none.',
  },
}

function routesOf({ tools, hasMetrics, chat, hasAgents, world }: ApiFacts): readonly ApiRoute[] {
  const envelope = createStory('envelope', world)
  const flat = createStory('flat', world)
  return [
    ['/otto/tools', 'get', listTools(tools)],
    ['/otto/tool', 'post', callTool(tools, envelope)],
    ...tools.map((tool): ApiRoute => [`/otto/tools/${tool.name}`, 'post', toolAlone(tool, flat)]),
    ['/otto/approvals', 'get', listApprovals],
    ['/otto/approvals/{id}', 'post', decideApproval],
    ['/otto/games', 'get', listGames(flat)],
    ['/otto/games/{id}/state', 'get', readGame(flat)],
    ...eventRoutes(flat),
    ...ledgerRoutes(flat, world),
    ['/wallets', 'get', wallets(world)],
    ...(chat ? [...chatRoutes(chat), ...modelRoutes(chat)] : []),
    ...v1Routes(hasAgents),
    ...health,
    ...(hasMetrics ? [metrics] : []),
    ...docs,
  ]
}
