import type { IncomingHttpHeaders } from 'node:http'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { defineTool } from '../../../src/tools/tool.ts'

/** An answer of `/mcp`, whichever of its two forms it took: `messages` holds one from JSON, all from a stream. */
export type McpAnswer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they need
  readonly messages: readonly any[]
}

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** What every client sends. */
export const accept = { accept: 'application/json, text/event-stream', 'content-type': 'application/json' }

/** Sends a body to `/mcp` as a client would without any SDK, and gives the answer's body as it comes. */
export async function open(port: number, body: unknown, headers: Record<string, string> = {}) {
  return (await ask(port, body, headers)).body
}

/** The same, and waits for the whole answer. */
export async function post(port: number, body: unknown, headers: Record<string, string> = {}): Promise<McpAnswer> {
  const answer = await ask(port, body, headers)
  const text = await answer.body.text()
  const isStream = answer.headers['content-type'] === 'text/event-stream'
  const events = isStream ? [...text.matchAll(/^data: (.*)$/gm)].map(([, one = '']) => one) : [text]
  const messages = events.filter((one) => one !== '').map((one) => JSON.parse(one))
  return { status: answer.statusCode, headers: answer.headers, text, messages }
}

const ask = (port: number, body: unknown, headers: Record<string, string>) =>
  request(`http://127.0.0.1:${port}/mcp`, {
    method: 'POST',
    headers: { ...accept, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    dispatcher: agent,
  })

/** A request of the legacy era. */
export const legacy = (method: string, params: object = {}, id: string | number = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})

type ModernOptions = { readonly capabilities?: object; readonly meta?: object; readonly id?: string | number }

/** A request of the modern era: its body, and the headers that go with it. */
export function modern(method: string, params: Record<string, unknown> = {}, options: ModernOptions = {}) {
  const { capabilities = {}, meta = {}, id = 1 } = options
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': capabilities,
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    ...meta,
  }
  const { name } = params
  const headers: Record<string, string> = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': method,
    ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
  }
  return { body: { jsonrpc: '2.0', id, method, params: { ...params, _meta } }, headers }
}

/** Sends a `tools/call` in either era. */
export function call(
  port: number,
  era: 'legacy' | 'modern',
  name: string,
  args: object,
  { id = 1, meta = {}, ...more }: ModernOptions & { readonly params?: object } = {},
): Promise<McpAnswer> {
  const params = { name, arguments: args, ...more.params }
  if (era === 'legacy') return post(port, legacy('tools/call', { ...params, _meta: meta }, id))
  const { body, headers } = modern('tools/call', params, { id, meta, ...more })
  return post(port, body, headers)
}

/** The eras as the official client is told to speak them. */
export const clientModes = [
  { era: 'legacy', mode: 'legacy' },
  { era: 'modern', mode: { pin: '2026-07-28' } },
] as const

/** The official client, connected. */
export async function connect(url: string, mode: (typeof clientModes)[number]['mode'], capabilities: object = {}) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode }, capabilities })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
  return client
}

/** A tool named `wait` that each call enters by a key, and leaves when the test says so. */
export function createGate(effect: 'read' | 'write' = 'read') {
  type Passage = { readonly entered: PromiseWithResolvers<void>; readonly left: PromiseWithResolvers<void> }
  const passages = new Map<string, Passage>()
  const passage = (key: string): Passage => {
    const known = passages.get(key) ?? { entered: Promise.withResolvers(), left: Promise.withResolvers() }
    passages.set(key, known)
    return known
  }
  const tool = defineTool({
    name: 'wait',
    origin: 'game',
    summary: 'Waits.',
    effect,
    input: z.strictObject({ key: z.string() }),
    output: z.object({ key: z.string() }),
    run: async ({ key }) => {
      passage(key).entered.resolve()
      await passage(key).left.promise
      return { result: { key } }
    },
  })
  return {
    tool,
    arrived: (key: string) => passage(key).entered.promise,
    release: (key: string) => passage(key).left.resolve(),
  }
}
