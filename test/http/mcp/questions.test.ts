import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answerOf, createQuestions } from '../../../src/http/mcp/questions.ts'

const create = (ttlMs = 1_000) => {
  const time = { nowMs: 0 }
  const questions = createQuestions({
    clock: { monotonicMs: () => time.nowMs },
    newId: () => crypto.randomUUID(),
    ttlMs,
  })
  return { questions, time }
}

const call = { tool: 'ttt_cancel_game', args: { gameId: 'g', reason: 'r' }, principal: 'me' }

describe('a question', () => {
  test('comes back with what it was about, once', () => {
    const { questions } = create()
    const state = questions.open(call, { approvalId: 'a' })
    expect(questions.take(state, call)).toEqual({ approvalId: 'a' })
    expect(questions.take(state, call)).toBeUndefined()
  })

  test('knows its arguments in any order, at any depth', () => {
    const { questions } = create()
    const state = questions.open({ ...call, args: { a: 1, b: [{ c: 2, d: 3 }] } }, {})
    expect(questions.take(state, { ...call, args: { b: [{ d: 3, c: 2 }], a: 1 } })).toEqual({})
  })

  test.each([
    { name: 'another tool', other: { tool: 'ttt_reset_board' } },
    { name: 'other arguments', other: { args: { gameId: 'h', reason: 'r' } } },
    { name: 'an argument more', other: { args: { ...call.args, idempotencyKey: 'k' } } },
    { name: 'another caller', other: { principal: 'you' } },
  ])('is about no call with $name, and stays open', ({ other }) => {
    const { questions } = create()
    const state = questions.open(call, {})
    expect(questions.take(state, { ...call, ...other })).toBeUndefined()
    expect(questions.take(state, call)).toEqual({})
  })

  test.each([
    { atMs: 1_000, found: true },
    { atMs: 1_001, found: false },
  ])('lasts its time: at $atMs ms', ({ atMs, found }) => {
    const { questions, time } = create()
    const state = questions.open(call, {})
    time.nowMs = atMs
    expect(questions.take(state, call) !== undefined).toBe(found)
  })

  test('of another process is none of ours', () => {
    const state = create().questions.open(call, {})
    expect(create().questions.take(state, call)).toBeUndefined()
  })

  test('is forgotten when 10,000 others came after it', () => {
    const { questions } = create()
    const first = questions.open(call, {})
    const second = questions.open(call, {})
    for (let count = 0; count < 9_999; count++) questions.open(call, {})
    expect(questions.take(first, call)).toBeUndefined()
    expect(questions.take(second, call)).toEqual({})
  })

  test('law: no other text is taken for its state', () => {
    const { questions } = create()
    const state = questions.open(call, {})
    const changed = fc
      .tuple(fc.nat(state.length - 1), fc.stringMatching(/^[A-Za-z0-9._-]$/))
      .map(([at, letter]) => state.slice(0, at) + letter + state.slice(at + 1))
    // Two texts of base64url may mean the same bytes: those change nothing.
    const bytesOf = (text: string) =>
      text
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString('hex'))
        .join('.')
    fc.assert(
      fc.property(
        fc.oneof(
          changed,
          fc.string(),
          fc.string().map((tail) => `${state}.${tail}`),
        ),
        (text) => {
          fc.pre(bytesOf(text) !== bytesOf(state))
          expect(questions.take(text, call)).toBeUndefined()
        },
      ),
    )
    expect(questions.take(state, call)).toEqual({})
  })
})

test.each([
  { responses: { confirm: { action: 'accept', content: { yes: true } } }, answer: 'yes' },
  { responses: { confirm: { action: 'accept', content: { yes: false } } }, answer: 'no' },
  { responses: { confirm: { action: 'accept', content: { yes: 'true' } } }, answer: 'no' },
  { responses: { confirm: { action: 'accept' } }, answer: 'no' },
  { responses: { confirm: { action: 'decline', content: { yes: true } } }, answer: 'no' },
  { responses: { confirm: { action: 'cancel' } }, answer: 'no' },
  { responses: { confirm: true }, answer: 'unsaid' },
  { responses: { other: { action: 'accept', content: { yes: true } } }, answer: 'unsaid' },
  { responses: [], answer: 'unsaid' },
  { responses: undefined, answer: 'unsaid' },
])('$responses means $answer', ({ responses, answer }) => {
  expect(answerOf(responses)).toBe(answer)
})
