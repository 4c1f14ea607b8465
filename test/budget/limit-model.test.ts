import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import {
  LlmCircuitOpenError,
  LlmRefusedError,
  LlmStreamCutError,
  LlmTimeoutError,
  LlmUnavailableError,
} from '../../src/llm/errors.ts'
import type { ModelEvent } from '../../src/llm/language-model.ts'
import { collect, openBudgets, refusedBy, scope, standingOf } from './_kit.ts'
import { end, limit, modelOf, promptTokens, request, says, text, usageOf } from './_limited.ts'

let database: Database
beforeAll(async () => {
  database = await openSqlite({ path: ':memory:', log: silentLog })
})
afterAll(() => database.close())

/** Budgets and a task of 1,000 tokens in them. */
function openTask(tokens = 1_000) {
  const { budgets } = openBudgets(database)
  const path = [scope('task', 't', { tokens, nanoUsd: 1_000_000 })]
  return { budgets, path, standing: () => standingOf(budgets, 'task', 't') }
}

test('an answer costs what the provider reports, at the price of each kind of token', async () => {
  const { budgets, path, standing } = openTask()
  const { model, asked } = modelOf(() => says(text('Hello'), end(usageOf(200, 30, { cachedTokens: 150 }))))
  const { ask, rows, events } = limit(model, { budgets, path, more: { provider: 'paid' } })
  const said = await collect(ask())
  expect(said.map(({ type }) => type)).toEqual(['text', 'end'])
  expect(asked[0]?.rest).toEqual({ options: { num_predict: 100 } })
  const nanoUsd = 50 * 10 + 150 * 1 + 30 * 50
  expect(await standing()).toEqual({ spent: { tokens: 230, nanoUsd }, held: { tokens: 0, nanoUsd: 0 } })
  expect(rows).toEqual([
    {
      by: 'entry', // the cap of the day holds it in the database
      kind: 'llm',
      taskId: 'task',
      agentId: 'agent',
      provider: 'paid',
      model: 'm',
      inputTokens: 200,
      outputTokens: 30,
      cachedTokens: 150,
      estimatedTokens: promptTokens + 100,
      nanoUsd,
      ms: 0,
      bytes: 5,
      code: 'OK',
    },
  ])
  expect(events.map(({ type }) => type)).toEqual(['llm.started', 'llm.finished'])
  expect(events[1]?.data).toMatchObject({ provider: 'paid', model: 'm', inputTokens: 200, outputTokens: 30, nanoUsd })
})

test('it is settled before its end is told, and rows of free calls go with the next commit', async () => {
  const { budgets, path, standing } = openTask()
  const { ask, rows } = limit(modelOf(() => says(text('Hi'), end(usageOf(10, 2)))).model, { budgets, path })
  for await (const event of ask()) {
    if (event.type === 'end') expect((await standing()).spent.tokens).toBe(12)
    if (event.type === 'end') break
  }
  expect(rows.map(({ by, code }) => [by, code])).toEqual([['record', 'OK']])
})

test('the limit is lowered to what remains, and below 16 tokens the call is refused unasked', async () => {
  const options = { temperature: 0, num_predict: -1 }
  const used = JSON.stringify({ options }).length // they go up too, so they count as prompt
  const { budgets, path } = openTask(promptTokens + used + 40)
  const { model, asked } = modelOf(() => says(end(usageOf(promptTokens + used, 30), 'length')))
  const { ask, rows } = limit(model, { budgets, path })
  await collect(ask(undefined, { ...request, rest: { options } }))
  expect(asked[0]?.rest).toEqual({ options: { temperature: 0, num_predict: 40 } })
  const error = await refusedBy(collect(ask()))
  expect(error.details).toMatchObject({ scope: 'task', what: 'tokens' })
  expect(asked).toHaveLength(1)
  expect(rows).toHaveLength(1)
})

describe('refused before anything is asked', () => {
  test('by the kill switch, also where it comes on during the reservation', async () => {
    const { budgets, path, standing } = openTask()
    const { model, asked } = modelOf(() => says(end(usageOf(1, 1))))
    for (const answers of [[true], [false, true]]) {
      const isOn = () => answers.shift() ?? false
      const { ask } = limit(model, { budgets, path, more: { kill: { isOn } } })
      await expect(collect(ask())).rejects.toHaveProperty('code', 'KILL_SWITCH')
    }
    expect(asked).toEqual([])
    expect(await standing()).toEqual({ spent: { tokens: 0, nanoUsd: 0 }, held: { tokens: 0, nanoUsd: 0 } })
  })

  test('for want of a price', async () => {
    const { budgets } = openTask()
    const { model, asked } = modelOf(() => says(end(usageOf(1, 1))))
    const { ask } = limit(model, { budgets, path: [], more: { provider: 'unpriced' } })
    await expect(collect(ask())).rejects.toHaveProperty('code', 'PRICE_UNKNOWN')
    expect(asked).toEqual([])
  })

  test('by a caller who is gone', async () => {
    const { budgets, path, standing } = openTask()
    const { model, asked } = modelOf(() => says(end(usageOf(1, 1))))
    await expect(collect(limit(model, { budgets, path }).ask(AbortSignal.abort(new Error('gone'))))).rejects.toThrow(
      'gone',
    )
    expect(asked).toEqual([])
    expect((await standing()).held.tokens).toBe(0)
  })
})

describe('a server that does not keep to the limit', () => {
  const whole = promptTokens + 100

  test.each([
    { name: 'reports more tokens', usage: usageOf(promptTokens, 101) },
    { name: 'reports a longer prompt', usage: usageOf(promptTokens + 101, 0) },
    { name: 'reports no number', usage: usageOf(Number.NaN, 5) },
    { name: 'reports less than nothing', usage: usageOf(10, -5) },
    { name: 'reports no end of tokens', usage: usageOf(10, Number.POSITIVE_INFINITY) },
  ])('$name: it is charged what was reserved, and disputed', async ({ usage }) => {
    const { budgets, path, standing } = openTask()
    const { ask, rows, of } = limit(modelOf(() => says(text('Hi'), end(usage))).model, { budgets, path })
    const said = await collect(ask())
    expect(said.at(-1)).toMatchObject({ type: 'end', usage: { promptTokens, outputTokens: 100 } })
    expect(await standing()).toMatchObject({ spent: { tokens: whole }, held: { tokens: 0 } })
    expect(rows).toMatchObject([{ code: 'LLM_BAD_RESPONSE', inputTokens: promptTokens, outputTokens: 100 }])
    expect(of('usage.disputed')).toMatchObject([{ reservedTokens: whole }])
  })

  test.each([
    { name: 'words', event: text('x'.repeat(50)) },
    { name: 'thoughts', event: { type: 'thinking', text: 'x' } satisfies ModelEvent },
    { name: 'nothing at all', event: text('') },
    { name: 'calls', event: { type: 'call', call: { id: 'c', name: 'n', arguments: {} } } satisfies ModelEvent },
  ])('an endless stream of $name is cut, and looks like an answer that ended for its length', async ({ event }) => {
    const { budgets, path, standing } = openTask()
    const aborted: boolean[] = []
    const { model, state } = modelOf(async function* (_, signal) {
      try {
        for (;;) yield event
      } finally {
        aborted.push(signal.aborted)
      }
    })
    const { ask, rows, of } = limit(model, { budgets, path })
    const said = await collect(ask())
    expect(said.length).toBeLessThanOrEqual(8 * 100 + 1_024 + 1)
    expect(said.at(-1)).toMatchObject({ type: 'end', reason: 'length' })
    expect([state.open, aborted]).toEqual([0, [true]])
    expect(await standing()).toMatchObject({ spent: { tokens: whole }, held: { tokens: 0 } })
    expect(rows).toMatchObject([{ code: 'LLM_BAD_RESPONSE' }])
    expect(of('usage.disputed')).toHaveLength(1)
  })

  test.each([
    { name: 'nothing', usage: usageOf(0, 0), spent: whole },
    { name: 'no prompt', usage: usageOf(0, 7), spent: promptTokens + 7 },
    { name: 'no output', usage: usageOf(20, 0), spent: 120 },
  ])('one that tells $name of its tokens: the reservation counts for them', async ({ usage, spent }) => {
    const { budgets, path, standing } = openTask()
    const { ask, rows } = limit(modelOf(() => says(text('Hi'), end(usage))).model, { budgets, path })
    await collect(ask())
    expect(await standing()).toMatchObject({ spent: { tokens: spent }, held: { tokens: 0 } })
    expect(rows).toMatchObject([{ code: 'OK' }])
  })
})

describe('an answer that does not come to its end', () => {
  const whole = promptTokens + 100
  const late: readonly (readonly [string, Error | undefined, number, string])[] = [
    ['nobody was reached', new LlmUnavailableError(), 0, 'LLM_UNAVAILABLE'],
    ['the breaker is open', new LlmCircuitOpenError(1), 0, 'CIRCUIT_OPEN'],
    ['the server refused it by status', new LlmRefusedError(400, 'no'), 0, 'LLM_REFUSED'],
    ['the connection broke', new LlmUnavailableError(undefined, { wasReset: true }), whole, 'LLM_UNAVAILABLE'],
    ['the model declined', new LlmRefusedError(200, 'no'), whole, 'LLM_REFUSED'],
    ['the server was silent', new LlmTimeoutError(5), whole, 'LLM_TIMEOUT'],
    ['there is a bug', new Error('bug'), whole, 'INTERNAL_ERROR'],
    ['the stream just stops', undefined, whole, 'LLM_STREAM_CUT'],
  ]
  test.each(late)('%s', async (_, error, spent, code) => {
    const { budgets, path, standing } = openTask()
    const { model } = modelOf(() => (error === undefined ? says() : says(error)))
    const { ask, rows, events } = limit(model, { budgets, path })
    await expect(collect(ask())).rejects.toEqual(error ?? new LlmStreamCutError())
    expect(await standing()).toMatchObject({ spent: { tokens: spent }, held: { tokens: 0 } })
    expect(rows).toMatchObject([{ code, inputTokens: spent === 0 ? 0 : promptTokens }])
    expect(events.at(-1)).toMatchObject({ type: 'llm.failed', data: { code } })
  })

  test('after the first word nothing is given back, whatever the error says', async () => {
    const { budgets, path, standing } = openTask()
    const { ask } = limit(modelOf(() => says(text('Hi'), new LlmUnavailableError())).model, { budgets, path })
    await expect(collect(ask())).rejects.toBeInstanceOf(LlmUnavailableError)
    expect(await standing()).toMatchObject({ spent: { tokens: whole }, held: { tokens: 0 } })
  })

  test('who stops reading, or aborts, has spent what was reserved', async () => {
    for (const how of ['leave', 'abort'] as const) {
      const { budgets, path, standing } = openTask()
      const { model, state } = modelOf(async function* (_, signal) {
        yield text('Hi')
        signal.throwIfAborted()
        yield text('there')
      })
      const { ask, rows } = limit(model, { budgets, path })
      const gone = new AbortController()
      const reading = (async () => {
        for await (const _ of ask(gone.signal)) {
          if (how === 'leave') break
          gone.abort(new DOMException('gone', 'AbortError'))
        }
      })()
      if (how === 'abort') await expect(reading).rejects.toThrow('gone')
      else await reading
      expect(state.open).toBe(0)
      expect(rows).toMatchObject([{ code: 'CANCELLED' }])
      expect(await standing()).toMatchObject({ spent: { tokens: whole }, held: { tokens: 0 } })
    }
  })
})
