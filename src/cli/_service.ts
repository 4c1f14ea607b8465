import { Agent } from 'undici'
import { z } from 'zod'
import { BaseError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { randomId } from '../system.ts'
import { Approval } from '../tools/approvals.ts'
import { authorization } from './_http.ts'
import { insist } from './_insist.ts'
import { requestPatiently } from './_patient-request.ts'
import type { CommandContext } from './command.ts'

/** A running service did not answer, or refused the call; the message holds its own words. */
export class CallFailedError extends BaseError {
  override readonly code = 'CALL_FAILED'
  override readonly kind = 'unavailable'
}

/** A running service, over its own HTTP door. */
export type Service = {
  readonly url: string
  /** Does a service answer there? */
  isThere(): Promise<boolean>
  /** The result of a tool. @throws CallFailedError with code, text and hint of a refusal */
  call(tool: string, args: JsonObject): Promise<JsonObject>
  /**
   * The same under a key of its own: a service that answered once and is away, or does not know yet what became of the
   * call, is asked again with the same key for a minute. `onWait` is told once, when the waiting begins.
   */
  insist(tool: string, args: JsonObject, onWait: (why: string) => void): Promise<JsonObject>
  /** @throws CallFailedError */
  listTools(): Promise<readonly ListedTool[]>
  /** The writes that wait for a person. @throws CallFailedError */
  listApprovals(): Promise<readonly Approval[]>
  /** A person's answer to one. @throws CallFailedError, also for an id that is unknown, expired or used */
  decide(id: string, approve: boolean): Promise<Approval>
  /** What any route answers that tells its refusals as problem details. @throws CallFailedError */
  read<T>(path: string, schema: z.ZodType<T>, question?: Omit<Question, 'key'>): Promise<T>
  /** The same for an answer that is no JSON. @throws CallFailedError */
  readText(path: string): Promise<string>
  close(): Promise<void>
}

const Json = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue)) // it comes out of parsed JSON

const Tool = z.object({ name: z.string(), summary: z.string(), inputSchema: Json })
/** A tool as a service lists it. */
export type ListedTool = z.output<typeof Tool>

const ToolList = z.object({ tools: z.array(Tool) })

const Refusal = z.object({ success: z.literal(false), error: z.string(), hint: z.string(), code: z.string() })
const Approvals = z.object({ approvals: z.array(Approval) })
const Problem = z.object({ detail: z.string(), hint: z.string(), code: z.string() })
const Answer = z.union([z.object({ success: z.literal(true), result: Json }), Refusal])

/** Answers after which the same request under the same key is due again: away, busy, or not known yet. */
const unsettled = [202, 503, 504]

/** Opens nothing yet. `url` is the address of a service; its token comes from the environment. */
export async function createService(url: string, { env, signal }: CommandContext): Promise<Service> {
  const base = url.replace(/\/+$/, '')
  const token = await authorization(env)
  const dispatcher = new Agent()
  let hasAnswered = false

  const ask = async (path: string, { body, key, timeoutMs = 60_000 }: Question = {}) => {
    const payload = body === undefined ? {} : { method: 'POST' as const, body: JSON.stringify(body) }
    const answer = await requestPatiently(base + path, {
      ...payload,
      headers: {
        ...token,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      dispatcher,
      signal,
      timeoutMs,
      headersTimeout: timeoutMs, // undici's own is five minutes
    })
    hasAnswered = true
    const retryAfterMs = 1_000 * (Number(answer.headers['retry-after']) || 0)
    const text = await answer.body.text() // one that breaks off is no answer
    return { status: answer.statusCode, retryAfterMs, text, json: toJson(text) }
  }
  const unanswered = (cause: unknown) =>
    new CallFailedError(`No answer from ${base}.`, { cause, hint: 'Is the service running?' })
  const need = (path: string, question?: Question) =>
    ask(path, question).catch((cause: unknown) => {
      throw unanswered(cause)
    })
  /** The answer to a tool call as its result. */
  const toResult = (json: unknown): JsonObject => {
    const answer = Answer.safeParse(json).data
    if (answer === undefined) throw notOtto(base)
    if (!answer.success) throw refused(answer)
    return answer.result
  }

  /** What a route that tells its refusals as problem details answers. */
  const read: Service['read'] = async (path, schema, question) => {
    const { json } = await need(path, question)
    assertNoProblem(json)
    const answer = schema.safeParse(json).data
    if (answer === undefined) throw notOtto(base)
    return answer
  }

  return {
    url: base,
    isThere: () =>
      ask('/health/live', { timeoutMs: 1_000 }).then(
        ({ status }) => status === 200,
        () => false,
      ),
    call: async (tool, args) => toResult((await need('/otto/tool', { body: { tool, args } })).json),
    async insist(tool, args, onWait) {
      const key = randomId()
      const attempt = async () => {
        const { status, retryAfterMs, json } = await ask('/otto/tool', { body: { tool, args }, key })
        const isBusy = Refusal.safeParse(json).data?.code === 'GAME_BUSY'
        return { value: json, isFinal: !(unsettled.includes(status) || isBusy), retryAfterMs }
      }
      // Where nobody ever answered there is nothing to wait for.
      const asking = hasAnswered ? insist(attempt, { signal, onWait }) : attempt().then(({ value }) => value)
      return toResult(
        await asking.catch((cause: unknown) => {
          throw unanswered(cause)
        }),
      )
    },
    async listTools() {
      const { json } = await need('/otto/tools')
      const list = z.union([ToolList, Refusal]).safeParse(json).data
      if (list === undefined) throw notOtto(base)
      if ('success' in list) throw refused(list)
      return list.tools
    },
    listApprovals: async () => (await read('/otto/approvals', Approvals)).approvals,
    decide: (id, approve) => read(`/otto/approvals/${encodeURIComponent(id)}`, Approval, { body: { approve } }),
    read,
    async readText(path) {
      const { status, text, json } = await need(path)
      assertNoProblem(json)
      if (status !== 200) throw notOtto(base)
      return text
    },
    close: () => dispatcher.close(),
  }
}

/** With a body it is posted. `timeoutMs` is a minute unless told. */
type Question = { readonly body?: JsonObject; readonly key?: string; readonly timeoutMs?: number }

/** Undefined for what is no JSON. */
function toJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const notOtto = (url: string) => new CallFailedError(`${url} does not answer like Otto.`)

const refused = ({ code, error, hint }: Pick<z.output<typeof Refusal>, 'code' | 'error' | 'hint'>) =>
  new CallFailedError(`${code}: ${error}`, { hint })

function assertNoProblem(json: unknown): void {
  const problem = Problem.safeParse(json).data
  if (problem !== undefined) throw refused({ ...problem, error: problem.detail })
}

/** Where a service of this machine with these settings is reached. */
export function localUrl({ host, port }: { readonly host: string; readonly port: number }): string {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
