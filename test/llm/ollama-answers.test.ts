import { describe, expect, test } from 'vitest'
import type { ModelEvent } from '../../src/llm/language-model.ts'
import type { OllamaModel } from '../../src/llm/ollama.ts'
import { createOllama } from '../../src/llm/ollama.ts'
import { systemClock } from '../../src/system.ts'
import { collect, collectUntilFailure, forever, question } from './_questions.ts'
import type { Started } from './_started.ts'
import { startWith, useRealSockets } from './_started.ts'
import type { Script } from './upstream.ts'

useRealSockets()

const start = (
  answer: Script | readonly Script[],
  { clock = systemClock, path = '' } = {},
): Promise<Started<OllamaModel>> =>
  startWith(answer, (url) => createOllama({ url: url + path, numCtx: 8192, clock, random: () => 0.5 }))

/** What these lines mean. */
async function read(...lines: readonly string[]): Promise<ModelEvent[]> {
  await using started = await start({ steps: [lines.map((line) => `${line}\n`).join('')] })
  return await collect(started.model.chat(question(), { signal: forever }))
}

const doneLine = '{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}'

describe('the answer', () => {
  const toolCall = '{"id":"call_9q","function":{"index":0,"name":"ttt_get_state","arguments":{"gameId":"7f0c"}}}'
  const got = { type: 'call', call: { id: 'call_9q', name: 'ttt_get_state', arguments: { gameId: '7f0c' } } }

  test('a call on a line of its own', async () => {
    const events = await read(`{"message":{"content":"","tool_calls":[${toolCall}]},"done":false}`, doneLine)
    expect(events).toMatchObject([got, { type: 'end' }])
  })

  test('a call on the last line, after text', async () => {
    const events = await read(
      '{"message":{"content":"Let me play."},"done":false}',
      `{"message":{"content":"","tool_calls":[${toolCall}]},"done":true,"done_reason":"stop","eval_count":40}`,
    )
    expect(events).toMatchObject([
      { type: 'text', text: 'Let me play.' },
      got,
      { type: 'end', usage: { outputTokens: 40 } },
    ])
  })

  test('everything on one line, in the order of its making', async () => {
    const line = `{"message":{"thinking":"Hm.","content":"So.","tool_calls":[${toolCall}]},"done":true}`
    const events = await read(line)
    expect(events).toEqual([
      { type: 'thinking', text: 'Hm.' },
      { type: 'text', text: 'So.' },
      got,
      expect.objectContaining({ type: 'end', reason: 'stop' }),
    ])
  })

  test.each<{ name: string; args: string; given: unknown }>([
    { name: 'a text stays a text', args: '"{\\"cell\\":4}"', given: '{"cell":4}' },
    { name: 'null is none', args: 'null', given: {} },
    { name: 'a list stays a list', args: '[4]', given: [4] },
  ])('arguments: $name', async ({ args, given }) => {
    const call = `{"message":{"tool_calls":[{"id":"c","function":{"name":"t","arguments":${args}}}]},"done":true}`
    expect(await read(call)).toMatchObject([{ call: { id: 'c', name: 't', arguments: given } }, { type: 'end' }])
  })

  test('a member named __proto__ stays a member', async () => {
    const [event] = await read(
      '{"message":{"tool_calls":[{"id":"c","function":{"name":"t","arguments":{"__proto__":{"cell":4}}}}]},"done":true}',
    )
    const args = event?.type === 'call' ? event.call.arguments : undefined
    expect(Object.keys(args ?? {})).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(args)).toBe(Object.prototype)
  })

  test.each<{ name: string; line: string; isPassedOn: boolean }>([
    { name: 'text', line: '{"model":"m","message":{"role":"assistant","content":"Ö"},"done":false}', isPassedOn: true },
    { name: 'thinking', line: '{"message":{"content":"","thinking":"Hm."},"done":false}', isPassedOn: true },
    {
      name: 'text with probabilities',
      line: '{"message":{"content":"X"},"logprobs":[{"token":"X"}],"done":false}',
      isPassedOn: true,
    },
    {
      name: 'probabilities alone',
      line: '{"message":{"content":""},"logprobs":[{"token":"X"}],"done":false}',
      isPassedOn: true,
    },
    {
      name: 'an empty list of calls',
      line: '{"message":{"content":"X","tool_calls":[]},"done":false}',
      isPassedOn: true,
    },
    {
      name: 'no calls',
      line: '{"message":{"content":"X","tool_calls":null},"error":null,"done":false}',
      isPassedOn: true,
    },
    { name: 'both', line: '{"message":{"content":"X","thinking":"Hm."},"done":false}', isPassedOn: false },
    {
      name: 'text with a call',
      line: `{"message":{"content":"X","tool_calls":[${toolCall}]},"done":false}`,
      isPassedOn: false,
    },
    { name: 'text at the end', line: '{"message":{"content":"X"},"done":true}', isPassedOn: false },
  ])('a line of $name is passed on as it is: $isPassedOn', async ({ line, isPassedOn }) => {
    const [event] = await read(`${line}\r`, doneLine)
    const passed = event !== undefined && 'line' in event ? Buffer.from(event.line ?? []).toString() : undefined
    expect(passed).toBe(isPassedOn ? line : undefined)
  })

  test('an empty line of an answer says nothing', async () => {
    expect(await read('{"message":{"content":""},"done":false}', '{"done":false}', doneLine)).toHaveLength(1)
  })

  test('what it cost', async () => {
    const line =
      '{"done":true,"done_reason":"length","total_duration":9,"load_duration":1,"prompt_eval_count":2,"prompt_eval_duration":3,"eval_count":4,"eval_duration":5}'
    expect(await read(line)).toEqual([
      {
        type: 'end',
        reason: 'length',
        usage: { loadNs: 1, promptTokens: 2, promptNs: 3, outputTokens: 4, outputNs: 5 },
        isPromptCut: false,
      },
    ])
  })

  test.each([
    { rest: {}, tokens: 7372, isPromptCut: false },
    { rest: {}, tokens: 7373, isPromptCut: true },
    { rest: { options: { num_ctx: 1000 } }, tokens: 899, isPromptCut: false },
    { rest: { options: { num_ctx: 1000 } }, tokens: 900, isPromptCut: true },
    { rest: { options: { num_ctx: 100_000 } }, tokens: 8192, isPromptCut: false },
  ])('$tokens tokens under $rest fill the context: $isPromptCut', async ({ rest, tokens, isPromptCut }) => {
    await using started = await start({ steps: [`{"done":true,"prompt_eval_count":${tokens}}\n`] })
    const events = await collect(started.model.chat(question({ rest }), { signal: forever }))
    expect(events).toMatchObject([{ type: 'end', isPromptCut }])
  })

  test.each<{ name: string; line: string; isCall?: boolean }>([
    { name: 'a list', line: '[1]' },
    { name: 'a number', line: '1' },
    { name: 'content that is no text', line: '{"message":{"content":{"a":1}},"done":false}' },
    { name: 'calls that are no list', line: '{"message":{"tool_calls":{}},"done":false}' },
    { name: 'a message that is no object', line: '{"message":"X","done":false}' },
    { name: 'a call without a name', line: '{"message":{"tool_calls":[{"function":{}}]},"done":true}', isCall: true },
    {
      name: 'a call that nests too deep',
      line: `{"message":{"tool_calls":[{"function":{"name":"t","arguments":${'['.repeat(50_000)}${']'.repeat(50_000)}}}]},"done":true}`,
      isCall: true,
    },
    { name: 'an event of another wire', line: 'data: {"choices":[]}' },
  ])('$name is no line of an answer', async ({ line, isCall = false }) => {
    await expect(read(line, doneLine)).rejects.toMatchObject({ code: 'LLM_BAD_RESPONSE', isCall })
  })

  test('an error in place of the first line', async () => {
    const failure = expect(read('{"error":"model runner stopped unexpectedly"}')).rejects
    await failure.toMatchObject({
      code: 'LLM_STREAM_CUT',
      message: "The model's answer broke off: model runner stopped unexpectedly.",
    })
  })

  test.each([401, 403])('status %i is a refusal in the words of the server', async (status) => {
    await using started = await start({ status, steps: ['{"error":"sign in first","signin_url":"https://x"}'] })
    const { failure } = await collectUntilFailure(started.model.chat(question(), { signal: forever }))
    expect(failure).toMatchObject({ code: 'LLM_REFUSED', message: 'sign in first', details: { status } })
    expect(started.upstream.requests).toHaveLength(1)
  })
})
