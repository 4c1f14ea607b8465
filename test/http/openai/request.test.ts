import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../../src/core/json.ts'
import { InvalidRequestError } from '../../../src/http/errors.ts'
import { parseOpenAiRequest } from '../../../src/http/openai/request.ts'

const user = { role: 'user', content: 'Your move.' }
const parse = (body: JsonObject, mode: 'run' | 'client' | 'off' = 'run') =>
  parseOpenAiRequest({ model: 'llama3.2', messages: [user], ...body }, { mode, defaultModel: 'the-default' })

const tool = (name: string, more: JsonObject = {}): JsonObject => ({ type: 'function', function: { name, ...more } })
const formOf = (name: string) => ({ name, description: '', parameters: { type: 'object', properties: {} } })

describe('members', () => {
  test.each<{ name: string; body: JsonObject; rest: JsonObject }>([
    { name: 'nothing said, nothing set', body: {}, rest: {} },
    {
      name: 'null is as good as absent',
      body: { tools: null, temperature: null, stop: null, max_tokens: null, response_format: null, stream: null },
      rest: {},
    },
    {
      name: 'sampling',
      body: { temperature: 0, top_p: 0.5, seed: 7, frequency_penalty: 1, presence_penalty: -1 },
      rest: { options: { temperature: 0, top_p: 0.5, seed: 7, frequency_penalty: 1, presence_penalty: -1 } },
    },
    { name: 'one stop', body: { stop: 'END' }, rest: { options: { stop: ['END'] } } },
    { name: 'several stops', body: { stop: ['a', 'b'] }, rest: { options: { stop: ['a', 'b'] } } },
    { name: 'max_tokens', body: { max_tokens: 10 }, rest: { options: { num_predict: 10 } } },
    {
      name: 'the newer name wins',
      body: { max_tokens: 10, max_completion_tokens: 20 },
      rest: { options: { num_predict: 20 } },
    },
    { name: 'a JSON object', body: { response_format: { type: 'json_object' } }, rest: { format: 'json' } },
    {
      name: 'a schema',
      body: { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } } },
      rest: { format: { type: 'object' } },
    },
    { name: 'text', body: { response_format: { type: 'text' } }, rest: {} },
    { name: 'no thinking', body: { reasoning_effort: 'none' }, rest: { think: false } },
    { name: 'little thinking', body: { reasoning_effort: 'minimal' }, rest: { think: 'low' } },
    { name: 'much thinking', body: { reasoning_effort: 'high' }, rest: { think: 'high' } },
    { name: 'strangers are ignored', body: { user: 'me', metadata: { a: '1' }, n: 1, logprobs: true }, rest: {} },
  ])('$name', ({ body, rest }) => {
    expect(parse(body).chat.rest).toEqual(rest)
  })

  test('no stream, no usage and no limit of calls unless told', () => {
    expect(parse({})).toMatchObject({ isStream: false, wantsUsage: false, isOneCallOnly: false })
    const told = { stream: true, stream_options: { include_usage: true }, parallel_tool_calls: false }
    expect(parse(told)).toMatchObject({ isStream: true, wantsUsage: true, isOneCallOnly: true })
  })

  test('a model of our choice where none is named', () => {
    expect(parse({ model: null }).chat.model).toBe('the-default')
  })

  test.each([
    'llama3.2',
    'qwen2.5:7b-instruct-q4_K_M',
    'library/llama3',
    'hf.co/bartowski/Llama-3.2-GGUF:Q4',
    'a'.repeat(200),
  ])('%s is a name of a model', (model) => {
    expect(parse({ model }).chat.model).toBe(model)
  })

  test.each(['', '../etc/passwd', 'a/../b', '/a', 'a b', 'a:b:c', 'a\n', 'http://a', '-rf', 'ä', 'a'.repeat(201)])(
    '%j is none',
    (model) => {
      expect(() => parse({ model })).toThrow(InvalidRequestError)
    },
  )
})

describe('tools', () => {
  const tools = [tool('mine'), tool('other', { description: 'Other.', parameters: { type: 'object' } })]
  const other = { name: 'other', description: 'Other.', parameters: { type: 'object' } }

  test.each([
    { name: 'all, by themselves', choice: undefined, mode: 'run', given: [formOf('mine'), other], asked: 'run' },
    { name: 'auto', choice: 'auto', mode: 'client', given: [formOf('mine'), other], asked: 'client' },
    { name: 'required is auto', choice: 'required', mode: 'run', given: [formOf('mine'), other], asked: 'run' },
    { name: 'none', choice: 'none', mode: 'run', given: [], asked: 'off' },
    { name: "the caller's one", choice: tool('other'), mode: 'run', given: [other], asked: 'off' },
    {
      name: 'one of ours, perhaps',
      choice: tool('ttt_make_move'),
      mode: 'run',
      given: [formOf('mine'), other],
      asked: 'run',
    },
  ] as const)('$name', ({ choice, mode, given, asked }) => {
    const { chat } = parse({ tools, ...(choice === undefined ? {} : { tool_choice: choice }) }, mode)
    expect([chat.tools, chat.mode]).toEqual([given, asked])
  })
})

describe('messages', () => {
  const call = (args: JsonValue, id = 'c1'): JsonObject => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ id, type: 'function', function: { name: 'mine', arguments: args } }],
  })

  test.each<{ name: string; message: JsonObject; expected: JsonObject }>([
    {
      name: 'developer',
      message: { role: 'developer', content: 'Be brief.' },
      expected: { role: 'system', content: 'Be brief.' },
    },
    {
      name: 'parts',
      message: {
        role: 'user',
        content: [
          { type: 'text', text: 'What' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'low' } },
          { type: 'text', text: 'is it?' },
        ],
      },
      expected: { role: 'user', content: 'What\nis it?', images: ['iVBORw0KGgo='] },
    },
    { name: 'no content', message: { role: 'assistant', content: null }, expected: { role: 'assistant', content: '' } },
    {
      name: 'thoughts',
      message: { role: 'assistant', content: 'X.', reasoning_content: 'Hm.' },
      expected: { role: 'assistant', content: 'X.', thinking: 'Hm.' },
    },
    {
      name: "thoughts in Ollama's word",
      message: { role: 'assistant', content: 'X.', reasoning: 'Hm.' },
      expected: { role: 'assistant', content: 'X.', thinking: 'Hm.' },
    },
    {
      name: 'a refusal',
      message: { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
      expected: { role: 'assistant', content: 'No.' },
    },
  ])('$name', ({ message, expected }) => {
    expect(parse({ messages: [message] }).chat.messages).toEqual([expected])
  })

  test.each<{ name: string; written: JsonValue; read: JsonObject }>([
    { name: 'text', written: '{"cell":4}', read: { cell: 4 } },
    { name: 'an object', written: { cell: 4 }, read: { cell: 4 } },
    { name: 'no text', written: '', read: {} },
    { name: 'null', written: null, read: {} },
    { name: 'the text of a text', written: '"{\\"cell\\":4}"', read: { cell: 4 } },
    { name: 'what one repair makes readable', written: "{cell: 4, player: 'X',}", read: { cell: 4, player: 'X' } },
    { name: 'a list', written: '[1]', read: {} },
    { name: 'prose', written: 'the middle one', read: {} },
    { name: 'a forbidden member', written: '{"__proto__":{"a":1}}', read: {} },
    { name: 'too long to repair', written: `{cell: "${'4'.repeat(20_000)}"`, read: {} },
  ])('arguments of an earlier call: $name', ({ written, read }) => {
    const [message] = parse({ messages: [call(written)] }).chat.messages
    expect(message?.toolCalls).toEqual([{ id: 'c1', name: 'mine', arguments: read }])
  })

  test("a tool's answer gets the name of its call", () => {
    const answer = (more: JsonObject) => ({ role: 'tool', content: '{}', ...more })
    const messages = [
      call('{}', 'c1'),
      answer({ tool_call_id: 'c1' }),
      answer({ tool_call_id: 'c2', name: 'theirs' }),
      answer({ tool_call_id: 'c3' }),
    ]
    expect(parse({ messages }).chat.messages.slice(1)).toEqual([
      { role: 'tool', content: '{}', toolCallId: 'c1', toolName: 'mine' },
      { role: 'tool', content: '{}', toolCallId: 'c2', toolName: 'theirs' },
      { role: 'tool', content: '{}', toolCallId: 'c3' },
    ])
  })
})

describe('refuses and names', () => {
  const image = (url: string): JsonObject => ({
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  })

  test.each<{ path: string; body: JsonObject }>([
    { path: 'messages', body: { messages: [] } },
    { path: 'messages', body: { messages: 'Hi' } },
    { path: 'messages[1].role', body: { messages: [user, { role: 'function', content: '' }] } },
    { path: 'messages[0].content', body: { messages: [{ role: 'user', content: 4 }] } },
    {
      path: 'messages[0].content[1].type',
      body: { messages: [{ role: 'user', content: [{ type: 'text', text: '' }, { type: 'input_audio' }] }] },
    },
    { path: 'messages[0].content[0].text', body: { messages: [{ role: 'user', content: [{ type: 'text' }] }] } },
    { path: 'messages[0].content[0].image_url.url', body: image('https://example.org/a.png') },
    { path: 'messages[0].content[0].image_url.url', body: image('file:///etc/passwd') },
    { path: 'messages[0].content[0].image_url.url', body: image('data:image/png;base64,***') },
    {
      path: 'messages[0].tool_calls[0].function.name',
      body: { messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: {} }] }] },
    },
    { path: 'tools[0].type', body: { tools: [{ type: 'web_search' }] } },
    { path: 'tools[0].function.name', body: { tools: [tool('')] } },
    { path: 'tools[0].function.parameters', body: { tools: [tool('a', { parameters: [] })] } },
    { path: 'tool_choice', body: { tool_choice: 'always' } },
    { path: 'temperature', body: { temperature: 'hot' } },
    { path: 'max_tokens', body: { max_tokens: 1.5 } },
    { path: 'stop', body: { stop: 4 } },
    { path: 'stop[1]', body: { stop: ['a', 4] } },
    { path: 'stream', body: { stream: 'yes' } },
    { path: 'response_format.type', body: { response_format: { type: 'xml' } } },
    { path: 'reasoning_effort', body: { reasoning_effort: 'a lot' } },
    { path: 'model', body: { model: 'a b' } },
  ])('$path in $body', ({ path, body }) => {
    expect(() => parse(body)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST', details: { path } }))
  })

  test('a body that is no object', () => {
    expect(() => parseOpenAiRequest([], { mode: 'run', defaultModel: 'm' })).toThrow(/^The body: /)
  })
})
