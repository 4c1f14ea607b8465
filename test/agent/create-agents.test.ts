import { describe, expect, test } from 'vitest'
import type { TaskResult } from '../../src/agent/agent.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import { ToolsUnsupportedError } from '../../src/llm/errors.ts'
import { openMemory } from '../records.ts'
import { toolThat } from '../tools/_bus-world.ts'
import type { Answer } from './_kit.ts'
import {
  agentSpec,
  ask,
  callerOf,
  calls,
  hangs,
  left,
  modelOf,
  openWorld,
  temporaryFolder,
  told,
  words,
} from './_kit.ts'

/** A model whose answers come when the test says so. */
function heldModel() {
  const asked: { readonly input: string; answer(): void }[] = []
  const waiting = new Set<() => void>()
  const answer: Answer = async function* (request, signal) {
    const { promise, resolve } = Promise.withResolvers<void>()
    asked.push({ input: told(request).at(-1) ?? '', answer: resolve })
    for (const look of waiting) look()
    await Promise.race([promise, left(signal)])
    yield* words('Done.')(request, signal)
  }
  /** Until so many questions have come. */
  const askedFor = async (count: number): Promise<void> => {
    while (asked.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.add(resolve)
      await promise
      waiting.delete(resolve)
    }
  }
  return { ...modelOf(answer), asked, askedFor }
}

const inputsOf = ({ asked }: ReturnType<typeof heldModel>) => asked.map(({ input }) => input)

describe('an agent', () => {
  test('runs when it is first asked, and every one of those who ask at once is answered', async () => {
    const { model } = modelOf(words('Hello.'))
    const specs = [agentSpec({ concurrency: 2 })]
    const world = await openWorld({ specs, model })
    expect(world.agents.list()).toMatchObject([{ id: 'ada', state: 'declared', running: 0, waiting: 0 }])
    const results = await Promise.all(Array.from({ length: 10 }, () => ask(world, 'Hi')))
    expect(results.map(({ status }) => status)).toEqual(Array(10).fill('COMPLETED'))
    expect(world.agents.get('ada')).toMatchObject({ state: 'idle', running: 0, waiting: 0, restarts: 0 })
    const states = world.events.flatMap(({ type, data }) => (type === 'agent.state' ? [data['to']] : []))
    expect(states.slice(0, 2)).toEqual(['idle', 'running'])
    expect(states.at(-1)).toBe('idle')
  })

  test('that nobody knows is not found, with the names of those who are there', async () => {
    const world = await openWorld()
    await expect(ask(world, 'Hi', {}, 'nobody')).rejects.toMatchObject({
      code: 'AGENT_NOT_FOUND',
      hint: expect.stringContaining('ada'),
    })
    await expect(world.agents.estimate('nobody', { input: 'Hi' })).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' })
    expect(world.agents.get('nobody')).toBeUndefined()
  })

  test('whose parts cannot be opened says why, and is tried anew the next time', async () => {
    const world = await openWorld({ specs: [agentSpec(), agentSpec({ name: 'bob' })] })
    let isBroken = true
    const { agents } = await openWorld({
      deps: {
        openParts: async () => {
          if (isBroken) throw new ToolsUnsupportedError('m')
          throw new StorageUnavailableError(new Error('other'))
        },
      },
    })
    await expect(ask({ agents }, 'Hi')).rejects.toMatchObject({ code: 'LLM_REFUSED' })
    isBroken = false
    await expect(ask({ agents }, 'Hi')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    expect(await ask(world, 'Hi', {}, 'bob')).toMatchObject({ agentId: 'bob', status: 'COMPLETED' })
  })

  test('estimates what its first question may cost, and asks nothing', async () => {
    const { model, asked } = modelOf(words('Hello.'))
    const world = await openWorld({ specs: [agentSpec({ budgets: { tokens: 9_000 } })], model })
    const { promptTokens, ...more } = await world.agents.estimate('ada', { input: 'Hi', budgets: { tokens: 5_000 } })
    expect(promptTokens).toBeGreaterThan(500)
    const limits = { timeMs: 300_000, tokens: 5_000, costUsd: null }
    expect(more).toEqual({ maxOutputTokens: 2_048, firstCallUsd: 0, limits })
    expect(asked).toEqual([])
  })

  test('that is stopped ends its task as interrupted, forgets its working memory, and runs again when it is asked', async () => {
    const held = heldModel()
    const world = await openWorld({ model: held.model })
    world.contexts.put('s/ada', ['kept'], { meta: { agentId: 'ada' } })
    const asking = ask(world, 'Hi')
    await held.askedFor(1)
    await world.agents.stop('ada')
    expect(await asking).toMatchObject({ status: 'FAILED', stopped: 'interrupted' })
    expect(world.contexts.stats().entries).toBe(0)
    expect(world.agents.get('ada')).toMatchObject({ state: 'declared' })
    const again = ask(world, 'Hi')
    await held.askedFor(2)
    held.asked[1]?.answer()
    expect(await again).toMatchObject({ status: 'COMPLETED' })
  })
})

describe('tasks at once', () => {
  test('are as many as the agent may, the next in the order of their coming', async () => {
    const held = heldModel()
    const world = await openWorld({ specs: [agentSpec({ concurrency: 2 })], model: held.model })
    const asking = ['a', 'b', 'c'].map((input) => ask(world, input))
    await held.askedFor(2)
    expect(inputsOf(held).toSorted()).toEqual(['user: a', 'user: b'])
    expect(world.agents.get('ada')).toMatchObject({ state: 'running', running: 2, waiting: 1 })
    held.asked[0]?.answer()
    await held.askedFor(3)
    held.asked[1]?.answer()
    held.asked[2]?.answer()
    expect((await Promise.all(asking)).map(({ status }) => status)).toEqual(Array(3).fill('COMPLETED'))
    expect(world.agents.get('ada')).toMatchObject({ state: 'idle', running: 0, waiting: 0 })
  })

  test('of one session run one after the other, and the second knows what the first said', async () => {
    const held = heldModel()
    const world = await openWorld({ model: held.model })
    const asking = ['one', 'two'].map((input) => ask(world, input, { sessionId: 's' }))
    const other = ask(world, 'else')
    await held.askedFor(2)
    expect(inputsOf(held)).toContain('user: else')
    expect(world.agents.get('ada')).toMatchObject({ running: 2, waiting: 1 })
    for (const { answer } of held.asked) answer()
    await held.askedFor(3)
    held.asked[2]?.answer()
    await Promise.all([...asking, other])
    const [first = '', second = ''] = ['transcript.jsonl', 'transcript-2.jsonl']
    const said = [...(await world.transcriptOf('s', first)), ...(await world.transcriptOf('s', second))]
    expect(said.filter((line) => line.startsWith('user'))).toHaveLength(2)
    expect((await world.artifacts.list({ namespace: 'sessions', id: 's' })).map(({ name }) => name)).toEqual([
      'context-ada.json',
      'result-2.json',
      'result.json',
      'transcript-2.jsonl',
      'transcript.jsonl',
    ])
    expect(JSON.parse(await world.textOf('s', 'context-ada.json'))).toHaveLength(4)
  })

  test.each([
    { name: 'of one session', sessionOf: () => 's' },
    { name: 'of several', sessionOf: (index: number) => `s${index}` },
  ])('are refused past the bound of those that wait ($name), whoever comes together', async ({ sessionOf }) => {
    const held = heldModel()
    const world = await openWorld({ specs: [agentSpec({ concurrency: 1, queue: 2 })], model: held.model })
    const asking = Array.from({ length: 6 }, (_, index) =>
      ask(world, 'Hi', { sessionId: sessionOf(index) }).catch(({ code }) => code as string),
    )
    const answerAll = async () => {
      for (let index = 0; index < 3; index++) {
        await held.askedFor(index + 1)
        held.asked[index]?.answer()
      }
    }
    const [answers] = await Promise.all([Promise.all(asking), answerAll()])
    expect(answers.filter((answer) => answer === 'OVERLOADED')).toHaveLength(3)
    expect(answers.filter((answer) => typeof answer === 'object')).toMatchObject(Array(3).fill({ status: 'COMPLETED' }))
    expect(await world.tasks.counts()).toEqual({ COMPLETED: 3 })
  })

  test('that wait give up their place when nobody wants them any more', async () => {
    const held = heldModel()
    const world = await openWorld({ specs: [agentSpec({ concurrency: 1, queue: 1 })], model: held.model })
    const first = ask(world, 'first')
    await held.askedFor(1)
    const { caller, hangUp } = callerOf()
    const { ended } = await world.agents.begin('ada', { input: 'second' }, caller)
    await expect(ask(world, 'third')).rejects.toMatchObject({
      code: 'OVERLOADED',
      message: expect.stringMatching(/^1 task/),
    })
    hangUp()
    expect(await ended).toMatchObject({ status: 'CANCELLED', stopped: 'cancelled', error: null })
    const third = ask(world, 'third')
    held.asked[0]?.answer()
    await held.askedFor(2)
    held.asked[1]?.answer()
    expect((await Promise.all([first, third])).map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED'])
  })

  test('of a hundred agents all run', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `agent-${index}`)
    const held = heldModel()
    const world = await openWorld({ specs: names.map((name) => agentSpec({ name })), model: held.model })
    const asking = names.map((name) => ask(world, name, {}, name))
    await held.askedFor(100)
    for (const { answer } of held.asked) answer()
    const results = await Promise.all(asking)
    expect(results.map(({ agentId, status }) => [agentId, status])).toEqual(names.map((name) => [name, 'COMPLETED']))
  })

  test('that cannot be written down take no place', async () => {
    const world = await openWorld({ specs: [agentSpec({ concurrency: 1, queue: 0 })] })
    const begin = world.tasks.begin
    let isFull = true
    const { agents } = await openWorld({
      specs: [agentSpec({ concurrency: 1, queue: 0 })],
      deps: {
        tasks: {
          ...world.tasks,
          begin: async (task) =>
            isFull ? Promise.reject(new StorageUnavailableError(new Error('full'))) : begin(task),
        },
      },
    })
    await expect(ask({ agents }, 'Hi')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
    isFull = false
    expect(await ask({ agents }, 'Hi')).toMatchObject({ status: 'COMPLETED' })
  })
})

describe('a session', () => {
  test('goes on with what was said before, also after a restart', async () => {
    const [dir, database] = [await temporaryFolder(), await openMemory()]
    const first = await openWorld({ dir, database, model: modelOf(words('Your name is Eve.')).model })
    await ask(first, 'I am Eve.', { sessionId: 's' })
    await first.close()
    const { model, asked } = modelOf(words('Eve.'))
    const second = await openWorld({ dir, database, model })
    const result = await ask(second, 'Who am I?', { sessionId: 's' })
    expect(told(asked[0] ?? { messages: [] })).toEqual([
      'user: I am Eve.',
      'assistant: Your name is Eve.',
      'user: Who am I?',
    ])
    expect(result.artifacts.map(({ name }) => name)).toEqual(['transcript-2.jsonl', 'result-2.json'])
  })

  test('keeps so many messages, and the file has all of them', async () => {
    const { model, asked } = modelOf(words('Yes.'))
    const world = await openWorld({ specs: [agentSpec({ transcript: { keep: 4 } })], model })
    for (const input of ['a', 'b', 'c', 'd']) await ask(world, input, { sessionId: 's' })
    expect(told(asked[3] ?? { messages: [] })).toEqual([
      'user: b',
      'assistant: Yes.',
      'user: c',
      'assistant: Yes.',
      'user: d',
    ])
    expect(await world.transcriptOf('s')).toEqual(['user: a', 'assistant: Yes.'])
  })

  test('that two agents use at once keeps a transcript of each', async () => {
    const held = heldModel()
    const world = await openWorld({ specs: [agentSpec(), agentSpec({ name: 'bob' })], model: held.model })
    const asking = ['ada', 'bob'].map((id) => ask(world, id, { sessionId: 's' }, id))
    await held.askedFor(2)
    for (const { answer } of held.asked) answer()
    expect((await Promise.all(asking)).map(({ status }) => status)).toEqual(['COMPLETED', 'COMPLETED'])
    const both = [await world.transcriptOf('s'), await world.transcriptOf('s', 'transcript-2.jsonl')]
    expect(both.map(([line]) => line).toSorted()).toEqual(['user: ada', 'user: bob'])
  })
})

describe('when the service stops', () => {
  test('what ends in time ends; nothing new begins', async () => {
    const held = heldModel()
    const world = await openWorld({ model: held.model })
    const asking = ask(world, 'Hi')
    await held.askedFor(1)
    const closing = world.agents.close(60_000)
    await expect(ask(world, 'Hi')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' })
    held.asked[0]?.answer()
    await closing
    expect(await asking).toMatchObject({ status: 'COMPLETED' })
  })

  test('what does not is stored as interrupted before it is closed, with what was said, and goes on in its session', async () => {
    const [dir, database] = [await temporaryFolder(), await openMemory()]
    const speaks = Promise.withResolvers<void>()
    const halfway: Answer = async function* (_, signal) {
      yield { type: 'text', text: 'I have found' }
      speaks.resolve()
      await left(signal)
    }
    const world = await openWorld({
      dir,
      database,
      specs: [agentSpec({ concurrency: 1 })],
      model: modelOf(halfway, hangs).model,
    })
    const asking = ask(world, 'Search', { sessionId: 's' })
    await speaks.promise
    const waiting = await world.agents.begin('ada', { input: 'Wait', sessionId: 'w' }, callerOf().caller)
    await world.agents.close(0)
    expect(await world.tasks.ofSession('s')).toMatchObject([{ status: 'FAILED', result: { stopped: 'interrupted' } }])
    expect(await world.tasks.ofSession('w')).toMatchObject([{ status: 'FAILED', result: { stopped: 'interrupted' } }])
    const result = await asking
    expect(result).toMatchObject({ status: 'FAILED', stopped: 'interrupted', error: { code: 'PROCESS_ERROR' } })
    expect(result.output).toBe('I have found')
    expect(await waiting.ended).toMatchObject({ stopped: 'interrupted', usage: { modelCalls: 0 } })

    const { model, asked } = modelOf(words('Found.'))
    const next = await openWorld({ dir, database, model })
    expect(await ask(next, 'Go on', { sessionId: 's' })).toMatchObject({ status: 'COMPLETED' })
    expect(told(asked[0] ?? { messages: [] })).toEqual(['user: Search', 'assistant: I have found', 'user: Go on'])
  })
})

describe('a bug in a task', () => {
  const buggy: Answer = () => {
    throw new TypeError('secret detail')
  }

  test('is told without its words, and the agent begins anew; another one never noticed', async () => {
    const { model } = modelOf(buggy, words('Hello.'))
    const held = heldModel()
    const world = await openWorld({
      specs: [agentSpec(), agentSpec({ name: 'bob' })],
      model: {
        ...model,
        chat: (request, options) =>
          (told(request).at(-1) === 'user: bob' ? held : { model }).model.chat(request, options),
      },
    })
    const other = ask(world, 'bob', {}, 'bob')
    await held.askedFor(1)
    const result = await ask(world, 'Hi')
    expect(result).toMatchObject({ status: 'FAILED', stopped: null, error: { code: 'INTERNAL_ERROR' } })
    expect(JSON.stringify(result)).not.toContain('secret detail')
    await expect.poll(() => world.agents.get('ada'), { timeout: 10_000 }).toMatchObject({ state: 'idle', restarts: 1 })
    expect(await ask(world, 'Hi')).toMatchObject({ status: 'COMPLETED' })
    held.asked[0]?.answer()
    expect(await other).toMatchObject({ status: 'COMPLETED' })
    expect(world.agents.get('bob')).toMatchObject({ restarts: 0 })
  })

  test('leaves the other tasks of the agent alone, and the service still ends them when it stops', async () => {
    const { model } = modelOf(hangs, buggy)
    const world = await openWorld({ model })
    const running = ask(world, 'Hang')
    await expect.poll(() => world.agents.get('ada')?.running, { timeout: 10_000 }).toBe(1)
    await ask(world, 'Bug')
    await expect.poll(() => world.agents.get('ada')?.restarts, { timeout: 10_000 }).toBe(1)
    await expect
      .poll(() => world.agents.get('ada'), { timeout: 10_000 })
      .toMatchObject({ state: 'running', running: 1 })
    await world.agents.close(0)
    expect(await running).toMatchObject({ stopped: 'interrupted' })
  })

  test('again and again: the agent stays down and says so', async () => {
    const world = await openWorld({ model: modelOf(buggy).model, supervisor: { maxRestarts: 2 } })
    for (let crashes = 0; crashes < 3; crashes++) {
      await ask(world, 'Hi')
      await expect.poll(() => world.agents.get('ada')?.state, { timeout: 10_000 }).toBe(crashes < 2 ? 'idle' : 'failed')
    }
    await expect(ask(world, 'Hi')).rejects.toMatchObject({
      code: 'PROCESS_ERROR',
      message: expect.stringContaining('too often'),
    })
  })

  test('while it waits to begin anew, it says so', async () => {
    const world = await openWorld({
      model: modelOf(buggy).model,
      supervisor: { backOff: { firstMs: 600_000, factor: 1, maxMs: 600_000, jitter: 0 } },
    })
    const results: TaskResult[] = [await ask(world, 'Hi')]
    expect(results[0]?.error?.code).toBe('INTERNAL_ERROR')
    await expect(ask(world, 'Hi')).rejects.toMatchObject({
      code: 'PROCESS_ERROR',
      hint: expect.stringContaining('again'),
    })
  })
})

test('tools that only read run side by side, and a write waits for them', async () => {
  const order: string[] = []
  const both = Promise.withResolvers<void>()
  let reads = 0
  const read = toolThat(
    async ({ text = '' }) => {
      reads += 1
      if (reads === 2) both.resolve()
      await both.promise // each waits for the other: one after the other would hang
      order.push(text)
      return text
    },
    { name: 'look' },
  )
  const write = toolThat(async () => void order.push('write'), { name: 'change', effect: 'write' })
  const { model } = modelOf(calls(['look', { text: 'one' }], ['look', { text: 'two' }], ['change', {}]), words('Done.'))
  const world = await openWorld({
    specs: [agentSpec({ tools: ['look', 'change'], permissions: ['read', 'write'], max_rounds: 2 })],
    tools: [read, write],
    model,
  })
  expect(await ask(world, 'Work')).toMatchObject({ status: 'COMPLETED', usage: { toolCalls: 3 } })
  expect(order.at(-1)).toBe('write')
  const endless = await openWorld({
    specs: [agentSpec({ tools: ['look'], max_rounds: 2 })],
    tools: [toolThat(async ({ text }) => text, { name: 'look' })],
    model: modelOf(calls(['look', { text: 'a' }]), calls(['look', { text: 'b' }]), calls(['look', { text: 'c' }]))
      .model,
  })
  expect(await ask(endless, 'Work')).toMatchObject({ status: 'FAILED', error: { code: 'LLM_BAD_RESPONSE' } })
})
