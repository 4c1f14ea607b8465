import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { pid } from 'node:process'
import { describe, expect, test } from 'vitest'
import { createIsolatedTurns } from '../../src/agent/isolated-turns.ts'
import { LlmBadResponseError, LlmUnavailableError, ToolsUnsupportedError } from '../../src/llm/errors.ts'
import { toolThat } from '../tools/_bus-world.ts'
import type { Answer } from './_kit.ts'
import { agentSpec, ask, babbles, callerOf, calls, hangs, left, modelOf, openWorld, told, words } from './_kit.ts'

const fails = (error: Error): Answer =>
  async function* () {
    yield* []
    throw error
  }

/** Processes that this one has started, and that run. */
async function childrenOf(): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const texts = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, 'utf8').catch(() => '')),
  )
  return texts.flatMap((text) => text.trim().split(' ').filter(Boolean).map(Number))
}

/** The child of a turn, among whatever else runs. */
async function turnChild(): Promise<number | undefined> {
  for (const child of await childrenOf()) {
    const line = await readFile(`/proc/${child}/cmdline`, 'utf8').catch(() => '')
    if (line.includes('_turn-child')) return child
  }
  return undefined
}

const kinds = ['inline', 'worker', 'process'] as const

describe.each(kinds)('a turn in isolation %s', (isolation) => {
  const spec = (more: object = {}) => agentSpec({ isolation, memory_mb: 128, ...more })

  test('uses tools, is written down, and tells text as it comes', async () => {
    const texts: string[] = []
    const { model, asked } = modelOf(calls(['work', { text: 'a' }]), words('Done.'))
    const world = await openWorld({
      specs: [spec({ tools: ['work'] })],
      tools: [toolThat(async ({ text }) => `${text}!`)],
      model,
    })
    const { caller } = callerOf({
      onEvent: (event: { type: string; text?: string }) => texts.push(event.text ?? event.type),
    })
    const result = await world.agents.invoke('ada', { input: 'Work' }, caller)
    expect(result).toMatchObject({ status: 'COMPLETED', output: 'Done.', usage: { modelCalls: 2, toolCalls: 1 } })
    expect(texts).toEqual(['tool', 'Done.'])
    expect(asked[1]?.messages.at(-1)).toMatchObject({ role: 'tool', content: '{"done":"a!"}' })
    expect(await world.transcriptOf(result.sessionId)).toEqual([
      'user: Work',
      'assistant: ',
      'tool: {"done":"a!"}',
      'assistant: Done.',
    ])
  })

  test('stays within its budget, and the refusal comes back as itself', async () => {
    const world = await openWorld({ specs: [spec({ budgets: { tokens: 10 } })] })
    expect(await ask(world, 'Hi')).toMatchObject({
      stopped: 'budget',
      error: { code: 'BUDGET_EXCEEDED' },
      usage: { modelCalls: 0 },
    })
  })

  test('gives back what the model server says as it was said', async () => {
    const world = await openWorld({ specs: [spec()], model: modelOf(fails(new LlmUnavailableError())).model })
    expect(await ask(world, 'Hi')).toMatchObject({
      status: 'FAILED',
      stopped: null,
      error: { code: 'LLM_UNAVAILABLE', message: 'The model server is unreachable.' },
    })
    expect(world.agents.get('ada')).toMatchObject({ state: 'idle', restarts: 0 })
  })

  test('obeys the kill switch in the middle of an answer', async () => {
    const speaks = Promise.withResolvers<void>()
    const { model } = modelOf(async function* (_, signal) {
      yield { type: 'text', text: 'Half' }
      speaks.resolve()
      await left(signal)
    })
    const world = await openWorld({ specs: [spec()], model })
    const asking = ask(world, 'Hi')
    await speaks.promise
    await world.kill.set(true, { principal: 'p' })
    expect(await asking).toMatchObject({ stopped: 'kill_switch', usage: { modelCalls: 1 } })
  })

  test('ends when nobody wants it, and counts what was asked', async () => {
    const { caller, hangUp } = callerOf()
    const { model } = modelOf(async function* (_, signal) {
      hangUp()
      await left(signal)
      yield { type: 'text', text: 'never' }
    })
    const world = await openWorld({ specs: [spec()], model })
    const result = await world.agents.invoke('ada', { input: 'Hi' }, caller)
    expect(result).toMatchObject({ status: 'CANCELLED', usage: { modelCalls: 1 } })
    expect(await world.usage.getUsage({ key: 'task', value: result.taskId }, {})).toMatchObject({ calls: 1 })
  })

  test.each([
    { name: 'hangs', answer: hangs },
    { name: 'speaks without end', answer: babbles },
  ])('ends in time with a model that $name', async ({ answer }) => {
    const world = await openWorld({ specs: [spec({ max_tokens: 100_000 })], model: modelOf(answer).model })
    expect(await ask(world, 'Hi', { budgets: { timeMs: 1_500 } })).toMatchObject({ stopped: 'time' })
  })

  test('tells a model that takes no tools of them in words', async () => {
    const { model, asked } = modelOf(fails(new ToolsUnsupportedError('m')), words('Done.'))
    const world = await openWorld({
      specs: [spec({ tools: ['work'] })],
      tools: [toolThat(async () => 'a')],
      model: { ...model, capabilities: async () => ({ tools: undefined, contextLength: undefined }) },
    })
    expect(await ask(world, 'Work')).toMatchObject({ status: 'COMPLETED', output: 'Done.' })
    expect(asked.map(({ tools }) => tools.length)).toEqual([1, 0])
    expect(asked[1]?.messages[0]?.content).toContain('work')
  })

  test('asks again after a call that the model server could not read', async () => {
    const { model, asked } = modelOf(fails(new LlmBadResponseError('junk', { isCall: true })), words('Done.'))
    const world = await openWorld({ specs: [spec({ tools: ['work'] })], tools: [toolThat(async () => 'a')], model })
    expect(await ask(world, 'Work')).toMatchObject({ status: 'COMPLETED', output: 'Done.' })
    expect(told(asked[1] ?? { messages: [] }).at(-1)).toMatch(/could not be read/)
  })

  test('sums up what grew too long', async () => {
    const { model, asked } = modelOf(words('word '.repeat(200)), words('Words were said.'), words('Yes.'))
    const world = await openWorld({ specs: [spec({ transcript: { max_tokens: 300 } })], model })
    await ask(world, 'Say words', { sessionId: 's' })
    expect(await ask(world, 'Go on', { sessionId: 's' })).toMatchObject({ output: 'Yes.', usage: { modelCalls: 2 } })
    expect(told(asked[2] ?? { messages: [] })[0]).toContain('Words were said.')
  })
})

describe.each(['worker', 'process'] as const)('a %s that needs more memory than it may', (isolation) => {
  test('ends its own task and nothing else, and the agent goes on', async () => {
    const big = 'x'.repeat(1_500_000)
    const flood: Answer = async function* (request, signal) {
      // Each answer calls the same tool again, and its results are never forgotten by the turn.
      yield* calls(['work', { text: String(request.messages.length) }])(request, signal)
    }
    const flooding = modelOf(flood)
    const calm = modelOf(hangs, words('Done.'))
    const specs = [
      agentSpec({ isolation, memory_mb: 32, tools: ['work'], max_rounds: 1_000, transcript: { max_tokens: 1e9 } }),
      agentSpec({ name: 'bob', isolation }),
    ]
    let isFlood = true
    const world = await openWorld({
      specs,
      tools: [toolThat(async () => big, { sandbox: { maxBytes: 4_000_000 } })],
      model: {
        ...calm.model,
        chat: (request, options) =>
          told(request)[0] === 'user: flood' && isFlood
            ? flooding.model.chat(request, options)
            : calm.model.chat(request, options),
      },
    })
    const { caller, hangUp } = callerOf()
    const other = world.agents.invoke('bob', { input: 'hang' }, caller)
    await expect.poll(() => calm.asked.length, { timeout: 15_000 }).toBe(1)
    const result = await ask(world, 'flood')
    expect(result).toMatchObject({ status: 'FAILED', stopped: null, error: { code: 'PROCESS_ERROR' } })
    expect(await world.transcriptOf(result.sessionId)).toContain('user: flood')
    expect(world.agents.get('bob')).toMatchObject({ state: 'running', restarts: 0 })
    await expect.poll(() => world.agents.get('ada'), { timeout: 15_000 }).toMatchObject({ state: 'idle', restarts: 1 })
    isFlood = false
    expect(await ask(world, 'Hi')).toMatchObject({ status: 'COMPLETED', output: 'Done.' })
    hangUp()
    expect(await other).toMatchObject({ status: 'CANCELLED' })
  }, 60_000)
})

describe.runIf(existsSync('/proc/self/task'))('the process of a turn', () => {
  const spec = agentSpec({ isolation: 'process', tools: ['work'], permissions: ['read', 'write'] })
  const childIsGone = () => expect.poll(turnChild, { timeout: 15_000 }).toBeUndefined()

  test('is killed: the task ends, a tool that ran is seen to its end, and nothing is left', async () => {
    const begun = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const tool = toolThat(
      async () => {
        begun.resolve()
        await go.promise
      },
      { effect: 'write' },
    )
    const { model } = modelOf(calls(['work', {}]), words('Done.'))
    const world = await openWorld({ specs: [spec], tools: [tool], model })
    const asking = ask(world, 'Work')
    await begun.promise
    const child = await turnChild()
    process.kill(child ?? 0, 'SIGKILL')
    await childIsGone()
    go.resolve()
    expect(await asking).toMatchObject({
      status: 'FAILED',
      stopped: null,
      error: { code: 'PROCESS_ERROR' },
      usage: { toolCalls: 1, modelCalls: 1 },
    })
    await expect.poll(() => world.agents.get('ada')?.state, { timeout: 15_000 }).toBe('idle')
    expect(await ask(world, 'Work')).toMatchObject({ status: 'COMPLETED' })
    await childIsGone()
  })

  test('does not end when it is told to: it is ended', async () => {
    const speaks = Promise.withResolvers<void>()
    const { model } = modelOf(async function* (_, signal) {
      speaks.resolve()
      await left(signal)
      yield { type: 'text', text: 'never' }
    })
    const runTurn = createIsolatedTurns('process', { memoryMb: 64, lingerMs: 200 })
    const world = await openWorld({ specs: [agentSpec()], model, parts: { runTurn } })
    const { caller, hangUp } = callerOf()
    const asking = world.agents.invoke('ada', { input: 'Hi' }, caller)
    await speaks.promise
    process.kill((await turnChild()) ?? 0, 'SIGSTOP')
    hangUp()
    expect(await asking).toMatchObject({ status: 'CANCELLED', stopped: 'cancelled' })
    await childIsGone()
  })

  test('is gone when the task was left', async () => {
    const world = await openWorld({ specs: [agentSpec({ isolation: 'process' })], model: modelOf(hangs).model })
    const asking = ask(world, 'Hi')
    await expect.poll(turnChild, { timeout: 15_000 }).toBeDefined()
    await world.agents.close(0)
    expect(await asking).toMatchObject({ stopped: 'interrupted' })
    expect(world.agents.get('ada')).toMatchObject({ state: 'stopped', restarts: 0 })
    await childIsGone()
  })
})
