import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'

/** A task's result, loosely: tests look at what they need. */
export type ResultBody = {
  readonly taskId: string
  readonly sessionId: string
  readonly status: string
  readonly stopped: string | null
  readonly output: string
  readonly error: { readonly code: string } | null
  readonly usage: { readonly inputTokens: number; readonly modelCalls: number; readonly toolCalls: number }
  readonly artifacts: readonly { readonly name: string; readonly checksum: string }[]
  readonly code?: string
  readonly hint?: string
}

export type SessionBody = {
  readonly tasks: readonly { readonly taskId: string; readonly status: string; readonly result: ResultBody | null }[]
}

const scribe = `
name: scribe
provider: scripted
model: otto-scripted
system_prompt: You write down what you are told.
tools: [fs.read, fs.write]
permissions: [read, write]
`
const slow = `
name: slow
provider: ollama
model: otto-scripted
system_prompt: You take your time.
`

/** A folder with agents in it: a scribe by script, one that asks the model server, and a file that is wrong. */
export async function agentFolder() {
  const dir = await mkdtemp(join(tmpdir(), 'otto-agents-'))
  await mkdir(join(dir, 'project/agents'), { recursive: true })
  await writeFile(join(dir, 'project/agents/scribe.yml'), scribe)
  await writeFile(join(dir, 'project/agents/slow.yml'), slow)
  await writeFile(join(dir, 'project/agents/broken.yml'), 'name: broken\nmodel: m\ntemperature: warm\n')
  const env = {
    OTTO_ENABLED: 'true',
    OTTO_PROJECT_DIR: join(dir, 'project'),
    OTTO_USER_DIR: join(dir, 'user'),
    OTTO_MODEL: 'otto-scripted',
  }
  return { dir, env, remove: () => rm(dir, { recursive: true, force: true }) }
}

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** A request to a service, and its answer whole. */
export async function send(url: string, path: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await request(`${url}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    dispatcher: agent,
  })
  const text = await answer.body.text()
  const isJson = /json/.test(String(answer.headers['content-type']))
  return { status: answer.statusCode, headers: answer.headers, text, body: isJson ? JSON.parse(text) : undefined }
}

/** Gives an agent a task and waits for its end. */
export async function invoke(url: string, id: string, task: object, headers: Record<string, string> = {}) {
  const { status, body } = await send(url, `/api/v1/agents/${id}/invoke`, task, headers)
  return { status, body: body as ResultBody }
}

export const sessionOf = async (url: string, id: string): Promise<SessionBody> =>
  (await send(url, `/api/v1/sessions/${id}`)).body as SessionBody
