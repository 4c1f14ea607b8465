import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../../src/core/json.ts'
import { ModelName, parseChatBody, parsePromptBody } from '../../../src/http/ollama/body.ts'
import { hi } from './door.ts'

const refusalOf = (parse: () => unknown) => {
  try {
    parse()
  } catch (error) {
    return error
  }
  return undefined
}

describe('the name of a model', () => {
  test.each([
    'llama3.2',
    'llama3.2:latest',
    'qwen3:0.6b-q4_K_M',
    'hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M',
    '_own',
  ])('may be %s', (name) => {
    expect(ModelName.safeParse(name).success).toBe(true)
  })

  test.each([
    '',
    '../../etc/passwd',
    'a/../b',
    '/a',
    'a//b',
    'a/',
    'a:b:c',
    'a:',
    ':a',
    'a b',
    'a?b',
    'a%2e',
    'ä',
    '.a',
    'a\n',
    'a'.repeat(201),
  ])('may not be %j', (name) => {
    expect(ModelName.safeParse(name).success).toBe(false)
  })
})

describe('the body of a chat', () => {
  test('streams unless told, and keeps what it does not know', () => {
    const rest = {
      format: 'json',
      options: { num_ctx: 8192, seed: 1 },
      keep_alive: '5m',
      think: 'low',
      truncate: false,
      new: [1],
    }
    expect(parseChatBody({ ...hi, ...rest, tools: [] })).toEqual({
      model: 'llama3.2',
      messages: [{ role: 'user', content: 'hi' }],
      tools: [],
      stream: true,
      rest,
    })
  })

  test.each([
    { name: 'no content', message: { role: 'user' }, read: { role: 'user', content: '' } },
    { name: 'content that is null', message: { role: 'user', content: null }, read: { role: 'user', content: '' } },
    { name: 'a role in capitals', message: { role: 'SYSTEM', content: 'x' }, read: { role: 'system', content: 'x' } },
    {
      name: 'images and reasoning',
      message: { role: 'user', content: 'x', images: ['aGk='], thinking: 'hm', unknown: 1 },
      read: { role: 'user', content: 'x', images: ['aGk='], thinking: 'hm' },
    },
    {
      name: 'a call without an id and without arguments',
      message: { role: 'assistant', tool_calls: [{ function: { name: 'f' } }] },
      read: { role: 'assistant', content: '', toolCalls: [{ id: 'call_0_0', name: 'f', arguments: {} }] },
    },
  ])('takes $name', ({ message, read }) => {
    expect(parseChatBody({ ...hi, messages: [message] }).messages).toEqual([read])
  })

  test("gives a tool's answer the name that its call had", () => {
    const call = (id: string, name: string) => ({ id, function: { name, arguments: { a: 1 } } })
    const { messages } = parseChatBody({
      ...hi,
      messages: [
        { role: 'assistant', content: '', tool_calls: [call('1', 'first'), call('2', 'second')] },
        { role: 'tool', tool_call_id: '2', content: 'b' },
        { role: 'tool', tool_call_id: '1', content: 'a' },
        { role: 'tool', tool_call_id: '1', tool_name: 'own', content: 'c' },
        { role: 'tool', tool_call_id: 'unknown', content: 'd' },
        { role: 'assistant', content: '', tool_calls: [call('1', 'again')] },
        { role: 'tool', tool_call_id: '1', content: 'e' },
      ],
    })
    expect(messages.filter(({ role }) => role === 'tool').map(({ toolName }) => toolName)).toEqual([
      'second',
      'first',
      'own',
      undefined,
      'again',
    ])
    expect(messages[0]?.toolCalls?.[0]).toEqual({ id: '1', name: 'first', arguments: { a: 1 } })
  })

  test("reads the caller's tools", () => {
    const parameters = { type: 'object', properties: { zone: { type: 'string' } } }
    const tools = [
      { type: 'function', function: { name: 'time', description: 'What time is it?', parameters } },
      { function: { name: 'bare' } },
    ]
    expect(parseChatBody({ ...hi, tools }).tools).toEqual([
      { name: 'time', description: 'What time is it?', parameters },
      { name: 'bare', description: '', parameters: { type: 'object', properties: {} } },
    ])
  })

  const message = (rest: JsonValue) => ({ ...hi, messages: [hi.messages[0] ?? null, rest] })
  test.each<{ path: string; body: JsonValue }>([
    { path: 'model', body: { ...hi, model: 3 } },
    { path: 'model', body: { ...hi, model: '../x' } },
    { path: 'stream', body: { ...hi, stream: 'true' } },
    { path: 'options', body: { ...hi, options: [] } },
    { path: 'messages', body: { ...hi, messages: 'hi' } },
    { path: 'messages', body: { ...hi, messages: Array(2_001).fill({ role: 'user', content: 'x' }) } },
    { path: 'messages[1]', body: message('hi') },
    { path: 'messages[1].role', body: message({ content: 'x' }) },
    { path: 'messages[1].role', body: message({ role: 'root', content: 'x' }) },
    { path: 'messages[1].content', body: message({ role: 'user', content: [{ type: 'text', text: 'x' }] }) },
    { path: 'messages[1].images[0]', body: message({ role: 'user', images: [1] }) },
    {
      path: 'messages[1].tool_calls[0].function.arguments',
      body: message({ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '{}' } }] }),
    },
    { path: 'tools', body: { ...hi, tools: {} } },
    { path: 'tools[0].function', body: { ...hi, tools: [{ type: 'function' }] } },
    { path: 'tools[0].function.name', body: { ...hi, tools: [{ function: { name: '' } }] } },
    { path: 'tools[0].type', body: { ...hi, tools: [{ type: 'retrieval', function: { name: 'f' } }] } },
  ])('names $path where that is wrong', ({ path, body }) => {
    expect(refusalOf(() => parseChatBody(body))).toMatchObject({
      code: 'INVALID_REQUEST',
      message: expect.stringMatching(
        new RegExp(`^${path.replaceAll(/[[\]]/g, '\\$&')} [^"{}]+\\.$|^tools\\[0\\]\\.type `),
      ),
      details: { path },
    })
  })

  test.each<JsonValue>([null, [], 'hi', 1])('is an object, not %j', (body) => {
    expect(refusalOf(() => parseChatBody(body))).toMatchObject({ code: 'INVALID_REQUEST' })
    expect(refusalOf(() => parsePromptBody(body))).toMatchObject({ code: 'INVALID_REQUEST' })
  })
})

describe('the body of a prompt', () => {
  test('keeps for the model what is not the prompt', () => {
    expect(
      parsePromptBody({
        prompt: 'hi',
        system: 's',
        images: ['a'],
        options: { seed: 1 },
        think: true,
        stream: false,
        tools: [],
      }),
    ).toEqual({
      model: undefined,
      prompt: 'hi',
      system: 's',
      images: ['a'],
      stream: false,
      onlyThere: undefined,
      rest: { options: { seed: 1 }, think: true },
    })
  })

  test.each<{ body: JsonValue; onlyThere: string | undefined }>([
    { body: { raw: true }, onlyThere: 'raw' },
    { body: { template: '{{ .Prompt }}' }, onlyThere: 'template' },
    { body: { suffix: 'end' }, onlyThere: 'suffix' },
    { body: { context: [1, 2] }, onlyThere: 'context' },
    { body: { raw: false, template: '', suffix: null, context: [] }, onlyThere: undefined },
  ])('$body is only for Ollama: $onlyThere', ({ body, onlyThere }) => {
    expect(parsePromptBody(body).onlyThere).toBe(onlyThere)
  })

  test.each<{ path: string; body: JsonValue }>([
    { path: 'prompt', body: { prompt: 5 } },
    { path: 'prompt', body: { prompt: ['a'] } },
    { path: 'system', body: { prompt: 'hi', system: 7 } },
    { path: 'images', body: { prompt: 'hi', images: 'a' } },
    { path: 'options', body: { prompt: 'hi', options: [] } },
    { path: 'stream', body: { prompt: 'hi', stream: 'yes' } },
    { path: 'model', body: { prompt: 'hi', model: {} } },
  ])('names $path where that is wrong', ({ path, body }) => {
    expect(refusalOf(() => parsePromptBody(body))).toMatchObject({ code: 'INVALID_REQUEST', details: { path } })
  })
})
