import type { RateKind } from '../core/buckets.ts'
import type { ToolDescription } from '../tools/tool.ts'

/** What a token may do. None implies another. */
export const scopes = ['read', 'play', 'chat', 'agents', 'admin'] as const
export type Scope = (typeof scopes)[number]

/**
 * What a route asks of a token, and as what a request to it counts. `tool`: what the called tool asks and counts, read off
 * the request; a tool that writes needs `play` and is a write, any other needs `read` and is a read. `nothing`: not even
 * a token.
 */
export type RouteRule = {
  readonly scope: Scope | 'tool' | 'nothing'
  readonly counts: RateKind | 'tool' | 'nothing'
  /** Is the answer as long as the caller likes? Then it is counted among the streams, not the requests in flight. */
  readonly isStream?: true
}

const rule = (scope: RouteRule['scope'], counts: RouteRule['counts'] = 'read'): RouteRule => ({ scope, counts })

const stream: RouteRule = { ...rule('read'), isStream: true }

/** Every route of the service by method and pattern; HEAD is as GET. A route without a row needs `admin`. */
export const routeRules: Readonly<Record<string, RouteRule>> = {
  'GET /': rule('nothing'),
  'GET /ui': rule('nothing'),
  'GET /ui/*': rule('nothing'),
  'GET /health/live': rule('nothing', 'nothing'),
  'GET /health/ready': rule('nothing'),
  'GET /health': rule('read'),
  'GET /metrics': rule('read'),
  'GET /otto/tools': rule('read'),
  'POST /otto/tool': rule('tool', 'tool'),
  'POST /otto/tools/:name': rule('tool', 'tool'),
  'POST /mcp': rule('tool', 'tool'),
  'GET /tools/openapi.json': rule('read'),
  'GET /otto/games': rule('read'),
  'GET /otto/games/:id/state': rule('read'),
  'GET /otto/games/:id/events': stream,
  'GET /otto/games/:id/watch': stream,
  'GET /otto/events': stream,
  'GET /otto/games/:id/messages': rule('read'),
  'GET /otto/ledger/snapshots': rule('read'),
  'GET /otto/ledger/snapshots/:ordinal': rule('read'),
  'GET /otto/ledger/search': rule('read'),
  'GET /otto/ledger/rejections': rule('read'),
  'GET /wallets': rule('read'),
  'GET /wallets/usage': rule('read'),
  'GET /otto/approvals': rule('read'),
  'POST /otto/approvals/:id': rule('admin', 'write'),
  'GET /api/v1/agents': rule('read'),
  'POST /api/v1/agents/:id/invoke': { ...rule('agents', 'chat'), isStream: true },
  'GET /api/v1/sessions/:id': rule('read'),
  'GET /api/v1/sessions/:id/artifacts': rule('read'),
  'GET /api/v1/sessions/:id/artifacts/:name': rule('read'),
  'GET /api/v1/usage': rule('read'),
  'GET /api/v1/budgets': rule('read'),
  'GET /api/v1/stats': rule('read'),
  'GET /api/v1/kill': rule('read'),
  'POST /api/v1/kill': rule('admin', 'write'),
  'GET /openapi.json': rule('read'),
  'GET /docs': rule('read'),
  'GET /docs/': rule('read'),
  'GET /docs/json': rule('read'),
  'GET /docs/static/*': rule('read'),
  'POST /generate': rule('chat', 'chat'),
  'POST /api/chat': rule('chat', 'chat'),
  'POST /v1/chat/completions': rule('chat', 'chat'),
  'POST /api/generate': rule('chat', 'chat'),
  'POST /v1/completions': rule('chat', 'chat'),
  'POST /v1/messages': rule('chat', 'chat'),
  'POST /v1/responses': rule('chat', 'chat'),
  // A page that is given documents asks for hundreds at once.
  'POST /api/embed': rule('chat'),
  'POST /api/embeddings': rule('chat'),
  'POST /v1/embeddings': rule('chat'),
  'GET /api/version': rule('chat'),
  'GET /api/tags': rule('chat'),
  'GET /api/ps': rule('chat'),
  'POST /api/show': rule('chat'),
  'GET /v1/models': rule('chat'),
  'GET /v1/models/*': rule('chat'),
  'POST /api/pull': rule('admin'),
  'POST /api/create': rule('admin'),
  'POST /api/copy': rule('admin'),
  'POST /api/push': rule('admin'),
  'DELETE /api/delete': rule('admin'),
  'POST /api/blobs/:digest': rule('admin'),
  'HEAD /api/blobs/:digest': rule('admin'),
}

/** At a path that is not served any token will do: it learns nothing there. */
const unserved: RouteRule = rule('tool', 'read')
const unlisted: RouteRule = rule('admin')

/** What is asked at a route by its pattern, undefined where no route has the path. */
export function ruleOf(method: string, pattern: string | undefined): RouteRule {
  if (pattern === undefined) return unserved
  const asGet = method === 'HEAD' ? routeRules[`GET ${pattern}`] : undefined
  return asGet ?? routeRules[`${method} ${pattern}`] ?? unlisted
}

/** What a call of a tool asks, and counts as. */
export const ruleOfTool = ({ effect }: Pick<ToolDescription, 'effect'>): { scope: Scope; counts: RateKind } =>
  effect === 'write' ? { scope: 'play', counts: 'write' } : { scope: 'read', counts: 'read' }

/** The rows of docs/access.md. */
export const toAccessTable = (): string =>
  Object.entries(routeRules)
    .map(([route, { scope, counts }]) => `| \`${route}\` | ${scope} | ${counts} |\n`)
    .join('')
