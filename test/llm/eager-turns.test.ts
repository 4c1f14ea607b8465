import { describe, expect, test } from 'vitest'
import { BudgetExceededError } from '../../src/budget/budget.ts'
import type { ChatMessage, LanguageModel, ModelEvent } from '../../src/llm/language-model.ts'
import { createTurnRunner } from '../../src/llm/loop.ts'
import type { ToolBench, TurnEvent, TurnRequest } from '../../src/llm/turn.ts'
import { KillSwitchError } from '../../src/policy/errors.ts'
import { systemClock } from '../../src/system.ts'
import { bench, call, collect, end, ok, scriptedModel, text } from './_scripted.ts'

const never = new AbortController().signal

/** A turn on real time, since what counts here is who waits for whom. */
function turn(model: LanguageModel, tools: ToolBench, more: Partial<TurnRequest> = {}) {
  const run = createTurnRunner({ clock: systemClock, observe: { repair: () => {}, refusal: () => {} } })
  return run({
    model,
    modelName: 'm',
    messages: [{ role: 'user', content: 'Go.' }],
    rest: {},
    bench: tools,
    callersTools: [],
    gone: never,
    stop: never,
    ...more,
  })
}

/** A tool that does this, and answers. */
const doing = (act: () => unknown) => async () => {
  await act()
  return ok()
}

/** A model whose first answer waits at `gate`, between its calls and its end. */
const gated = (calls: readonly ModelEvent[], gate: Promise<unknown>): LanguageModel => {
  let asked = 0
  return {
    ...scriptedModel([]),
    async *chat() {
      if (asked++ > 0) return void (yield end())
      yield* calls
      await gate
      yield end()
    },
  }
}

const kinds = (events: readonly TurnEvent[]): string[] =>
  events.flatMap((event) =>
    event.type === 'call' ? [`call ${event.call.name}`] : event.type === 'result' ? [`result ${event.run.tool}`] : [],
  )

describe('an eager turn', () => {
  test('runs reads while the answer still streams', async () => {
    const { promise: ran, resolve } = Promise.withResolvers<void>()
    const tools = bench({ get_state: doing(() => resolve()) })
    // The answer only ends once the tool ran: without that this test would time out.
    const events = await collect(turn(gated([call('get_state')], ran), tools, { isEager: true }))
    expect(kinds(events)).toEqual(['call get_state', 'result get_state'])
    expect(tools.called).toHaveLength(1)
  })

  test('runs reads side by side, and tells results in the order of the calls', async () => {
    const { promise: both, resolve } = Promise.withResolvers<void>()
    const tools = bench({
      first: async () => {
        await both // the second one ends first
        return ok({ is: 1 })
      },
      second: async () => {
        resolve()
        return ok({ is: 2 })
      },
    })
    const model = scriptedModel([[call('first'), call('second'), end()], [end()]])
    const events = await collect(turn(model, tools, { isEager: true }))
    expect(kinds(events)).toEqual(['call first', 'call second', 'result first', 'result second'])
    expect(model.requests[1]?.messages.slice(-2).map(({ content }) => content)).toEqual(['{"is":1}', '{"is":2}'])
  })

  test('begins no write before the answer is whole, and nothing behind one before it is done', async () => {
    const { promise: released, resolve } = Promise.withResolvers<void>()
    const order: string[] = []
    const tools = bench({
      get_state: doing(() => resolve(void order.push('read'))),
      make_move: async () => {
        order.push('write begins')
        await Promise.resolve()
        order.push('write ends')
        return ok()
      },
      look: doing(() => order.push('look')),
    })
    const gate = released.then(() => void order.push('answer ends'))
    const calls = [call('get_state'), call('make_move'), call('look')]
    const events = await collect(turn(gated(calls, gate), tools, { isEager: true }))
    expect(order).toEqual(['read', 'answer ends', 'write begins', 'write ends', 'look'])
    expect(kinds(events)).toEqual([
      'call get_state',
      'result get_state',
      'call make_move',
      'result make_move',
      'call look',
      'result look',
    ])
  })

  test('takes a write whose arguments cannot be read for a write', async () => {
    const order: string[] = []
    const tools = bench({ make_move: () => ok(), look: doing(() => order.push('look')) })
    const { promise, resolve } = Promise.withResolvers<void>()
    setImmediate(() => resolve(void order.push('answer ends')))
    await collect(turn(gated([call('make_move', 'junk'), call('look')], promise), tools, { isEager: true }))
    expect(order).toEqual(['answer ends', 'look'])
  })

  test('runs calls that were written as text side by side too', async () => {
    const { promise: both, resolve } = Promise.withResolvers<void>()
    const tools = bench({ first: doing(() => both), second: doing(() => resolve()) })
    const written = text('{"tool":"first","args":{}}\n{"tool":"second","args":{}}')
    const events = await collect(turn(scriptedModel([[written, end()], [end()]]), tools, { isEager: true }))
    expect(kinds(events)).toEqual(['call first', 'call second', 'result first', 'result second'])
  })

  test('runs at most eight side by side, and all of them in the end', async () => {
    let [running, most] = [0, 0]
    const { promise: eight, resolve } = Promise.withResolvers<void>()
    const tools = bench({
      look: async () => {
        most = Math.max(most, ++running)
        if (running === 8) resolve()
        await eight
        running--
        return ok({ nth: most })
      },
    })
    const calls = Array.from({ length: 12 }, (_, cell) => call('look', { cell }))
    await collect(turn(scriptedModel([[...calls, end()], [end()]]), tools, { isEager: true }))
    expect(most).toBe(8)
    expect(tools.called).toHaveLength(12)
  })

  test('sees a read to its end when the answer breaks off', async () => {
    let isOver = false
    const tools = bench({
      look: async () => {
        await systemClock.sleep(20)
        isOver = true
        return ok()
      },
    })
    const events = turn(scriptedModel([[call('look'), new Error('The line is cut.')]]), tools, { isEager: true })
    await expect(collect(events)).rejects.toThrow('The line is cut.')
    expect(isOver).toBe(true)
  })

  test('begins nothing for the caller, who runs their own tools', async () => {
    const theirs = { name: 'now', description: '', parameters: {} }
    const tools = bench({ look: () => ok() })
    const model = scriptedModel([[call('now'), call('look'), end()]])
    const events = await collect(turn(model, tools, { isEager: true, callersTools: [theirs] }))
    expect(events.at(-1)).toMatchObject({ finish: 'handover', handover: [{ name: 'now' }] })
    expect(kinds(events)).toEqual(['call look', 'result look'])
  })
})

test('a turn that is not eager waits for the whole answer', async () => {
  const order: string[] = []
  const { promise, resolve } = Promise.withResolvers<void>()
  setImmediate(() => resolve(void order.push('answer ends')))
  await collect(turn(gated([call('look')], promise), bench({ look: doing(() => order.push('look')) })))
  expect(order).toEqual(['answer ends', 'look'])
})

test('the conversation may be shortened before each question, and goes on shortened', async () => {
  const seen: number[] = []
  const beforeQuestion = async (messages: readonly ChatMessage[]) => {
    seen.push(messages.length)
    return messages.slice(-2)
  }
  const model = scriptedModel([
    [call('look'), end()],
    [call('look', { cell: 1 }), end()],
    [text('Done.'), end()],
  ])
  const messages = Array.from({ length: 5 }, (_, nth): ChatMessage => ({ role: 'user', content: String(nth) }))
  await collect(turn(model, bench({ look: () => ok() }), { messages, beforeQuestion }))
  expect(seen).toEqual([5, 4, 4])
  expect(model.requests.map((request) => request.messages.map(({ role }) => role))).toEqual([
    ['user', 'user'],
    ['assistant', 'tool'],
    ['assistant', 'tool'],
  ])
})

test('every message that joins the conversation is told, in order', async () => {
  const told: ChatMessage[] = []
  const lines = [
    [text('I look. '), call('look'), end()],
    [text('{"tool":"look","args":{'), end()],
    [text('Done.'), end()],
  ]
  await collect(
    turn(scriptedModel(lines), bench({ look: () => ok() }), { onMessage: (message) => void told.push(message) }),
  )
  expect(told).toMatchObject([
    { role: 'assistant', content: 'I look. ', toolCalls: [{ name: 'look' }] },
    { role: 'tool', toolName: 'look', content: '{"done":true}' },
    { role: 'assistant' },
    { role: 'user', content: expect.stringContaining('could not be read') },
    { role: 'assistant', content: 'Done.' },
  ])
  expect(told).toHaveLength(5)
})

test('limits of one turn stand over those of all', async () => {
  const model = scriptedModel([
    [call('look'), end()],
    [call('look', { cell: 1 }), end()],
  ])
  const events = await collect(turn(model, bench({ look: () => ok() }), { limits: { rounds: 2, answerBytes: 60 } }))
  expect(events.at(-1)).toMatchObject({ type: 'end', finish: 'rounds' })
  expect(model.requests).toHaveLength(2)
})

describe('a refusal to ask at all ends the turn as what it is', () => {
  const refusals = [new BudgetExceededError({ kind: 'task', id: 't' }, 'tokens', 100), new KillSwitchError()]

  test.each(refusals)('$code', async (error) => {
    const lines = [[call('look'), end()], [error]]
    await expect(collect(turn(scriptedModel(lines), bench({ look: () => ok() }), { isEager: true }))).rejects.toBe(
      error,
    )
  })

  test.each(refusals)('$code, thrown where the conversation is shortened', async (error) => {
    const beforeQuestion = async () => {
      throw error
    }
    await expect(collect(turn(scriptedModel([]), bench({}), { beforeQuestion }))).rejects.toBe(error)
  })
})

test('tokens of the cache are summed over the rounds, where they were told', async () => {
  const withCache = (cachedTokens: number): ModelEvent => {
    const last = end()
    return last.type === 'end' ? { ...last, usage: { ...last.usage, cachedTokens } } : last
  }
  const model = scriptedModel([[call('look'), withCache(30)], [end()]])
  const events = await collect(turn(model, bench({ look: () => ok() })))
  expect(events.at(-1)).toMatchObject({ usage: { cachedTokens: 30, promptTokens: 200 } })
})
