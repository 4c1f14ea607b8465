import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import type { ChatSetup } from '../../src/http/chat-doors.ts'
import { ApprovalNotFoundError } from '../../src/http/errors.ts'
import type { ApiToken } from '../../src/http/tokens.ts'
import type { ToolCatalog } from '../../src/tools/tool.ts'
import type { Bridge } from './bridge.ts'
import { startBridge } from './bridge.ts'
import { ended, said } from './openai/_door.ts'

export const approval = {
  id: 'b7c5a0de-52cf-4b0c-8d2e-3f1d1f0a9c11',
  tool: 'ttt_make_move',
  args: {},
  principal: 'somebody',
  askedAt: '2026-01-01T12:00:00.000Z',
  expiresAt: '2026-01-01T12:10:00.000Z',
  status: 'approved',
} as const

/** A chat whose model calls the tool that it is told of, and says what came of it. */
function createCallingChat(tools: ToolCatalog): ReturnType<ChatSetup['openChat']> {
  return {
    defaultModel: 'm',
    stop: () => {},
    async *turn({ messages }, { traceId, principal, gone }) {
      const name = messages.at(-1)?.content ?? ''
      const outcome = name.startsWith('ttt_')
        ? await tools.call(name, {}, { traceId, principal, signal: gone })
        : undefined
      yield said(outcome === undefined ? 'Hello.' : outcome.success ? 'done' : outcome.code)
      yield ended()
    },
  }
}

const chat: ChatSetup = {
  openChat: createCallingChat,
  forward: async () => ({
    status: 200,
    contentType: 'application/json',
    body: (async function* () {
      yield Buffer.from('{}')
    })(),
  }),
  listModels: async () => [{ id: 'm' }],
  allowAdmin: true,
  toolCards: 'off',
}

/** Here nobody waits for what happens. */
const unwatchable = async () => {
  throw new ApprovalNotFoundError()
}

export type AllDoors = Bridge & {
  /** What Fastify was told to serve, as `GET /path`. */
  readonly routes: readonly string[]
}

/** A bridge with every door that there is. Close it with `await using`. */
export async function startAllDoors(
  options: { readonly tokens?: readonly ApiToken[] } & Parameters<typeof startBridge>[0] = {},
): Promise<AllDoors> {
  const routes: string[] = []
  const note = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance } // Fastify documents it so, under Hooks
    fastify.addHook('onRoute', ({ method, url }) => {
      routes.push(...[method].flat().map((one) => `${one} ${url}`))
    })
  }
  subscribe('fastify.initialization', note)
  try {
    const bridge = await startBridge({
      chat,
      live: { watchGame: unwatchable, watchAll: unwatchable, close: () => {} },
      metrics: { requests: () => {}, expose: async () => ({ contentType: 'text/plain', text: '' }) },
      approvals: {
        list: async () => [],
        pendingOf: async () => [],
        decide: async () => approval,
        take: async () => ({ settle: async () => {} }),
      },
      ...options,
    })
    return { ...bridge, routes }
  } finally {
    unsubscribe('fastify.initialization', note)
  }
}

/** A request that a route takes, as far as it matters who sends it. */
export function requestTo(route: string): { method: string; path: string; body?: object } {
  const [method = '', pattern = ''] = route.split(' ')
  const path = pattern
    .replace('/otto/approvals/:id', `/otto/approvals/${approval.id}`)
    .replace(':id', crypto.randomUUID())
    .replace(':name', 'ttt_create_game')
    .replace(':digest', 'sha256:0')
    .replace('/v1/models/*', '/v1/models/m')
    .replace('*', 'index.css')
  return method === 'POST' || method === 'DELETE' ? { method, path, body: bodyFor(pattern) } : { method, path }
}

const messages = [{ role: 'user', content: 'Hello.' }]

const bodyFor = (pattern: string): object =>
  ({
    '/otto/tool': { tool: 'ttt_create_game' },
    '/otto/tools/:name': {},
    '/otto/approvals/:id': { approve: true },
    '/mcp': { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'ttt_create_game', arguments: {} } },
    '/generate': { prompt: 'Hello.', stream: false },
    '/api/chat': { model: 'm', messages, stream: false },
    '/v1/chat/completions': { model: 'm', messages },
  })[pattern] ?? { model: 'm' }
