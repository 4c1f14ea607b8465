import { expect } from 'vitest'
import { isErrorCode } from '../../src/core/error-table.ts'
import { statusByCode } from '../../src/http/problem.ts'
import { startChat } from '../e2e/_chat.ts'
import { startedGame } from '../e2e/_service.ts'
import type { RawAnswer } from '../http/_raw-worker.ts'
import type { RawRequest } from '../http/raw-http.ts'
import { send } from '../http/raw-http.ts'

/** How a door words its errors. */
export type Form = 'tool' | 'problem' | 'ollama' | 'openai' | 'rpc'

// biome-ignore lint/suspicious/noExplicitAny: what a service answers is looked at member by member
type Loose = any

const problemType = /^application\/problem\+json/
const jsonType = /^application\/json/

/** The code that an error says, in the form of its door; undefined where it is none of ours. */
const codeIn: Readonly<Record<Form, (body: Loose) => unknown>> = {
  tool: ({ success, code }) => (success === false ? code : undefined),
  problem: ({ code }) => code,
  ollama: ({ error, code }) => (typeof error === 'string' && error !== '' ? code : undefined),
  openai: ({ error }) => (typeof error?.message === 'string' ? String(error.code).toUpperCase() : undefined),
  rpc: ({ error }) => (typeof error?.message === 'string' ? (error.data?.code ?? 'INVALID_REQUEST') : undefined),
}

/** Statuses that Node's parser leads to before there is a route; they are told as problem details. */
const beforeRoutes = [400, 404, 405, 408, 413, 431]

/** What the transport of MCP refuses with, beside codes of ours. */
const rpcStatuses = [400, 404, 405, 406, 415]

const leaks = [/\n\s+at /, /node_modules/, /node:internal/, /\.[jt]s:\d/, /file:\/\//, /\[object Object\]/]

/**
 * Holds an answer to what every door promises: it is one, it carries a trace id, it shows nothing of the inside, and an
 * error has a code of the table under the status of that code.
 * @see src/core/error-table.ts, src/http/problem.ts
 */
function expectDocumented(answer: RawAnswer, form: Form): void {
  const { status, headers, body } = answer
  expect(status, 'an answer').toBeGreaterThanOrEqual(200)
  expect(headers.get('x-trace-id')).toMatch(/^[\w.:-]{1,64}$/)
  for (const leak of leaks) expect(body).not.toMatch(leak)
  expect(body).not.toContain(process.cwd())
  if (status < 400) return
  expect(answer.ms).toBeLessThan(10_000)
  const type = headers.get('content-type') ?? ''
  const isProblem = problemType.test(type)
  expect(isProblem ? [status, ...beforeRoutes] : type).toEqual(
    isProblem ? expect.arrayContaining([status]) : expect.stringMatching(jsonType),
  )
  if (headers.get('transfer-encoding') === 'chunked') {
    // The MCP SDK's own refusals come as streams, of which the socket here reads the head alone.
    expect([form, ...rpcStatuses]).toEqual(expect.arrayContaining(['rpc', status]))
    return
  }
  const code = codeIn[isProblem ? 'problem' : form](JSON.parse(body))
  expect(typeof code === 'string' && isErrorCode(code), `the code ${code} of ${status} ${body}`).toBe(true)
  if (typeof code !== 'string' || !isErrorCode(code)) return
  expect(code).not.toBe('INTERNAL_ERROR')
  const told = form === 'rpc' && code === 'INVALID_REQUEST' ? rpcStatuses : [statusByCode[code], 408, 431]
  expect(told).toContain(status)
}

/** The whole service in front of a scripted model, with a started game that hostile input may not touch. */
export type FuzzedService = {
  readonly gameId: string
  /** Sends it; the answer keeps to the table, and a game that changed was answered as a move played. */
  check(request: RawRequest, form: Form): Promise<RawAnswer>
  close(): Promise<void>
}

/** Starts one; no rate holds its callers back. */
export async function startFuzzed(): Promise<FuzzedService> {
  const service = await startChat({ OTTO_LOG_LEVEL: 'silent', OTTO_RATE_LIMIT: 'off' })
  const port = Number(new URL(service.url).port)
  const { gameId } = await startedGame(service, [['X', 4]])
  const readGame = () => service.result('ttt_get_state', { gameId })
  return {
    gameId,
    close: () => service.close(),
    async check(request, form) {
      const before = await readGame()
      const answer = await send(port, request)
      expectDocumented(answer, form)
      const after = await readGame()
      // Chance may write a good move; nothing else changes a game, and it is never done in silence.
      const isPlayed = answer.status === 200 && answer.body.includes(`"moveCount":${after.moveCount}`)
      if (!isPlayed) expect(after).toEqual(before)
      return answer
    },
  }
}
