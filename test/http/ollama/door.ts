import type { AddressInfo } from 'node:net'
import fastify, { LogController } from 'fastify'
import { Agent, request } from 'undici'
import type { ChatCaller, ChatRequest } from '../../../src/chat/chat.ts'
import { createChatCaller } from '../../../src/http/chat-caller.ts'
import type { OllamaDeps } from '../../../src/http/ollama/deps.ts'
import { sendOllamaError } from '../../../src/http/ollama/errors.ts'
import { generateRoutes } from '../../../src/http/ollama/generate.ts'
import { ollamaRoutes } from '../../../src/http/ollama/ollama.ts'
import { toRefusal } from '../../../src/http/problem.ts'
import type { Forward } from '../../../src/llm/language-model.ts'
import type { ToolRun, TurnEvent, TurnUsage } from '../../../src/llm/turn.ts'

export const usage: TurnUsage = {
  promptTokens: 900,
  outputTokens: 44,
  loadNs: 21,
  promptNs: 300,
  outputNs: 80,
  lastPromptTokens: 512,
  totalNs: 3_900,
  rounds: 2,
}

export const text = (words: string): TurnEvent => ({ type: 'text', text: words })

export const end = (rest: Partial<Extract<TurnEvent, { type: 'end' }>> = {}): TurnEvent => ({
  type: 'end',
  finish: 'stop',
  usage,
  runs: [],
  handover: [],
  ...rest,
})

export const moveRun: ToolRun = {
  id: 'call_4k2n8p0x',
  tool: 'ttt_make_move',
  isWrite: true,
  args: { gameId: '7f0c6f4e-3a52-4d0e-9a51-0d4c2b6a9e11', player: 'X', cell: 4 },
  success: true,
  ms: 2310,
  result: { turn: 'O', status: 'InProgress' },
}

/** What happens in a turn; an error in the list is thrown there. */
export type Script =
  | readonly (TurnEvent | Error)[]
  | ((request: ChatRequest, caller: ChatCaller) => AsyncIterable<TurnEvent>)

async function* play(steps: readonly (TurnEvent | Error)[]): AsyncGenerator<TurnEvent> {
  for (const step of steps) {
    if (step instanceof Error) throw step
    yield step
  }
}

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** Passes on to a real server, as an adapter of a model server does. */
export const forwardTo =
  (url: string): Forward =>
  async ({ method, path, body, signal }) => {
    const answer = await request(`${url}${path}`, {
      method,
      signal,
      dispatcher: agent,
      ...(body ? { body, headers: { 'content-type': 'application/json' } } : {}),
    })
    const contentType = answer.headers['content-type']
    return {
      status: answer.statusCode,
      contentType: contentType === undefined ? undefined : String(contentType),
      body: answer.body,
    }
  }

export const modifiedAt = Date.UTC(2026, 10, 21, 9)

/** The two doors on a free port, over a chat that plays a script. Close it with `await using`. */
export async function openDoor({ script = [end()], ...rest }: { script?: Script } & Partial<OllamaDeps> = {}) {
  const asked: ChatRequest[] = []
  const callers: ChatCaller[] = []
  const logged: Record<string, unknown>[] = []
  const deps: OllamaDeps = {
    chat: {
      turn(chatRequest, caller) {
        asked.push(chatRequest)
        callers.push(caller)
        return typeof script === 'function' ? script(chatRequest, caller) : play(script)
      },
      defaultModel: 'llama3.2',
      stop: () => {},
    },
    forward: undefined,
    defaultModel: 'llama3.2',
    chatCaller: createChatCaller(() => 'somebody'),
    clock: { nowMs: () => modifiedAt },
    allowAdmin: false,
    toolCards: 'auto',
    maxBodyBytes: 10 * 1024 * 1024,
    ...rest,
  }
  const logger = { level: 'error', stream: { write: (line: string) => void logged.push(JSON.parse(line)) } }
  const server = fastify({ logger, logController: new LogController({ disableRequestLogging: true }) })
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-trace-id', request.id)
  })
  server.setErrorHandler((error, request, reply) => {
    sendOllamaError(reply, toRefusal(error, { traceId: request.id, log: request.server.log }))
  })
  server.register(ollamaRoutes(deps))
  server.register(generateRoutes(deps))
  await server.listen({ port: 0, host: '127.0.0.1' })
  // The cast holds: it listens on a port, not on a path.
  const { port } = server.server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    /** What the chat was asked, and by whom. */
    asked,
    callers,
    /** Errors in the log. */
    logged,
    [Symbol.asyncDispose]: async () => {
      server.server.closeAllConnections()
      await server.close()
    },
  }
}

export type Door = Awaited<ReturnType<typeof openDoor>>

type Posted = {
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: 'POST' | 'DELETE'
}

/** Sends JSON, or bytes as they are, and reads all of the answer. */
export async function post(door: Pick<Door, 'url'>, path: string, { body, headers = {}, method = 'POST' }: Posted) {
  const answer = await request(`${door.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    body: body instanceof Uint8Array || typeof body === 'string' ? body : JSON.stringify(body),
    dispatcher: agent,
  })
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
}

/** The same for what has no body. */
export async function get(door: Pick<Door, 'url'>, path: string, method: 'GET' | 'HEAD' = 'GET', headers = {}) {
  const answer = await request(`${door.url}${path}`, { method, headers, dispatcher: agent })
  return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() }
}

/** Reads as strict clients do: one JSON object a line, each ended by a line break, no line blank, all below 64 KiB. */
export function readLines(body: string) {
  const lines = body.split('\n')
  if (lines.pop() !== '') throw new Error('The last line has no end.')
  return lines.map((line) => {
    if (Buffer.byteLength(line) + 1 >= 65_536) throw new Error('A line is too long.')
    return JSON.parse(line)
  })
}

/** All content of a chat answer's lines. */
export const contentOf = (lines: ReturnType<typeof readLines>): string =>
  lines.map((line) => line.message?.content ?? '').join('')

/** A chat with one message of a user. */
export const hi = { model: 'llama3.2', messages: [{ role: 'user', content: 'hi' }] }
