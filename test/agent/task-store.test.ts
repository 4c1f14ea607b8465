import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskResult } from '../../src/agent/agent.ts'
import type { BegunTask } from '../../src/agent/task-store.ts'
import { createTaskStore } from '../../src/agent/task-store.ts'
import { silentLog } from '../../src/core/log.ts'
import { openBridgeLease } from '../../src/intent/bridge-lease.ts'
import { systemClock } from '../../src/system.ts'
import { engines } from '../budget/_kit.ts'
import type { TestDatabase } from '../db/kit.ts'

let last = 0
const task = (more: Partial<BegunTask> = {}): BegunTask => ({
  id: `task-${++last}`,
  sessionId: `session-${last}`,
  agentId: 'ada',
  workflowId: '',
  traceId: 'trace',
  principal: 'p',
  ...more,
})

const resultOf = ({ id, sessionId, agentId }: BegunTask, more: Partial<TaskResult> = {}): TaskResult => ({
  taskId: id,
  sessionId,
  agentId,
  status: 'COMPLETED',
  stopped: null,
  output: 'Grüße, 🦦',
  error: null,
  usage: { inputTokens: 1, outputTokens: 2, costUsd: 0.000003, modelCalls: 1, toolCalls: 0, ms: 5 },
  artifacts: [],
  ...more,
})

describe.each(engines.filter(({ isThere }) => isThere))('tasks in $name', ({ open }) => {
  let opened: TestDatabase
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.close())
  const storeOf = (owner: string) => createTaskStore({ database: opened.database, owner })

  test('are there from their beginning to their end', async () => {
    const store = storeOf('a')
    const one = task()
    await store.begin(one)
    expect(await store.ofSession(one.sessionId)).toEqual([
      { ...one, status: 'RUNNING', createdAtMs: expect.any(Number), endedAtMs: null, result: null },
    ])
    const result = resultOf(one)
    await store.end(result)
    const [kept] = await store.ofSession(one.sessionId)
    expect(kept).toMatchObject({ ...one, status: 'COMPLETED', result })
    expect(kept?.endedAtMs).toBeGreaterThanOrEqual(kept?.createdAtMs ?? Number.POSITIVE_INFINITY)
  })

  test('end once', async () => {
    const store = storeOf('a')
    const one = task()
    await store.begin(one)
    await store.end(resultOf(one, { status: 'CANCELLED' }))
    await store.end(resultOf(one))
    expect(await store.ofSession(one.sessionId)).toMatchObject([{ status: 'CANCELLED' }])
  })

  test('of a session come oldest first, the newest 200', async () => {
    const store = storeOf('a')
    const all = Array.from({ length: 205 }, () => task({ sessionId: 'long' }))
    for (const one of all) await store.begin(one)
    expect((await store.ofSession('long')).map(({ id }) => id)).toEqual(all.slice(5).map(({ id }) => id))
    expect(await store.ofSession('none')).toEqual([])
  })

  test('are counted by their status', async () => {
    const store = storeOf('a')
    const before = await store.counts()
    const [one, two] = [task(), task()]
    await store.begin(one)
    await store.begin(two)
    await store.end(resultOf(one, { status: 'FAILED' }))
    const after = await store.counts()
    expect((after.RUNNING ?? 0) - (before.RUNNING ?? 0)).toBe(1)
    expect((after.FAILED ?? 0) - (before.FAILED ?? 0)).toBe(1)
  })

  test('that a process left behind are told as interrupted, those of one that lives are not', async () => {
    const lease = (bridgeId: string) =>
      openBridgeLease({ database: opened.database, bridgeId, clock: systemClock, log: silentLog })
    const [dead, own] = [task(), task()]
    await storeOf('dead').begin(dead)
    const living = await lease('living')
    await storeOf('living').begin(own)
    const recovered = await storeOf('next').recover()
    expect(recovered).toContain(dead.id)
    expect(recovered).not.toContain(own.id)
    expect(await storeOf('next').ofSession(dead.sessionId)).toMatchObject([
      {
        status: 'FAILED',
        result: { taskId: dead.id, stopped: 'interrupted', error: { code: 'PROCESS_ERROR' } },
        endedAtMs: expect.any(Number),
      },
    ])
    expect(await storeOf('next').ofSession(own.sessionId)).toMatchObject([{ status: 'RUNNING' }])
    expect(await storeOf('living').recover()).not.toContain(own.id)
    await living.close()
    expect(await storeOf('next').recover()).toEqual([own.id])
    expect(await storeOf('next').recover()).toEqual([])
  })
})
