import fc from 'fast-check'
import { expect, test } from 'vitest'
import { estimatePrompt, worstCaseOf } from '../../src/budget/estimate.ts'
import type { ChatMessage, ModelRequest } from '../../src/llm/language-model.ts'

const request = (messages: readonly ChatMessage[], more: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'm',
  messages,
  tools: [],
  rest: {},
  ...more,
})
const user = (content: string): ChatMessage => ({ role: 'user', content })
const price = { inputNanoUsd: 10, outputNanoUsd: 50, cacheReadNanoUsd: 1, cacheWriteNanoUsd: 12 }

test('the example', () => {
  expect(estimatePrompt(request([user('Hi')]))).toBe(532)
})

test('law: never fewer than one token a byte of all that goes up', () => {
  const message = fc.record(
    {
      role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
      content: fc.string({ unit: 'binary' }),
      thinking: fc.string(),
      toolCalls: fc.array(fc.record({ id: fc.string(), name: fc.string(), arguments: fc.jsonValue() }), {
        maxLength: 3,
      }),
      toolName: fc.string(),
    },
    { requiredKeys: ['role', 'content'] },
  )
  fc.assert(
    fc.property(fc.array(message), (messages) => {
      // The cast holds: fast-check's JSON and ours differ in name alone.
      const sent = messages as readonly ChatMessage[]
      const bytes = sent.map(({ content, thinking = '', toolCalls = [], toolName = '' }) =>
        Buffer.byteLength(content + thinking + toolName + toolCalls.map((call) => JSON.stringify(call)).join('')),
      )
      const least = bytes.reduce((sum, one) => sum + one, 0)
      expect(estimatePrompt(request(sent))).toBeGreaterThanOrEqual(least + 512 + 16 * sent.length)
    }),
  )
})

test('law: more of anything is never less', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), fc.string(), (texts, more) => {
      const all = [...texts, more].map(user)
      expect(estimatePrompt(request(all))).toBeGreaterThan(estimatePrompt(request(all.slice(0, -1))))
    }),
  )
})

test('tools, images, formats and what an adapter carries along count too', () => {
  const plain = estimatePrompt(request([user('Hi')]))
  const parameters = { type: 'object', properties: { cell: { type: 'integer', minimum: 0, maximum: 8 } } }
  const tools = [{ name: 'move', description: 'Moves.', parameters }]
  const told = JSON.stringify(tools, null, 4).length
  expect(estimatePrompt(request([user('Hi')], { tools }))).toBeGreaterThanOrEqual(plain + told)
  expect(estimatePrompt(request([{ ...user('Hi'), images: ['AAAA'] }]))).toBe(plain + 50_000)
  expect(estimatePrompt(request([user('Hi')], { rest: { format: { type: 'object' } } }))).toBeGreaterThan(plain)
  expect(estimatePrompt(request([{ ...user('Hi'), carry: { signature: 'x'.repeat(500) } }]))).toBeGreaterThan(
    plain + 500,
  )
})

test.each([
  { name: 'what is wanted in general', rest: {}, mostOutput: 1_000 },
  { name: 'fewer, where the request wants fewer', rest: { options: { num_predict: 20 } }, mostOutput: 20 },
  { name: 'no more, where it wants more', rest: { options: { num_predict: 5_000 } }, mostOutput: 1_000 },
  { name: 'not all, where it wants no limit', rest: { options: { num_predict: -1 } }, mostOutput: 1_000 },
])('output: $name', ({ rest, mostOutput }) => {
  const worst = worstCaseOf(request([user('Hi')], { rest }), price, 1_000)
  expect(worst).toMatchObject({ mostOutput, leastOutput: 16, outputNanoUsd: 50 })
})

test('a prompt is priced at the dearest that it may come to, and few tokens wanted are enough', () => {
  const worst = worstCaseOf(request([user('Hi')]), price, 8)
  expect(worst).toEqual({
    promptTokens: 532,
    promptNanoUsd: 532 * 12,
    outputNanoUsd: 50,
    mostOutput: 8,
    leastOutput: 8,
  })
})
