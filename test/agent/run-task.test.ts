import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { TaskEvent } from '../../src/agent/agent.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import { LlmRefusedError } from '../../src/llm/errors.ts'
import { toolThat } from '../tools/_bus-world.ts'
import { agentSpec, ask, babbles, callerOf, calls, hangs, left, modelOf, openWorld, told, words } from './_kit.ts'

const scribe = (more: object = {}) =>
  agentSpec({ tools: ['fs.read', 'fs.write'], permissions: ['read', 'write'], ...more })

describe('a task', () => {
  test('ends with what the agent said, and leaves a result, a transcript and usage under one id', async () => {
    const world = await openWorld()
    const result = await ask(world, 'Hi')
    expect(result).toMatchObject({ agentId: 'ada', status: 'COMPLETED', stopped: null, output: 'Hello.', error: null })
    expect(result.usage).toMatchObject({ inputTokens: 20, outputTokens: 5, costUsd: 0, modelCalls: 1, toolCalls: 0 })
    const { taskId, sessionId } = result
    const refs = await world.artifacts.list({ namespace: 'sessions', id: sessionId })
    expect(refs.map(({ name, type }) => [name, type])).toEqual([
      ['context-ada.json', 'intermediate'],
      ['result.json', 'result'],
      ['transcript.jsonl', 'transcript'],
    ])
    for (const { meta } of refs) expect(meta).toEqual({ taskId })
    expect(await world.transcriptOf(sessionId)).toEqual(['user: Hi', 'assistant: Hello.'])
    expect(JSON.parse(await world.textOf(sessionId, 'result.json'))).toMatchObject({ taskId, output: 'Hello.' })
    expect(await world.usage.getUsage({ key: 'task', value: taskId }, {})).toMatchObject({
      calls: 1,
      inputTokens: 20,
      outputTokens: 5,
    })
    expect(await world.tasks.ofSession(sessionId)).toMatchObject([{ id: taskId, status: 'COMPLETED', result }])
    expect(
      world.events.filter(({ type }) => type.startsWith('task.')).map(({ type, ids }) => [type, ids?.taskId]),
    ).toEqual([
      ['task.started', taskId],
      ['task.finished', taskId],
    ])
  })

  test('uses the tools of its agent in the folder of its agent', async () => {
    const { model, asked } = modelOf(
      calls(['fs.write', { path: 'note.txt', content: 'four' }]),
      calls(['fs.read', { path: 'note.txt' }]),
      words('It says four.'),
    )
    const events: TaskEvent[] = []
    const world = await openWorld({ specs: [scribe()], model })
    const { caller } = callerOf({ onEvent: (event: TaskEvent) => events.push(event) })
    const result = await world.agents.invoke('ada', { input: 'Write and read' }, caller)
    expect(result).toMatchObject({
      status: 'COMPLETED',
      output: 'It says four.',
      usage: { toolCalls: 2, modelCalls: 3 },
    })
    expect(await readFile(join(world.dir, 'work', 'ada', 'note.txt'), 'utf8')).toBe('four')
    expect(
      JSON.parse(
        told(asked[2] ?? { messages: [] })
          .at(-1)
          ?.slice('tool: '.length) ?? '',
      ),
    ).toMatchObject({
      path: 'note.txt',
      content: 'four',
    })
    expect(events).toEqual([
      { type: 'tool', tool: 'fs.write', success: true, ms: expect.any(Number) },
      { type: 'tool', tool: 'fs.read', success: true, ms: expect.any(Number) },
      { type: 'text', text: 'It says four.' },
    ])
    expect((await world.transcriptOf(result.sessionId)).map((line) => line.split(':')[0])).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'tool',
      'assistant',
    ])
  })

  test('cannot reach the folder of another agent', async () => {
    const { model, asked } = modelOf(calls(['fs.read', { path: '../bob/secret.txt' }]), words('No.'))
    const world = await openWorld({ specs: [scribe()], model })
    await ask(world, 'Read what Bob has')
    expect(told(asked[1] ?? { messages: [] }).at(-1)).toMatch(/PERMISSION_DENIED/)
  })

  test('of an agent without tools is offered none', async () => {
    const { model, asked } = modelOf(words('Hi.'))
    const world = await openWorld({ model })
    await ask(world, 'Hi')
    expect(asked[0]?.tools).toEqual([])
  })
})

describe('a budget', () => {
  test('of tokens stops it: nothing is asked that may not be spent, and what came until then is stored', async () => {
    const { model, asked } = modelOf(calls(['fs.read', { path: 'none' }]), words('More.'))
    // The first question fits; with what the tool answered, the second does not.
    const world = await openWorld({ specs: [scribe({ budgets: { tokens: 4_200 }, max_tokens: 16 })], model })
    const result = await ask(world, 'x'.repeat(400))
    expect(result).toMatchObject({ status: 'FAILED', stopped: 'budget', error: { code: 'BUDGET_EXCEEDED' } })
    expect(asked).toHaveLength(1)
    expect(result.usage).toMatchObject({ modelCalls: 1, toolCalls: 1 })
    expect(JSON.parse(await world.textOf(result.sessionId, 'result.json'))).toMatchObject({ stopped: 'budget' })
    expect(await world.transcriptOf(result.sessionId)).toHaveLength(3)
    expect((await world.usage.getUsage({ key: 'task', value: result.taskId }, {})).inputTokens).toBeLessThanOrEqual(
      4_200,
    )
  })

  test.each([
    { name: 'tokens', budgets: { tokens: 0 } },
    { name: 'dollars, also where the model costs none', budgets: { costUsd: 0 } },
  ])('of no $name lets nothing be asked', async ({ budgets }) => {
    const { model, asked } = modelOf(words('Hello.'))
    const world = await openWorld({ model })
    const result = await ask(world, 'Hi', { budgets })
    expect(result).toMatchObject({ status: 'FAILED', stopped: 'budget', error: { code: 'BUDGET_EXCEEDED' } })
    expect(asked).toEqual([])
    expect(result.usage).toMatchObject({ inputTokens: 0, outputTokens: 0, modelCalls: 0 })
  })

  test('of dollars holds for a model that has a price, and only lowers that of the agent', async () => {
    const { model, asked } = modelOf(words('Hello.', { prompt: 100, output: 10 }))
    const paid = scribe({ provider: 'openai', model: 'm', tools: [], budgets: { cost_usd: 0.00002 }, max_tokens: 100 })
    const price = { inputNanoUsd: 10, outputNanoUsd: 50, cacheReadNanoUsd: 1, cacheWriteNanoUsd: 10 }
    const priced = { prices: { priceOf: () => price } }
    const world = await openWorld({ specs: [paid], model, parts: priced })
    const first = await ask(world, 'Hi', { budgets: { costUsd: 5 } })
    expect(first).toMatchObject({ status: 'COMPLETED', usage: { costUsd: 0.0000015 } })
    const second = await ask(world, 'Hi', { budgets: { costUsd: 0.000005 } })
    expect(second).toMatchObject({ stopped: 'budget', error: { code: 'BUDGET_EXCEEDED' } })
    expect(asked).toHaveLength(1)
  })

  test('of a model without a price cannot be kept, so nothing is asked', async () => {
    const { model, asked } = modelOf(words('Hello.'))
    const world = await openWorld({ specs: [agentSpec({ provider: 'anthropic', model: 'new' })], model })
    expect((await ask(world, 'Hi')).error?.code).toBe('PRICE_UNKNOWN')
    expect(asked).toEqual([])
  })

  test.each([
    { name: 'hangs', answer: hangs, output: /^$/ },
    { name: 'speaks without end', answer: babbles, output: /^and( and)*$/ },
  ])('of time stops a model that $name', async ({ answer, output }) => {
    const world = await openWorld({ specs: [agentSpec({ max_tokens: 100_000 })], model: modelOf(answer).model })
    const result = await ask(world, 'Hi', { budgets: { timeMs: 300 } })
    expect(result).toMatchObject({ status: 'FAILED', stopped: 'time', error: { code: 'BUDGET_EXCEEDED' } })
    expect(result.output).toMatch(output)
    expect(result.usage.modelCalls).toBe(1)
    expect((await world.transcriptOf(result.sessionId))[0]).toBe('user: Hi')
  })

  test('of a session counts all its tasks', async () => {
    const world = await openWorld({
      specs: [agentSpec({ max_tokens: 16, budgets: { per_session: { tokens: 620 } } })],
      model: modelOf(words('Hello.', { prompt: 300, output: 10 })).model,
    })
    expect(await ask(world, 'Hi', { sessionId: 's' })).toMatchObject({ status: 'COMPLETED' })
    expect(await ask(world, 'Hi', { sessionId: 's' })).toMatchObject({ stopped: 'budget' })
    expect(await ask(world, 'Hi', { sessionId: 'other' })).toMatchObject({ status: 'COMPLETED' })
  })
})

describe('a tool', () => {
  const worker = (tool: Parameters<typeof toolThat>[0]) => ({
    specs: [agentSpec({ tools: ['work'] })],
    tools: [toolThat(tool)],
  })

  test('that throws is told to the agent, without the words of the bug', async () => {
    const { model, asked } = modelOf(calls(['work', {}]), words('It failed.'))
    const world = await openWorld({ ...worker(() => Promise.reject(new Error('secret detail'))), model })
    expect(await ask(world, 'Work')).toMatchObject({ status: 'COMPLETED', output: 'It failed.' })
    expect(told(asked[1] ?? { messages: [] }).at(-1)).toMatch(/INTERNAL_ERROR/)
    expect(JSON.stringify(asked)).not.toContain('secret detail')
  })

  test('that hangs is given up while there is time to tell the agent', async () => {
    const { model, asked } = modelOf(calls(['work', {}]), words('It hangs.'))
    const world = await openWorld({ ...worker(() => new Promise(() => {})), model })
    const result = await ask(world, 'Work', { budgets: { timeMs: 2_000 } })
    expect(result).toMatchObject({ status: 'COMPLETED', output: 'It hangs.', usage: { toolCalls: 1 } })
    expect(told(asked[1] ?? { messages: [] }).at(-1)).toMatch(/DEADLINE_EXCEEDED/)
  })

  test('that gives too much is an error to the agent, not a flood', async () => {
    const { model, asked } = modelOf(calls(['work', {}]), words('Too much.'))
    const world = await openWorld({ ...worker(async () => 'x'.repeat(100_000)), model })
    expect(await ask(world, 'Work')).toMatchObject({ status: 'COMPLETED' })
    expect(told(asked[1] ?? { messages: [] }).at(-1)).toMatch(/PAYLOAD_TOO_LARGE|too large|larger/)
    expect(JSON.stringify(asked[1]).length).toBeLessThan(10_000)
  })

  test('that the agent may not use is refused, and the task goes on', async () => {
    const { model, asked } = modelOf(calls(['fs.write', { path: 'a', content: 'b' }]), words('I may not.'))
    const world = await openWorld({ specs: [agentSpec({ tools: ['fs.write'], permissions: ['read'] })], model })
    expect(await ask(world, 'Write')).toMatchObject({ status: 'COMPLETED', output: 'I may not.' })
    expect(told(asked[1] ?? { messages: [] }).at(-1)).toMatch(/PERMISSION_DENIED/)
    expect(world.denials).toMatchObject([{ rule: 'permission' }])
  })

  test('that the agent may not use is let pass in audit mode, and told', async () => {
    const { model } = modelOf(calls(['fs.write', { path: 'a', content: 'b' }]), words('Written.'))
    const world = await openWorld({
      specs: [agentSpec({ tools: ['fs.write'], permissions: ['read'] })],
      model,
      bus: { isAuditMode: true },
    })
    await ask(world, 'Write')
    expect(await readFile(join(world.dir, 'work', 'ada', 'a'), 'utf8')).toBe('b')
    expect(world.denials).toMatchObject([{ rule: 'permission', isEnforced: false }])
  })

  test('that signs needs the capability, in audit mode too', async () => {
    const runs: unknown[] = []
    const sign = toolThat(async () => void runs.push(1), { effect: 'write', scopes: ['ledger.sign:playerX'] })
    const { model, asked } = modelOf(calls(['work', {}]), words('I may not.'))
    const specs = [agentSpec({ tools: ['work'], permissions: ['read', 'write'], scopes: ['ledger.sign:playerO'] })]
    const world = await openWorld({ specs, tools: [sign], model, bus: { isAuditMode: true } })
    await ask(world, 'Sign')
    expect(told(asked[1] ?? { messages: [] }).at(-1)).toMatch(/PERMISSION_DENIED/)
    expect(runs).toEqual([])
  })
})

describe('a task that is told to stop', () => {
  test('by the kill switch: the tool that runs comes to its end, then nothing more is asked', async () => {
    const begun = Promise.withResolvers<void>()
    const go = Promise.withResolvers<void>()
    const ends: string[] = []
    const slow = toolThat(async () => {
      begun.resolve()
      await go.promise
      ends.push('done')
      return 'done'
    })
    const { model, asked } = modelOf(calls(['work', {}]), words('Never said.'))
    const world = await openWorld({ specs: [agentSpec({ tools: ['work'] })], tools: [slow], model })
    const asking = ask(world, 'Work')
    await begun.promise
    await world.kill.set(true, { principal: 'p' })
    go.resolve()
    const result = await asking
    expect(result).toMatchObject({ status: 'FAILED', stopped: 'kill_switch', error: { code: 'KILL_SWITCH' } })
    expect(ends).toEqual(['done'])
    expect(asked).toHaveLength(1)
    const lines = await world.transcriptOf(result.sessionId)
    expect(lines.at(-1)).toMatch(/"done":"done"/)
    await expect(ask(world, 'Hi')).rejects.toMatchObject({ code: 'KILL_SWITCH' })
    await world.kill.set(false, { principal: 'p' })
    expect(await ask(world, 'Hi')).toMatchObject({ status: 'COMPLETED' })
  })

  test('by the kill switch while the model speaks', async () => {
    const speaks = Promise.withResolvers<void>()
    const { model } = modelOf(async function* (_, signal) {
      yield { type: 'text', text: 'Half a' }
      speaks.resolve()
      await left(signal)
    })
    const world = await openWorld({ model })
    const asking = ask(world, 'Hi')
    await speaks.promise
    await world.kill.set(true, { principal: 'p' })
    const result = await asking
    expect(result).toMatchObject({ stopped: 'kill_switch' })
    expect(result.output).toBe('Half a')
  })

  test('by whoever asked', async () => {
    const { caller, hangUp } = callerOf()
    const { model } = modelOf(async function* (_, signal) {
      yield { type: 'text', text: 'Half a' }
      hangUp()
      await left(signal)
    })
    const world = await openWorld({ model })
    const result = await world.agents.invoke('ada', { input: 'Hi' }, caller)
    expect(result).toMatchObject({ status: 'CANCELLED', stopped: 'cancelled', error: null })
    expect(await world.tasks.ofSession(result.sessionId)).toMatchObject([{ status: 'CANCELLED' }])
  })
})

describe('a conversation that grows', () => {
  const long = 'word '.repeat(200)
  const spec = agentSpec({ transcript: { max_tokens: 300 } })

  test('is summed up by the model, out of the same budget', async () => {
    const { model, asked } = modelOf(words(long), words('The user said words.'), words('Yes.'))
    const world = await openWorld({ specs: [spec], model })
    await ask(world, 'Say words', { sessionId: 's' })
    const result = await ask(world, 'Go on', { sessionId: 's' })
    expect(result).toMatchObject({ output: 'Yes.', usage: { modelCalls: 2 } })
    expect(told(asked[1] ?? { messages: [] }).at(-1)).toMatch(/^user: Sum up the conversation/)
    expect(told(asked[2] ?? { messages: [] })).toEqual([
      'user: Summary of the conversation so far:\n\nThe user said words.',
      'user: Go on',
    ])
  })

  test('stays as it is where the model has no words for it', async () => {
    const { model, asked } = modelOf(words(long), words(' '), words('Yes.'))
    const world = await openWorld({ specs: [spec], model })
    await ask(world, 'Say words', { sessionId: 's' })
    await ask(world, 'Go on', { sessionId: 's' })
    expect(told(asked[2] ?? { messages: [] })).toEqual(['user: Say words', `assistant: ${long}`, 'user: Go on'])
  })

  test('is not summed up past the time of the task', async () => {
    const world = await openWorld({ specs: [spec], model: modelOf(words(long), hangs).model })
    await ask(world, 'Say words', { sessionId: 's' })
    const result = await ask(world, 'Go on', { sessionId: 's', budgets: { timeMs: 300 } })
    expect(result).toMatchObject({ stopped: 'time' })
  })
})

test('what must not be kept stands neither in the transcript, nor the result, nor the memory', async () => {
  const secret = 'correct-horse-battery'
  const { model } = modelOf(words(`It is ${secret} and tel-12345.`))
  const world = await openWorld({ specs: [agentSpec({ redact: ['tel-[0-9]+'] })], model, secrets: [secret] })
  const result = await ask(world, `My password is ${secret}, call tel-999`, { sessionId: 's' })
  expect(result.output).toBe('It is [redacted] and [redacted].')
  const kept = await Promise.all(
    ['transcript.jsonl', 'result.json', 'context-ada.json'].map((name) => world.textOf('s', name)),
  )
  const rows = JSON.stringify(await world.tasks.ofSession('s'))
  for (const text of [...kept, rows, JSON.stringify(world.contexts.get('s/ada')), world.log.lines.join()])
    expect(text).not.toMatch(/correct-horse|tel-[0-9]/)
})

test('what a model server says in a refusal is not kept as it was said either', async () => {
  const { model } = modelOf(async function* () {
    yield* []
    throw new LlmRefusedError(400, 'There is no room for correct-horse-battery here.')
  })
  const world = await openWorld({ model, secrets: ['correct-horse-battery'] })
  const { error, sessionId } = await ask(world, 'Hi')
  expect(error).toMatchObject({ code: 'LLM_REFUSED', message: 'There is no room for [redacted] here.' })
  expect(JSON.stringify(await world.tasks.ofSession(sessionId))).not.toContain('correct-horse')
})

describe('a full disk', () => {
  const fail = async (): Promise<never> => {
    throw new StorageUnavailableError(new Error('ENOSPC'))
  }

  test('at the beginning: nothing is spent', async () => {
    const { model, asked } = modelOf(words('Hello.'))
    const world = await openWorld({ model, artifacts: (real) => ({ ...real, open: fail }) })
    const result = await ask(world, 'Hi')
    expect(result).toMatchObject({ status: 'FAILED', error: { code: 'STORAGE_UNAVAILABLE' }, usage: { modelCalls: 0 } })
    expect(asked).toEqual([])
  })

  test('at the end: the result is told all the same', async () => {
    const world = await openWorld({ artifacts: (real) => ({ ...real, save: fail }) })
    const result = await ask(world, 'Hi')
    expect(result).toMatchObject({ status: 'COMPLETED', output: 'Hello.' })
    expect(result.artifacts.map(({ name }) => name)).toEqual(['transcript.jsonl'])
    expect(world.log.lines.filter((line) => line.includes('is not stored'))).toHaveLength(2)
  })
})
