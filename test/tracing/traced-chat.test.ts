import { expect, test } from 'vitest'
import type { Chat, ChatCaller, ChatRequest } from '../../src/chat/chat.ts'
import { silentLog } from '../../src/core/log.ts'
import { LlmUnavailableError } from '../../src/llm/errors.ts'
import type { LanguageModel } from '../../src/llm/language-model.ts'
import { createTurnRunner } from '../../src/llm/loop.ts'
import type { TurnEvent } from '../../src/llm/turn.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import { traceChat, traceModel } from '../../src/tracing/traced-chat.ts'
import { traceTools } from '../../src/tracing/traced-tools.ts'
import { clock, createBoards } from '../http/bridge.ts'
import type { Line } from '../llm/_scripted.ts'
import { bench, call, collect, end, ok, scriptedModel, text } from '../llm/_scripted.ts'
import { memoryKeys } from '../records.ts'
import { recordSpans } from './_recorded.ts'

const never = new AbortController().signal
const caller: ChatCaller = { traceId: crypto.randomUUID(), principal: 'test', gone: never }
const traceId = caller.traceId.replaceAll('-', '')
const request: ChatRequest = {
  model: 'llama3.2',
  messages: [{ role: 'user', content: 'A secret wish.' }],
  tools: [],
  mode: 'run',
  rest: {},
}

/** A chat of the real loop, real tools and a scripted model, all three traced. */
function world(lines: readonly Line[]) {
  const recorded = recordSpans()
  const model = traceModel(scriptedModel(lines), recorded.spans)
  const { tools } = createBoards()
  const catalog = traceTools(
    createToolBus({ keys: memoryKeys(), tools, clock, deadlineMs: 1_000, log: silentLog }),
    recorded.spans,
  )
  const run = createTurnRunner({ clock, observe: { repair: () => {}, refusal: () => {} } })
  const context = { traceId: caller.traceId, principal: 'test', signal: never }
  const call = async () => {
    const outcome = await catalog.call('ttt_create_game', {}, context)
    return ok(outcome.success ? outcome.result : {})
  }
  const chat: Chat = {
    defaultModel: 'm',
    stop: () => {},
    turn: ({ messages, model: modelName, rest }, { gone }) =>
      run({ model, modelName, messages, rest, bench: bench({ play: call }), callersTools: [], gone, stop: never }),
  }
  return { ...recorded, chat: traceChat(chat, recorded.spans) }
}

test('a turn is one trace: questions and tools are parts of it, in their order', async () => {
  const { chat, told } = world([
    [text('I play. '), call('play'), end()],
    [text('Done.'), end('length')],
  ])
  const events = await collect(chat.turn(request, caller))
  expect(events.at(-1)?.type).toBe('end')
  expect(told().map(({ name, parent, failure }) => [name, parent, failure])).toEqual([
    ['model', 'chat', undefined],
    ['tool ttt_create_game', 'chat', undefined],
    ['model', 'chat', undefined],
    ['chat', undefined, undefined],
  ])
  expect(new Set(told().map(({ traceId: one }) => one))).toEqual(new Set([traceId]))
})

test('spans hold the model, its tokens and how it ended, and no word that was said', async () => {
  const { chat, told } = world([[text('A secret answer.'), end()]])
  await collect(chat.turn(request, caller))
  expect(told().map(({ attributes }) => attributes)).toEqual([
    {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'llama3.2',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 10,
    },
    {
      'gen_ai.request.model': 'llama3.2',
      'otto.tools': 'run',
      'otto.finish': 'stop',
      'otto.rounds': 1,
      'gen_ai.usage.input_tokens': 100,
      'gen_ai.usage.output_tokens': 10,
    },
  ])
  expect(JSON.stringify(told())).not.toContain('secret')
})

test('turns at the same time do not mix', async () => {
  const lines: readonly Line[] = [
    [call('play'), end()],
    [text('Done.'), end()],
  ]
  const { spans, told } = recordSpans()
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const turns = gates.map(({ promise }, at) => {
    const model = traceModel(scriptedModel(lines), spans)
    const chat = traceChat(
      {
        defaultModel: 'm',
        stop: () => {},
        async *turn({ model: modelName, messages, tools, rest }) {
          for await (const event of model.chat({ model: modelName, messages, tools, rest }, { signal: never })) {
            await promise
            if (event.type === 'text') yield { type: 'text', text: event.text }
          }
        },
      },
      spans,
    )
    return collect(chat.turn(request, { ...caller, traceId: `turn ${at}` }))
  })
  gates[1]?.resolve()
  await turns[1]
  gates[0]?.resolve()
  await turns[0]
  const [question1, turn1, question0, turn0] = told()
  expect([turn1?.attributes['otto.trace_id'], turn0?.attributes['otto.trace_id']]).toEqual(['turn 1', 'turn 0'])
  expect([question1?.traceId, question0?.traceId]).toEqual([turn1?.traceId, turn0?.traceId])
  expect([question1?.parent, question0?.parent]).toEqual(['chat', 'chat'])
})

test('an error fails the question and the turn with its code, and goes on as it is', async () => {
  const error = new LlmUnavailableError('A secret address.')
  const { chat, told } = world([[text('I '), error]])
  await expect(collect(chat.turn(request, caller))).rejects.toBe(error)
  expect(told().map(({ name, failure }) => [name, failure])).toEqual([
    ['model', 'LLM_UNAVAILABLE'],
    ['chat', 'LLM_UNAVAILABLE'],
  ])
  expect(JSON.stringify(told())).not.toContain('secret')
})

test('a client that hangs up abandons its turn: no code of an error is told', async () => {
  const gone = new AbortController()
  const { chat, told } = world([[text('I '), 'silence']])
  const turn = async () => {
    for await (const event of chat.turn(request, { ...caller, gone: gone.signal }))
      if (event.type === 'text') gone.abort(new Error('The client is gone.'))
  }
  await expect(turn()).rejects.toThrow('The client is gone.')
  expect(told().map(({ name, failure }) => [name, failure])).toEqual([
    ['model', 'abandoned'],
    ['chat', 'abandoned'],
  ])
})

/** A chat that says these events and notes when it is closed. */
function chatOf(events: readonly TurnEvent[]) {
  const { spans, told } = recordSpans()
  const closed: true[] = []
  const chat = traceChat(
    {
      defaultModel: 'm',
      stop: () => {},
      async *turn() {
        try {
          yield* events
        } finally {
          closed.push(true)
        }
      },
    },
    spans,
  )
  return { chat, told, closed }
}

const usage = { ...{ promptTokens: 1, outputTokens: 2, loadNs: 0, promptNs: 0, outputNs: 0 }, lastPromptTokens: 1 }
const endOf = (finish: Extract<TurnEvent, { type: 'end' }>['finish']): TurnEvent => ({
  type: 'end',
  finish,
  usage: { ...usage, totalNs: 0, rounds: 3 },
  runs: [],
  handover: [],
})

test.each([
  { name: 'before its end is abandoned', upTo: 'text', failure: 'abandoned' },
  { name: 'after its end is whole', upTo: 'end', failure: undefined },
])('a stream that is left $name, and is closed', async ({ upTo, failure }) => {
  const { chat, told, closed } = chatOf([{ type: 'text', text: 'Hello' }, endOf('stop')])
  for await (const { type } of chat.turn(request, caller)) if (type === upTo) break
  expect(closed).toEqual([true])
  expect(told()).toMatchObject([{ name: 'chat', failure }])
})

test.each([
  { finish: 'stop', failure: undefined },
  { finish: 'length', failure: undefined },
  { finish: 'handover', failure: undefined },
  { finish: 'approval', failure: undefined },
  { finish: 'load', failure: undefined },
  { finish: 'rounds', failure: 'rounds' },
  { finish: 'time', failure: 'time' },
  { finish: 'stuck', failure: 'stuck' },
] as const)('a turn that ended with $finish', async ({ finish, failure }) => {
  const { chat, told } = chatOf([endOf(finish)])
  await collect(chat.turn(request, caller))
  expect(told()).toMatchObject([{ failure, attributes: { 'otto.finish': finish, 'otto.rounds': 3 } }])
})

test('a model that is asked outside of a turn answers as it always does, and makes no span', async () => {
  const { spans, told } = recordSpans()
  const plain: LanguageModel = scriptedModel([[text('Hello'), end()]])
  const events = []
  const asked = { model: 'm', messages: [], tools: [], rest: {} }
  for await (const event of traceModel(plain, spans).chat(asked, { signal: never })) events.push(event.type)
  expect(events).toEqual(['text', 'end'])
  expect(told()).toEqual([])
})
