import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { ChatMessage, LanguageModel, ModelRequest } from '../../src/llm/language-model.ts'
import { createOpenAi } from '../../src/llm/openai.ts'
import { systemClock } from '../../src/system.ts'
import { collect, forever, question } from './_questions.ts'
import type { Started } from './_started.ts'
import { startWith, useRealSockets } from './_started.ts'
import { openAiWire } from './_wires.ts'
import type { Script } from './upstream.ts'
import { startUpstream } from './upstream.ts'

useRealSockets()

const apiKey = 'sk-proj-0123456789'

const start = (answer: Script | readonly Script[], { clock = systemClock } = {}): Promise<Started<LanguageModel>> =>
  startWith(answer, (url) => createOpenAi({ url: `${url}/v1`, apiKey, clock, random: () => 0.5 }))

/** What goes up for this question. */
async function bodyOf(over: Partial<ModelRequest>): Promise<JsonObject> {
  await using started = await start({ steps: [openAiWire.end()] })
  await collect(started.model.chat(question(over), { signal: forever }))
  return JSON.parse((await started.upstream.request()).body)
}

const usage = { promptTokens: 0, outputTokens: 0, loadNs: 0, promptNs: 0, outputNs: 0 }
const end = { type: 'end', reason: 'stop', usage, isPromptCut: false }

describe('the question', () => {
  test('is said in the words of the protocol', async () => {
    const options = { temperature: 0.2, top_p: 0.9, seed: 7, stop: ['\n'], num_predict: 100, num_ctx: 4096, top_k: 40 }
    const rest = { options, format: 'json', think: 'low', keep_alive: '5m' }
    expect(await bodyOf({ rest })).toEqual({
      model: 'llama3.2',
      messages: [{ role: 'user', content: 'Put X in the centre.' }],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0.2,
      top_p: 0.9,
      seed: 7,
      stop: ['\n'],
      max_tokens: 100,
      response_format: { type: 'json_object' },
      reasoning_effort: 'low',
    })
  })

  test.each<{ name: string; rest: JsonObject; body: JsonObject }>([
    { name: 'no limit of tokens', rest: { options: { num_predict: -1, seed: null } }, body: {} },
    { name: 'think as yes or no', rest: { think: true }, body: {} },
    { name: 'options that are none', rest: { options: 'fast' }, body: {} },
    {
      name: 'a schema',
      rest: { format: { type: 'object' } },
      body: { response_format: { type: 'json_schema', json_schema: { name: 'answer', schema: { type: 'object' } } } },
    },
  ])('$name', async ({ rest, body }) => {
    const { model: _, messages: __, stream: ___, stream_options: ____, ...others } = await bodyOf({ rest })
    expect(others).toEqual(body)
  })

  test('calls, their results and images', async () => {
    const png = 'iVBORw0KGgo='
    const messages: ChatMessage[] = [
      { role: 'system', content: 'You are Otto.' },
      { role: 'user', content: 'Look.', images: [png, '/9j/4AAQ'] },
      { role: 'user', content: '', images: ['R0lGODlh'] },
      { role: 'assistant', content: '', toolCalls: [{ id: 'call_1', name: 'ttt_make_move', arguments: { cell: 4 } }] },
      { role: 'tool', content: '{"turn":"O"}', toolName: 'ttt_make_move' },
      { role: 'assistant', content: 'Again.', toolCalls: [{ id: 'call_2', name: 't', arguments: "{cell:'4',}" }] },
    ]
    expect((await bodyOf({ messages }))['messages']).toEqual([
      { role: 'system', content: 'You are Otto.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look.' },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
          { type: 'image_url', image_url: { url: 'data:image/jpeg;base64,/9j/4AAQ' } },
        ],
      },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/gif;base64,R0lGODlh' } }] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'ttt_make_move', arguments: '{"cell":4}' } }],
      },
      { role: 'tool', content: '{"turn":"O"}', tool_call_id: 'call_1' },
      {
        role: 'assistant',
        content: 'Again.',
        tool_calls: [{ id: 'call_2', type: 'function', function: { name: 't', arguments: '{"cell":"4"}' } }],
      },
    ])
  })

  test('the key goes along as a bearer token, and only where there is one', async () => {
    await using upstream = await startUpstream({ steps: [openAiWire.end()] })
    for (const key of [{ apiKey }, {}]) {
      const model = createOpenAi({ url: `${upstream.url}/v1`, ...key, clock: systemClock, random: () => 0.5 })
      await collect(model.chat(question(), { signal: forever }))
      await model.close()
    }
    expect(upstream.requests.map(({ headers }) => headers.authorization)).toEqual([`Bearer ${apiKey}`, undefined])
  })

  test.each([
    { rest: {}, reason: 'load' },
    { rest: { keep_alive: 0 }, reason: 'unload' },
  ])('no messages: there is nothing to $reason, and nothing is asked', async ({ rest, reason }) => {
    await using started = await start({ steps: [] })
    const events = await collect(started.model.chat(question({ messages: [], rest }), { signal: forever }))
    expect(events).toEqual([{ ...end, reason }])
    expect(started.upstream.requests).toEqual([])
  })
})
