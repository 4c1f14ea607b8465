import fastify, { LogController } from 'fastify'
import OpenAI from 'openai'
import pino from 'pino'
import { Agent, request } from 'undici'
import type { ChatCaller, ChatRequest } from '../../../src/chat/chat.ts'
import { createAuthentication } from '../../../src/http/authentication.ts'
import { createAddressOf } from '../../../src/http/caller-address.ts'
import { createChatCaller } from '../../../src/http/chat-caller.ts'
import { sendOpenAiError } from '../../../src/http/openai/errors.ts'
import type { OpenAiDeps } from '../../../src/http/openai/openai.ts'
import { openAiRoutes } from '../../../src/http/openai/openai.ts'
import { toRefusal } from '../../../src/http/problem.ts'
import { ownerToken } from '../../../src/http/tokens.ts'
import type { ToolCall } from '../../../src/llm/language-model.ts'
import type { ToolRun, TurnEvent, TurnFinish } from '../../../src/llm/turn.ts'
import { clock } from '../bridge.ts'

type Turn = OpenAiDeps['chat']['turn']

/** A chat that says what it is told to, and remembers what it was asked. */
export function scriptedChat(events: readonly (TurnEvent | Error)[]) {
  const asked: { request: ChatRequest; caller: ChatCaller }[] = []
  async function* turn(request: ChatRequest, caller: ChatCaller): AsyncGenerator<TurnEvent> {
    asked.push({ request, caller })
    for (const event of events) {
      if (event instanceof Error) throw event
      yield event
    }
  }
  return { asked, turn }
}

type DoorOptions = Partial<Pick<OpenAiDeps, 'forward' | 'listModels' | 'maxBodyBytes'>> & {
  readonly turn?: Turn
  readonly token?: string
}

/** The door alone, on a free port, behind the service's authentication. Close it with `await using`. */
export async function startDoor({ turn = scriptedChat([said('Hello.'), ended()]).turn, token, ...rest }: DoorOptions) {
  const logged: Record<string, unknown>[] = []
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(JSON.parse(line)) })
  const server = fastify({ loggerInstance: log, logController: new LogController({ disableRequestLogging: true }) })
  const { principalOf, assertAuthentic } = createAuthentication({
    tokens: token === undefined ? [] : [ownerToken(token)],
    clock,
    addressOf: createAddressOf(),
  })
  const counter = { last: 0 }
  server.addHook('onRequest', async (request) => assertAuthentic(request))
  server.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      sendOpenAiError(reply, toRefusal(error, { traceId: request.id, log }))
    })
    scope.register(
      openAiRoutes({
        chat: { turn, defaultModel: 'llama3.2' },
        forward: undefined,
        listModels: async () => [],
        chatCaller: createChatCaller(principalOf),
        clock: { nowMs: () => 1_795_251_600_999 },
        newId: () => {
          counter.last += 1
          return `id-${counter.last}`
        },
        maxBodyBytes: 1_000_000,
        ...rest,
      }),
    )
  })
  const url = await server.listen({ port: 0, host: '127.0.0.1' })
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: token ?? 'none', maxRetries: 0 })
  return { url, port: Number(new URL(url).port), client, logged, [Symbol.asyncDispose]: () => server.close() }
}

export const said = (text: string): TurnEvent => ({ type: 'text', text })

export const calling = (name: string): TurnEvent => ({ type: 'call', call: { id: 'c1', name, arguments: {} } })

/** A tool of ours came back. */
export const came = (run: Pick<ToolRun, 'tool' | 'isWrite'>): TurnEvent => ({
  type: 'result',
  run: { id: 'c1', args: {}, success: true, ms: 1, result: {}, ...run },
})

export const ended = (finish: TurnFinish = 'stop', handover: readonly ToolCall[] = []): TurnEvent => ({
  type: 'end',
  finish,
  handover,
  runs: [],
  usage: {
    promptTokens: 430,
    outputTokens: 31,
    loadNs: 1,
    promptNs: 2,
    outputNs: 3,
    lastPromptTokens: 215,
    totalNs: 4,
    rounds: 2,
  },
})

/** Posts over a connection of its own and reads the answer to its end. */
export async function post(url: string, body: unknown, headers: Readonly<Record<string, string>> = {}) {
  const agent = new Agent()
  try {
    const answer = await request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      dispatcher: agent,
    })
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() }
  } finally {
    await agent.close()
  }
}

/** All that comes. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}

/** The `data:` of each event of a stream, and its comments, as the standard reads them; anything else throws. */
export function readEvents(text: string): { data: string[]; comments: string[] } {
  if (text !== '' && !text.endsWith('\n\n')) throw new Error('The stream ends in the middle of an event.')
  const blocks = text.split('\n\n').slice(0, -1)
  const data = blocks.flatMap((block) => /^data: ([^\r\n]*)$/.exec(block)?.[1] ?? [])
  const comments = blocks.flatMap((block) => /^: ([^\r\n]*)$/.exec(block)?.[1] ?? [])
  if (data.length + comments.length !== blocks.length) throw new Error('The stream has events of other shapes.')
  return { data, comments }
}
