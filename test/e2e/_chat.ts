import { Agent, request } from 'undici'
import type { ScriptedServer, ScriptedServerOptions, SeenRequest } from '../../src/scripted/server.ts'
import { startScripted } from '../scripted/_scripted.ts'
import type { Service } from './_service.ts'
import { startService } from './_service.ts'

/** The whole service in front of a scripted model. */
export type ChatService = Service & { readonly model: ScriptedServer }

/** Starts both; `close` ends both. */
export async function startChat(
  env: Record<string, string> = {},
  options: Partial<ScriptedServerOptions> = {},
): Promise<ChatService> {
  const model = await startScripted(options)
  const service = await startService({ OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted', ...env })
  const close = async () => {
    await service.close()
    await model.close()
  }
  return { ...service, model, close }
}

const agent = new Agent({ keepAliveTimeout: 1_000 })

type Posted = { readonly status: number; readonly contentType: string; readonly body: string }

/** Sends JSON, or a text as it is, and reads all of the answer. */
export async function post(
  { url }: { readonly url: string },
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  const answer = await request(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    dispatcher: agent,
  })
  return {
    status: answer.statusCode,
    contentType: String(answer.headers['content-type']),
    body: await answer.body.text(),
  }
}

export type Message = { readonly role: string; readonly content: string; readonly [name: string]: unknown }

/** A chat as a test asks for it, whatever the door. */
export type Asked = {
  /** The last word of the user; `history` comes before it. */
  readonly words?: string
  readonly history?: readonly Message[]
  readonly model?: string
  readonly stream?: boolean
  readonly headers?: Readonly<Record<string, string>>
  /** More members of the body. */
  readonly rest?: object
}

/** A handed-over call of the caller's own tools. */
export type Handed = { readonly id: string; readonly name: string }

/** What a client read. */
export type Told = {
  readonly status: number
  /** `done`: a whole answer; `broken`: a stream that says that it broke off; `refused`: a status and an error. */
  readonly end: 'done' | 'broken' | 'refused'
  readonly text: string
  readonly thinking: string
  readonly handed: readonly Handed[]
  readonly error: string
  readonly reason: string
}

/** One of the two doors of a chat. It throws at an answer that has not exactly one end, in the door's own shape. */
export type ChatDoor = {
  readonly name: string
  readonly ask: (service: Pick<Service, 'url'>, asked: Asked) => Promise<Told>
}

const messagesOf = ({ words, history = [] }: Asked): readonly Message[] =>
  words === undefined ? history : [...history, { role: 'user', content: words }]

const doorOf = (name: string, path: string, read: (posted: Posted, stream: boolean) => Told): ChatDoor => ({
  name,
  async ask(service, asked) {
    const { model = 'otto-scripted', stream = true, headers, rest } = asked
    const body = { model, stream, messages: messagesOf(asked), ...rest }
    return read(await post(service, path, body, headers), stream)
  },
})

const nothing = { text: '', thinking: '', handed: [], error: '', reason: '' }

// What a model server or a door sends, loosely: a member that is not there is seen by what the test misses.
type WireMessage = {
  readonly content?: string | null
  readonly thinking?: string
  readonly reasoning_content?: string
  readonly tool_calls?: readonly { readonly id?: string; readonly function: { readonly name?: string } }[]
}
type Line = {
  readonly message?: WireMessage
  readonly done?: boolean
  readonly done_reason?: string
  readonly error?: string
}
type Choice = { readonly delta?: WireMessage; readonly message?: WireMessage; readonly finish_reason: string | null }
type Piece = { readonly choices?: readonly Choice[]; readonly error?: { readonly message: string } }

const joined = (messages: readonly (WireMessage | undefined)[]): Pick<Told, 'text' | 'thinking' | 'handed'> => ({
  text: messages.map((message) => message?.content ?? '').join(''),
  thinking: messages.map((message) => message?.thinking ?? message?.reasoning_content ?? '').join(''),
  handed: messages.flatMap((message) =>
    (message?.tool_calls ?? []).flatMap(({ id = '', function: { name } }) =>
      name === undefined ? [] : [{ id, name }],
    ),
  ),
})

function assertShape(isRight: boolean, what: string, body: string): void {
  if (!isRight) throw new Error(`${what}: ${body.slice(-2_000)}`)
}

/** Reads as strict clients do: an object a line, no line blank, none of 64 KiB, each ended by a line break. */
export function readLines(body: string): readonly Line[] {
  const lines = body.split('\n')
  assertShape(lines.pop() === '', 'the last line has no end', body)
  assertShape(
    lines.every((line) => Buffer.byteLength(line) < 65_535),
    'a line is too long',
    body,
  )
  return lines.map((line) => JSON.parse(line))
}

function readOllama({ status, body }: Posted, stream: boolean): Told {
  if (status !== 200) {
    const { error } = JSON.parse(body)
    assertShape(typeof error === 'string', 'an error that is no text', body)
    return { ...nothing, status, end: 'refused', error }
  }
  const lines = stream ? readLines(body) : [JSON.parse(body) as Line]
  const last = lines.at(-1)
  const isBroken = last?.error !== undefined
  assertShape(lines.filter(({ done }) => done).length === (isBroken ? 0 : 1), 'not one end', body)
  assertShape(isBroken || last?.done === true, 'something behind the end', body)
  const told = joined(lines.map(({ message }) => message))
  return {
    ...told,
    status,
    end: isBroken ? 'broken' : 'done',
    error: last?.error ?? '',
    reason: last?.done_reason ?? '',
  }
}

function readOpenAi({ status, body }: Posted, stream: boolean): Told {
  if (status !== 200) {
    const { error } = JSON.parse(body)
    assertShape(typeof error.message === 'string' && typeof error.type === 'string', 'no error of this door', body)
    return { ...nothing, status, end: 'refused', error: error.message }
  }
  const events = stream ? readEvents(body) : [body]
  const isBroken = events.at(-1)?.startsWith('{"error"') ?? false
  assertShape(!stream || isBroken || events.at(-1) === '[DONE]', 'no [DONE] at the end', body)
  const pieces = events.flatMap((event): Piece[] => (event === '[DONE]' ? [] : [JSON.parse(event)]))
  const choices = pieces.flatMap((piece) => piece.choices ?? [])
  const reasons = choices.flatMap(({ finish_reason: reason }) => (reason === null ? [] : [reason]))
  assertShape(reasons.length === (isBroken ? 0 : 1), 'not one finish reason', body)
  return {
    ...joined(choices.map(({ delta, message }) => delta ?? message)),
    status,
    end: isBroken ? 'broken' : 'done',
    error: pieces.at(-1)?.error?.message ?? '',
    reason: reasons[0] ?? '',
  }
}

/** The data of server-sent events; a comment has none. */
function readEvents(body: string): string[] {
  const events = body.split('\n\n')
  assertShape(events.pop() === '', 'the last event has no end', body)
  const data = events.filter((event) => !event.startsWith(':'))
  assertShape(
    data.every((event) => event.startsWith('data: ') && !event.includes('\n')),
    'no event',
    body,
  )
  return data.map((event) => event.slice(6))
}

export const ollamaDoor: ChatDoor = doorOf('POST /api/chat', '/api/chat', readOllama)
export const openAiDoor: ChatDoor = doorOf('POST /v1/chat/completions', '/v1/chat/completions', readOpenAi)
export const doors: readonly ChatDoor[] = [ollamaDoor, openAiDoor]

/** A run as `/generate` reports it. */
export type Run = {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
  readonly success: boolean
  readonly replayed?: true
  readonly result: Readonly<Record<string, unknown>>
}

/** `POST /generate` without a stream. */
export async function generate(
  service: Pick<Service, 'url'>,
  prompt: string,
  { headers, ...rest }: { readonly headers?: Record<string, string>; readonly model?: string } = {},
): Promise<{ readonly status: number; readonly response: string; readonly runs: readonly Run[] }> {
  const { status, body } = await post(service, '/generate', { prompt, stream: false, ...rest }, headers)
  const { response, tool_runs: runs = [] } = JSON.parse(body)
  return { status, response, runs }
}

type ChatBody = {
  readonly model: string
  readonly messages: readonly Message[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
  readonly options?: Readonly<Record<string, unknown>>
}

/** The chats that the model was asked about one subject, oldest first; tests share the model. */
export const chatsAbout = ({ requests }: ScriptedServer, subject: string): readonly ChatBody[] =>
  chatRequests(requests).flatMap(({ body }) => (body.includes(subject) ? [JSON.parse(body) as ChatBody] : []))

const chatRequests = (requests: readonly SeenRequest[]) =>
  requests.filter(({ method, path }) => method === 'POST' && path === '/api/chat')

/** A sample of `/metrics` by its name and labels; 0 where there is none. */
export async function metric({ url }: Pick<Service, 'url'>, name: string): Promise<number> {
  const { body } = await request(`${url}/metrics`, { dispatcher: agent })
  const line = (await body.text()).split('\n').find((sample) => sample.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length))
}
