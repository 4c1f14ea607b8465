import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { RawAnswer } from './_raw-worker.ts'
import { open, toBytes } from './raw-http.ts'

/** One hostile input of test/vectors/bad-input.json; the file's `fields` explain the members. */
export type BadInput = {
  readonly id: string
  readonly category: string
  readonly target: 'bridge' | 'devnet-l1'
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly raw?: string
  readonly rawBase64?: string
  readonly gen?: {
    readonly prefix: string
    readonly open: string
    readonly middle: string
    readonly close: string
    readonly suffix: string
    readonly count: number
  }
  readonly wire?: string
  readonly halfClose?: boolean
  readonly maxMs?: number
  readonly expect: {
    readonly status: readonly (number | '4xx')[]
    readonly code?: readonly string[]
    readonly envelope: 'tool' | 'problem' | 'ollama' | 'any'
    readonly orClosed?: boolean
    readonly effect: 'none' | 'any'
    readonly success?: boolean
  }
}

/** Where the bridge listens, and the started game without moves that `${game}` stands for. */
export type BadInputTarget = {
  readonly port: number
  readonly gameId: string
  /** Everything that may not change; compared before and after. */
  readonly readGame: () => Promise<unknown>
}

const path = new URL('../vectors/bad-input.json', import.meta.url)

/** The hostile inputs for the bridge: everything but the devnet. */
export const bridgeInputs: readonly BadInput[] = JSON.parse(readFileSync(path, 'utf8')).vectors.filter(
  ({ target }: BadInput) => target === 'bridge',
)

/**
 * Sends one input over a socket and asserts all that it expects of the answer. An input whose effect is `any` may play
 * a move, so give each a game of its own.
 */
export async function checkBadInput(input: BadInput, { port, gameId, readGame }: BadInputTarget): Promise<void> {
  const before = await readGame()
  const bytes = toRequestBytes(input, port, gameId)
  const answer = await open(port, bytes, { halfClose: input.halfClose ?? false }).answer
  expect(answer.ms).toBeLessThan(input.maxMs ?? 2_000)
  if (input.expect.effect === 'none') expect(await readGame()).toEqual(before)
  if (answer.status === 0) {
    expect(input.expect.orClosed, 'the connection was closed without an answer').toBe(true)
    return
  }
  expectStatus(answer.status, input.expect.status)
  expect(answer.headers.get('x-trace-id')).toMatch(/^[\w.:-]{1,64}$/)
  expectNoLeak(answer, Buffer.from(bytes).toString('utf8'))
  if (input.expect.envelope === 'tool') expectToolEnvelope(answer, input.expect)
  if (input.expect.envelope === 'problem') expectProblem(answer, input.expect)
  if (input.expect.envelope === 'ollama') expectOllamaError(answer, input.expect)
}

function toRequestBytes(input: BadInput, port: number, gameId: string): Uint8Array {
  const expand = (text: string) =>
    text
      .replaceAll(/\{\{(.+?)\*(\d+)\}\}/gs, (_, unit: string, count: string) => unit.repeat(Number(count)))
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the vectors' own notation
      .replaceAll('${game}', gameId)
  if (input.wire !== undefined) return Buffer.from(expand(input.wire), 'latin1')
  const headers = Object.fromEntries(Object.entries(input.headers ?? {}).map(([name, value]) => [name, expand(value)]))
  const body = toBody(input, expand)
  return toBytes(port, { method: input.method, path: input.path, headers, ...(body === undefined ? {} : { body }) })
}

function toBody({ body, raw, rawBase64, gen }: BadInput, expand: (text: string) => string) {
  if (rawBase64 !== undefined) return Buffer.from(rawBase64, 'base64')
  if (gen) return gen.prefix + gen.open.repeat(gen.count) + gen.middle + gen.close.repeat(gen.count) + gen.suffix
  if (raw !== undefined) return expand(raw)
  return body === undefined ? undefined : expand(JSON.stringify(body))
}

function expectStatus(status: number, allowed: readonly (number | '4xx')[]): void {
  const fits = allowed.includes(status) || (allowed.includes('4xx') && status >= 400 && status < 500)
  expect(fits, `status ${status} is not one of ${allowed.join(', ')}`).toBe(true)
}

const leaks = [
  /\n\s+at /,
  /node_modules/,
  /node:internal/,
  /\.[jt]s\b/,
  /file:\/\//,
  /\/(?:work|home|tmp|usr|etc|src)\//,
]

function expectNoLeak({ body }: RawAnswer, input: string): void {
  for (const leak of leaks) expect(body).not.toMatch(leak)
  expect(body).not.toContain(process.cwd())
  for (let at = 0; at + 201 <= body.length; at++)
    expect(input.includes(body.slice(at, at + 201)), 'more than 200 characters of input came back').toBe(false)
}

function expectToolEnvelope({ status, headers, body }: RawAnswer, { code, success }: BadInput['expect']): void {
  const answer = JSON.parse(body)
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer.traceId).toBe(headers.get('x-trace-id'))
  if (success === true || answer.success === true) {
    expect(answer).toMatchObject({ success: true, result: expect.any(Object) })
    expect(status).toBe(200)
    return
  }
  expect(answer).toMatchObject({
    success: false,
    error: expect.stringMatching(/\S/),
    outcome: expect.stringMatching(/^(not_submitted|rejected)$/),
    retryable: false,
    hint: expect.stringMatching(/\S/),
    details: expect.any(Object),
  })
  if (code) expect(code).toContain(answer.code)
}

function expectProblem({ status, headers, body }: RawAnswer, { code }: BadInput['expect']): void {
  const answer = JSON.parse(body)
  expect(headers.get('content-type')).toMatch(/^application\/problem\+json/)
  expect(answer).toMatchObject({
    status,
    type: expect.any(String),
    title: expect.any(String),
    code: expect.any(String),
  })
  if (code) expect(code).toContain(answer.code)
}

function expectOllamaError({ headers, body }: RawAnswer, { code }: BadInput['expect']): void {
  const answer = JSON.parse(body)
  expect(headers.get('content-type')).toMatch(/^application\/json/)
  expect(answer).toEqual({ error: expect.stringMatching(/\S/), code: expect.any(String) })
  if (code) expect(code).toContain(answer.code)
}
