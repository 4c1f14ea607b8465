import { describe, expect, test } from 'vitest'
import type { AnswerClass, Observation } from '../../src/chain/answers.ts'
import { answerTable, classify, refusalReason } from '../../src/chain/answers.ts'
import type { NodeAnswer } from '../../src/chain/transport.ts'
import type { JsonValue } from '../../src/core/json.ts'
import vectors from '../vectors/http.json' with { type: 'json' }

const hash = 'fd2f02da304b999ef91804e94415e77b9ce549fcf76240e358d13b8c84d79ae4'

const answerOf = (status: number, json?: JsonValue, text?: string): NodeAnswer => ({
  status,
  json,
  text,
  retryAfterSeconds: undefined,
})

const seen = (answer: NodeAnswer, sinceCreationMs?: number): Observation => ({
  kind: 'answer',
  answer,
  hash,
  sinceCreationMs,
})

const invalid = (reason: string): JsonValue => ({
  code: 3,
  message: 'Invalid request body',
  retriable: false,
  details: { reason: `Invalid data update, reason: ${reason}` },
})

/** The part that the vectors leave open: the decoder's own complaint follows the fixed words. */
const undecodable = { details: { reason: 'Invalid message body: Could not decode as DataTransactions or Signed data' } }

const unknownFiber = invalid('Chain(CidNotFound(732c056c-f823-4237-a5b5-7bff441f6d80))')

const cases: { name: string; observation: Observation; proves: AnswerClass }[] = [
  { name: 'no connection', observation: { kind: 'not_sent' }, proves: 'not_received' },
  { name: 'no answer', observation: { kind: 'no_answer' }, proves: 'unproven' },
  { name: 'our hash', observation: seen(answerOf(200, { hash, feeHash: null })), proves: 'queued' },
  { name: 'our hash, seen before', observation: seen(answerOf(200, { hash, duplicate: true })), proves: 'queued' },
  { name: 'another hash', observation: seen(answerOf(200, { hash: 'ab' })), proves: 'unproven' },
  { name: 'no hash', observation: seen(answerOf(200, { ok: true })), proves: 'unproven' },
  { name: 'null', observation: seen(answerOf(200, null)), proves: 'unproven' },
  { name: 'an empty body', observation: seen(answerOf(200, undefined, '')), proves: 'unproven' },
  { name: '202 with our hash', observation: seen(answerOf(202, { hash })), proves: 'unproven' },
  { name: '204', observation: seen(answerOf(204)), proves: 'unproven' },
  { name: '429', observation: seen(answerOf(429)), proves: 'rate_limited' },
  { name: 'a young unknown fiber', observation: seen(answerOf(400, unknownFiber), 60_000), proves: 'lagging' },
  { name: 'an old unknown fiber', observation: seen(answerOf(400, unknownFiber), 60_001), proves: 'refused' },
  { name: 'an unknown fiber of unknown age', observation: seen(answerOf(400, unknownFiber)), proves: 'refused' },
  {
    name: 'a young unknown fiber and another complaint',
    observation: seen(answerOf(400, invalid('Chain(CidNotFound(a), ValueIsNull)')), 0),
    proves: 'refused',
  },
  { name: 'a 400 that is no node’s', observation: seen(answerOf(400, undefined, '<html>')), proves: 'unproven' },
  {
    name: 'a node without a snapshot',
    observation: seen(answerOf(500, { code: 4, message: 'Internal error', retriable: true })),
    proves: 'unproven',
  },
  { name: 'an undecodable body', observation: seen(answerOf(500, { code: 1, ...undecodable })), proves: 'refused' },
  ...[300, 301, 302, 307, 308, 401, 403, 404, 413, 415].map((status) => ({
    name: `${status}`,
    observation: seen(answerOf(status)),
    proves: 'misconfigured' as const,
  })),
  ...[408, 409, 425, 500, 502, 503, 504, 599].map((status) => ({
    name: `${status}`,
    observation: seen(answerOf(status)),
    proves: 'unproven' as const,
  })),
]

test.each(cases)('$name: $proves', ({ observation, proves }) => {
  expect(classify(observation)).toBe(proves)
})

test('every row of the table is reached', () => {
  const reached = cases.map(({ observation }) => answerTable.find(({ when }) => when(observation)))
  expect(new Set(reached)).toEqual(new Set(answerTable))
})

describe('what a node answers to a post', () => {
  const posts = vectors.cases.filter(({ method, path }) => method === 'POST' && path === '/data')
  const expected: Record<number, AnswerClass> = { 200: 'queued', 400: 'refused', 500: 'refused' }

  test.each(posts)('$name', ({ status, json, jsonContains }) => {
    const body = json ?? { ...jsonContains, ...undecodable }
    const ourHash = 'hash' in body ? String(body.hash) : hash
    expect(classify({ kind: 'answer', answer: answerOf(status, body as JsonValue), hash: ourHash })).toBe(
      expected[status],
    )
  })
})

test.each([
  { name: 'a validation', answer: answerOf(400, unknownFiber), reason: /CidNotFound/ },
  {
    name: 'a signature',
    answer: answerOf(400, { error: 'Invalid signature in data transactions' }),
    reason: /^Invalid s/,
  },
  { name: 'no words', answer: answerOf(404, undefined, 'Not found'), reason: /^The Data L1 answered 404\.$/ },
])('gives the words of a refusal: $name', ({ answer, reason }) => {
  expect(refusalReason(answer)).toMatch(reason)
})

test('cuts the words of a refusal', () => {
  expect(refusalReason(answerOf(400, { error: 'x'.repeat(10_000) }))).toHaveLength(500)
})
