import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LlmBadResponseError, LlmStreamCutError, ToolsUnsupportedError } from '../../src/llm/errors.ts'
import type { LanguageModel, ModelTool } from '../../src/llm/language-model.ts'
import { createTurnRunner } from '../../src/llm/loop.ts'
import type { ToolBench, TurnEvent, TurnRequest } from '../../src/llm/turn.ts'
import { turnLimits } from '../../src/llm/turn.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import type { Line } from './_scripted.ts'
import { bench, call, collect, end, ok, said, scriptedModel, text, thinking, usage } from './_scripted.ts'

const never = new AbortController().signal
const silent = { repair: () => {}, refusal: () => {} }

function world(lines: Parameters<typeof scriptedModel>[0], tools: ToolBench, more: Partial<TurnRequest> = {}) {
  const clock = createVirtualClock()
  const model = scriptedModel(lines)
  const run = createTurnRunner({ clock, observe: silent })
  const request = { ...asked(model, tools), ...more }
  return { clock, model, events: () => clock.run(collect(run(request))) }
}

const asked = (model: LanguageModel, tools: ToolBench): TurnRequest => ({
  model,
  modelName: 'm',
  messages: [{ role: 'user', content: 'Play.' }],
  rest: {},
  bench: tools,
  callersTools: [],
  gone: never,
  stop: never,
})

const endOf = (events: readonly TurnEvent[]) => {
  const last = events.at(-1)
  if (last?.type !== 'end') throw new Error('The turn did not end.')
  return last
}

const game = () => bench({ get_state: () => ok({ turn: 'X' }), make_move: ({ cell }) => ok({ cell: cell ?? null }) })

test('an answer without a call is final', async () => {
  const { events } = world([[thinking('hm'), text('Hello '), text('there.'), end()]], game())
  const all = await events()
  expect(all.map(({ type }) => type)).toEqual(['thinking', 'text', 'text', 'end'])
  expect(said(all)).toBe('Hello there.')
  expect(endOf(all)).toMatchObject({ finish: 'stop', runs: [], handover: [] })
})

test('two moves in one turn, then words: usage is summed and there is one end', async () => {
  const tools = game()
  const { events, model } = world(
    [
      [text('I move. '), call('make_move', { cell: 4 }), end()],
      [call('make_move', { cell: 0 }), end()],
      [text('Done.'), end()],
    ],
    tools,
  )
  const all = await events()
  expect(tools.called.map(({ args }) => args['cell'])).toEqual([4, 0])
  expect(all.filter(({ type }) => type === 'end')).toHaveLength(1)
  expect(endOf(all).usage).toMatchObject({
    promptTokens: 300,
    lastPromptTokens: 100,
    outputTokens: 30,
    rounds: 3,
    loadNs: 3,
  })
  expect(model.requests[2]?.messages.map(({ role }) => role)).toEqual([
    'user',
    'assistant',
    'tool',
    'assistant',
    'tool',
  ])
  expect(model.requests[1]?.messages.at(-1)).toMatchObject({ toolName: 'make_move', content: '{"cell":4}' })
})

test('calls of one round run one after the other, in order', async () => {
  const order: string[] = []
  const tools = bench({
    make_move: async ({ cell }) => {
      order.push(`begin ${cell}`)
      await Promise.resolve()
      order.push(`end ${cell}`)
      return ok({ cell: cell ?? null })
    },
  })
  await world([[call('make_move', { cell: 1 }), call('make_move', { cell: 2 }), end()], [end()]], tools).events()
  expect(order).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2'])
})

test('a call written as text runs, and is not shown', async () => {
  const tools = game()
  const { events } = world(
    [
      [text('{"tool":"make_move",'), text('"args":{"cell":4}}'), end()],
      [text('I moved.'), end()],
    ],
    tools,
  )
  expect(said(await events())).toBe('I moved.')
  expect(tools.called).toEqual([{ name: 'make_move', args: { cell: 4 } }])
})

test.each<{ name: string; line: Line }>([
  { name: 'in thinking', line: [thinking('{"tool":"make_move","args":{"cell":4}}'), text('Hm.'), end()] },
  { name: 'of a name that is not ours', line: [text('{"tool":"rm","args":{"cell":4}}'), end()] },
])('nothing runs that stands $name', async ({ line }) => {
  const tools = game()
  await world([line], tools).events()
  expect(tools.called).toEqual([])
})

test('half a call runs nothing: the model is asked again, and the third half ends the turn', async () => {
  const half: Line = [text('{"tool":"make_move","args":{"cell":'), end()]
  const tools = game()
  const { events, model } = world([half, half, half], tools)
  const all = await events()
  expect(tools.called).toEqual([])
  expect(model.requests[1]?.messages.at(-1)?.content).toContain('could not be read')
  expect(endOf(all).finish).toBe('stuck')
  expect(said(all)).toContain('Nothing was changed.')
})

test('a whole call before half of one does not run either', async () => {
  const tools = game()
  const line: Line = [text('{"tool":"make_move","args":{"cell":4}}\n{"tool":"make_move","args":{"cell":'), end()]
  await world([line, [text('ok'), end()]], tools).events()
  expect(tools.called).toEqual([])
})

test('a repaired call is shown to the model as it was taken', async () => {
  const { events, model } = world(
    [
      [call('MAKE_MOVE', '{"cell":"4"}'), end()],
      [text('ok'), end()],
    ],
    game(),
  )
  await events()
  expect(model.requests[1]?.messages[1]?.toolCalls).toMatchObject([{ name: 'make_move', arguments: { cell: 4 } }])
})

test('a call that the model server itself could not read is asked for again', async () => {
  const tools = game()
  const broken = new LlmBadResponseError('invalid tool call arguments', { isCall: true })
  const { events } = world([[broken], [call('make_move', { cell: 4 }), end()], [text('ok'), end()]], tools)
  expect(endOf(await events()).finish).toBe('stop')
  expect(tools.called).toHaveLength(1)
})

test('an answer that is cut runs none of its calls', async () => {
  const tools = game()
  const { events } = world([[call('make_move', { cell: 4 }), new LlmStreamCutError()]], tools)
  await expect(events()).rejects.toMatchObject({ code: 'LLM_STREAM_CUT' })
  expect(tools.called).toEqual([])
})

test('the same write again, right after it succeeded, is told its first answer', async () => {
  const tools = game()
  const move = call('make_move', { cell: 4 })
  const all = await world(
    [
      [move, end()],
      [move, end()],
      [text('ok'), end()],
    ],
    tools,
  ).events()
  expect(tools.called).toHaveLength(1)
  expect(endOf(all).runs.map(({ replayed }) => replayed)).toEqual([undefined, true])
})

test('the same read with the same answer: the third is refused, the fourth ends the turn', async () => {
  const tools = game()
  const read: Line = [call('get_state'), end()]
  const { events, model } = world([read, read, read, read], tools)
  const all = await events()
  expect(endOf(all).finish).toBe('stuck')
  expect(tools.called).toHaveLength(3)
  expect(model.requests[2]?.messages.at(-1)?.content).toContain('"turn":"X"')
  expect(model.requests[3]?.messages.at(-1)?.content).toContain('three times')
})

test('a changed answer starts the count anew: polling is fine', async () => {
  const tools = bench({ get_state: (_, nth) => ok({ nth }) })
  const read: Line = [call('get_state'), end()]
  const all = await world([read, read, read, read, read, [text('done'), end()]], tools).events()
  expect(endOf(all).finish).toBe('stop')
})

test('unknown names count together: two are refused with the list, the third ends the turn', async () => {
  const { events, model } = world(
    [
      [call('a'), end()],
      [call('b'), end()],
      [call('c'), end()],
    ],
    game(),
  )
  const all = await events()
  expect(endOf(all).finish).toBe('stuck')
  expect(model.requests[1]?.messages.at(-1)?.content).toContain('get_state')
})

test('refused arguments: two answers say what is expected, the third ends the turn', async () => {
  const invalid = { success: false, body: { success: false, code: 'INVALID_ARGUMENTS', error: 'cell: missing' } }
  const tools = bench({ make_move: () => invalid })
  const moves = [1, 2, 3].map((cell): Line => [call('make_move', { cell }), end()])
  expect(endOf(await world(moves, tools).events()).finish).toBe('stuck')
  expect(tools.called).toHaveLength(3)
})

test('twelve rounds, then a sentence that says what was done', async () => {
  const lines = Array.from({ length: 12 }, (_, cell): Line => [call('make_move', { cell }), end()])
  const all = await world(lines, game()).events()
  expect(endOf(all)).toMatchObject({ finish: 'rounds', usage: { rounds: 12 } })
  expect(said(all)).toMatch(/Done so far: make_move 0, make_move 1, .*make_move 11\./)
})

test('a move whose fate nobody knows is not told as nothing', async () => {
  const lost = { success: false, body: { success: false, code: 'OUTCOME_UNKNOWN', outcome: 'unknown' } }
  const tools = bench({ make_move: () => lost })
  const all = await world([[call('make_move', { cell: 4 }), end()], ['silence']], tools).events()
  expect(said(all)).toContain('It is not known yet what became of make_move 4')
  expect(said(all)).not.toContain('Nothing was changed')
})

test('a silent model gets heartbeats until the time is up', async () => {
  const all = await world([['silence']], game()).events()
  expect(endOf(all)).toMatchObject({ finish: 'time', usage: { totalNs: 240_000_000_000 } })
  expect(all.filter(({ type }) => type === 'heartbeat').length).toBeGreaterThanOrEqual(47)
  expect(said(all)).toContain('out of time')
})

test('a slow tool gets heartbeats, and is followed to its end', async () => {
  const clock = createVirtualClock()
  const tools = bench({ make_move: () => clock.sleep(40_000).then(() => ok()) })
  const run = createTurnRunner({ clock, observe: silent })
  const model = scriptedModel([
    [call('make_move'), end()],
    [text('Done.'), end()],
  ])
  const request = asked(model, tools)
  const all = await clock.run(collect(run(request)))
  expect(all.filter(({ type }) => type === 'heartbeat').length).toBeGreaterThanOrEqual(7)
  expect(said(all)).toBe('Done.')
})

test('a write begins only when enough time is left for it; a read may', async () => {
  const clock = createVirtualClock()
  const slow = { get_state: () => clock.sleep(turnLimits.turnMs - 9_000).then(() => ok()), make_move: () => ok() }
  const tools = bench(slow)
  const run = createTurnRunner({ clock, observe: silent })
  const model = scriptedModel([[call('get_state'), call('make_move'), end()]])
  const request = asked(model, tools)
  const all = await clock.run(collect(run(request)))
  expect(tools.called.map(({ name }) => name)).toEqual(['get_state'])
  expect(endOf(all).finish).toBe('time')
})

test('a service that stops lets the tool end, and says so', async () => {
  const stop = new AbortController()
  const tools = bench({
    make_move: () => {
      stop.abort()
      return ok()
    },
  })
  const all = await world([[call('make_move', { cell: 4 }), end()]], tools, { stop: stop.signal }).events()
  expect(endOf(all).finish).toBe('time')
  expect(said(all)).toContain('The service is stopping. Done so far: make_move 4.')
})

test.each(['before the first word', 'after some words', 'while a tool runs'])(
  'a client that hangs up %s ends it',
  async (when) => {
    const gone = new AbortController()
    const tools = bench({
      make_move: () => {
        gone.abort(new Error('hung up'))
        return ok()
      },
    })
    const hangUp = (): Line => {
      gone.abort(new Error('hung up'))
      return ['silence']
    }
    const speak = (): Line => [text('I '), ...hangUp()]
    const script = {
      'before the first word': [hangUp],
      'after some words': [speak],
      'while a tool runs': [[call('make_move'), call('make_move', { cell: 1 }), end()]],
    }[when]
    await expect(world(script ?? [], tools, { gone: gone.signal }).events()).rejects.toThrow('hung up')
    expect(tools.called.length).toBeLessThanOrEqual(1)
  },
)

const foreign: ModelTool = {
  name: 'get_time',
  description: 'The time.',
  parameters: { type: 'object', properties: {} },
}

test("the caller's own tools are offered beside ours and handed back", async () => {
  const tools = game()
  const { events, model } = world([[call('get_time', { zone: 'UTC' }), end()]], tools, { callersTools: [foreign] })
  const last = endOf(await events())
  expect(model.requests[0]?.tools.map(({ name }) => name)).toEqual(['get_time', 'get_state', 'make_move'])
  expect(last).toMatchObject({ finish: 'handover', handover: [{ name: 'get_time', arguments: { zone: 'UTC' } }] })
})

test('a mixed round runs our reads, tells their result as text, and writes nothing', async () => {
  const tools = game()
  const mixed: Line = [call('get_state'), call('make_move', { cell: 4 }), call('get_time'), end()]
  const all = await world([mixed], tools, { callersTools: [foreign] }).events()
  expect(tools.called.map(({ name }) => name)).toEqual(['get_state'])
  expect(said(all)).toContain('"turn":"X"')
  expect(endOf(all).handover.map(({ name }) => name)).toEqual(['get_time'])
})

test('a model without tools is told of them in the prompt, and that is remembered', async () => {
  const clock = createVirtualClock()
  const run = createTurnRunner({ clock, observe: silent })
  const model = scriptedModel([
    [new ToolsUnsupportedError('m')],
    [text('```json\n{"tool":"make_move","args":{"cell":4}}\n```'), end()],
    [text('Moved.'), end()],
    [text('Hello.'), end()],
  ])
  const tools = game()
  const request = asked(model, tools)
  expect(said(await clock.run(collect(run(request))))).toBe('Moved.')
  await clock.run(collect(run(request)))
  expect(model.requests.map(({ tools: offered }) => offered.length)).toEqual([2, 0, 0, 0])
  expect(model.requests[1]?.messages[0]?.content).toContain('make_move')
  expect(model.requests[2]?.messages.map(({ role }) => role)).not.toContain('tool')
})

test('a model that took no tools is asked with them again after five minutes: it may be another version', async () => {
  const clock = createVirtualClock()
  const run = createTurnRunner({ clock, observe: silent })
  const model = scriptedModel([
    [new ToolsUnsupportedError('m')],
    [text('Hi.'), end()],
    [text('Hi.'), end()],
    [text('Hi.'), end()],
  ])
  const request = asked(model, game())
  await clock.run(collect(run(request)))
  await clock.run(clock.sleep(290_000))
  await clock.run(collect(run(request)))
  await clock.run(clock.sleep(20_000))
  await clock.run(collect(run(request)))
  expect(model.requests.map(({ tools }) => tools.length)).toEqual([2, 0, 0, 2])
})

test('a probe that says "no tools" spares the question with them', async () => {
  const clock = createVirtualClock()
  const model = scriptedModel([[text('Hi.'), end()]], { tools: false })
  const request = asked(model, game())
  await clock.run(collect(createTurnRunner({ clock, observe: silent })(request)))
  expect(model.requests[0]?.tools).toEqual([])
})

test('a write that waits for a person ends the turn', async () => {
  const body = { success: false, code: 'APPROVAL_NEEDED', details: { approvalId: 'a' } }
  const tools = bench({ make_move: () => ({ success: false, body, needsApproval: true as const }) })
  const all = await world([[call('make_move', { cell: 4 }), call('make_move', { cell: 5 }), end()]], tools).events()
  expect(endOf(all).finish).toBe('approval')
  expect(tools.called).toHaveLength(1)
})

test('what a person agreed to runs before the model is asked', async () => {
  const tools = game()
  const { events, model } = world([[text('Played.'), end()]], tools, {
    opening: { name: 'make_move', args: { cell: 4 } },
  })
  await events()
  expect(tools.called).toEqual([{ name: 'make_move', args: { cell: 4 } }])
  expect(model.requests[0]?.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
})

test('a context that is full is said to be', async () => {
  expect(said(await world([[text('Hm.'), end('stop', true)]], game()).events())).toContain('fills the context')
})

test('a long answer of a tool is cut for the model, with a note', async () => {
  const { events, model } = world(
    [[call('get_state'), end()], [end()]],
    bench({ get_state: () => ok({ long: 'ä'.repeat(5_000) }) }),
  )
  await events()
  const content = model.requests[1]?.messages.at(-1)?.content ?? ''
  expect(Buffer.byteLength(content)).toBeLessThanOrEqual(4_200)
  expect(content).toContain('cut')
})

test('without tools a JSON text is text', async () => {
  const empty: ToolBench = { tools: [], isWrite: () => false, call: () => Promise.reject(new Error('no')) }
  expect(said(await world([[text('{"tool":"make_move"}'), end()]], empty).events())).toBe('{"tool":"make_move"}')
})

const someLine: fc.Arbitrary<Line> = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 12 }).map(text),
      fc.constantFrom('{"tool":"make_move","args":{"cell":1}}', '```', '<tool_call>').map(text),
      fc.integer({ min: 0, max: 9 }).map((cell) => call('make_move', { cell })),
      fc.constant(call('get_state')),
      fc.constant(call('nothing')),
    ),
    { maxLength: 4 },
  )
  .map((events) => [...events, end()])

test('law: whatever a model says, a turn ends exactly once, and every call has its result', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(someLine, { minLength: 12, maxLength: 12 }), async (lines) => {
      const tools = game()
      const all = await world(lines, tools).events()
      expect(all.filter(({ type }) => type === 'end')).toHaveLength(1)
      expect(all.at(-1)?.type).toBe('end')
      expect(all.filter(({ type }) => type === 'call')).toHaveLength(all.filter(({ type }) => type === 'result').length)
      expect(endOf(all).usage.outputTokens).toBe(endOf(all).usage.rounds * usage.outputTokens)
    }),
  )
})
