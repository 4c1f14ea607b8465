import { describe, expect, test } from 'vitest'
import type { BaseError } from '../../../src/core/errors.ts'
import {
  LlmRefusedError,
  LlmStreamCutError,
  LlmTimeoutError,
  LlmUnavailableError,
  ModelNotFoundError,
} from '../../../src/llm/errors.ts'
import type { ToolRun, TurnEvent } from '../../../src/llm/turn.ts'
import { ApprovalNeededError } from '../../../src/tools/errors.ts'
import { contentOf, hi, moveRun, openDoor, post, readLines, text } from './door.ts'

const chat = '/api/chat'
const result = (run: ToolRun): TurnEvent => ({ type: 'result', run })

const approval = { id: '1', tool: 'ttt_make_move', args: {}, expiresAt: '2026-11-21T09:00:00.000Z' }

describe('an error before the first byte', () => {
  const cases: { error: BaseError; status: number; text: string }[] = [
    { error: new ModelNotFoundError('nope'), status: 404, text: "model 'nope' not found" },
    {
      error: new LlmUnavailableError(),
      status: 502,
      text: 'The model server is unreachable. Start the model server, or check its address and key',
    },
    {
      error: new LlmTimeoutError(600_000),
      status: 504,
      text: 'The model did not answer in time. The model may still be loading. Ask again, or take a smaller one.',
    },
    { error: new LlmRefusedError(400, 'prompt is too long'), status: 400, text: 'prompt is too long' },
    { error: new LlmRefusedError(429, 'slow down'), status: 429, text: 'slow down' },
    { error: new LlmRefusedError(302, 'elsewhere'), status: 400, text: 'elsewhere' },
    {
      error: new ApprovalNeededError(approval),
      status: 409,
      text: 'ttt_make_move waits for the approval of a person.',
    },
  ]

  test.each(cases)('$error.code is $status', async ({ error, status, text: words }) => {
    await using door = await openDoor({ script: [error] })
    for (const stream of [true, false]) {
      const answer = await post(door, chat, { body: { ...hi, stream } })
      expect(answer.status).toBe(status)
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      expect(JSON.parse(answer.body)).toEqual({
        error: expect.stringMatching(`^${words.replaceAll('.', '\\.')}`),
        code: error.code,
      })
    }
  })

  test('a bug keeps its text to the log', async () => {
    await using door = await openDoor({ script: [new TypeError('secret')] })
    const answer = await post(door, chat, { body: hi })
    expect(answer.status).toBe(500)
    expect(answer.body).not.toContain('secret')
    expect(door.logged).toMatchObject([{ msg: 'a bug', err: { message: 'secret' } }])
  })
})

describe('an error after the first byte', () => {
  test('is a sentence in the content, then a line for programs, then no end', async () => {
    await using door = await openDoor({ script: [text('I will'), new LlmStreamCutError()] })
    const answer = await post(door, chat, { body: hi })
    expect(answer.status).toBe(200)
    const lines = readLines(answer.body)
    const words = "The model's answer broke off. Read the board before asking again: what was played is on the ledger."
    expect(contentOf(lines)).toBe(`I will\n\n${words}`)
    expect(lines.at(-1)).toEqual({ error: words, code: 'LLM_STREAM_CUT' })
    expect(lines.some(({ done }) => done === true)).toBe(false)
  })

  test('advises nobody to ask again once something was signed', async () => {
    await using door = await openDoor({ script: [result(moveRun), new LlmUnavailableError()] })
    const lines = readLines((await post(door, chat, { body: hi })).body)
    const error = 'The model server is unreachable. What was played before that stands; read the board first.'
    expect(lines.at(-1)).toEqual({ error, code: 'LLM_UNAVAILABLE' })
    expect(contentOf(lines)).toBe(`\n\n${error}`)
  })

  test('a turn without an end is told as one that broke off', async () => {
    await using door = await openDoor({ script: [text('I')] })
    const lines = readLines((await post(door, chat, { body: hi })).body)
    expect(lines.at(-1)).toMatchObject({ code: 'LLM_STREAM_CUT' })
    expect((await post(door, chat, { body: { ...hi, stream: false } })).status).toBe(502)
  })
})

describe('without a stream, an error', () => {
  const whole = { ...hi, stream: false }
  const refused: ToolRun = { ...moveRun, success: false, result: { success: false, code: 'INVALID_MOVE' } }
  const begun: TurnEvent = { type: 'call', call: { id: moveRun.id, name: moveRun.tool, arguments: moveRun.args } }
  const lost: ToolRun = { ...moveRun, success: false, result: { success: false, code: 'OUTCOME_UNKNOWN' } }

  test.each([
    { name: 'a move', event: result(moveRun) },
    { name: 'a move of unknown fate', event: result(lost) },
    { name: 'a call that never answered', event: begun },
  ])('after $name is no error to send the request again for', async ({ event }) => {
    await using door = await openDoor({ script: [text('Played.'), event, new LlmUnavailableError()] })
    const answer = await post(door, chat, { body: whole })
    expect(answer.status).toBe(200)
    expect(JSON.parse(answer.body)).toMatchObject({
      message: {
        content:
          'Played.\n\nThe model server is unreachable. What was played before that stands; read the board first.',
      },
      done: true,
      done_reason: 'stop',
    })
  })

  test.each([
    { name: 'a read', run: { ...moveRun, isWrite: false } },
    { name: 'a refused move', run: refused },
  ])('after $name is an error', async ({ run }) => {
    await using door = await openDoor({ script: [text('Look.'), begun, result(run), new LlmUnavailableError()] })
    expect((await post(door, chat, { body: whole })).status).toBe(502)
  })
})
