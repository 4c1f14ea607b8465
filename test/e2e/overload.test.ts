import { Agent, request } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

/** A ledger of seconds, and room for few: ten times as many writes as that come at once. */
const maxWrites = 6
const deadlineMs = 4_000
let service: Service
beforeAll(async () => {
  service = await startService({
    OTTO_MAX_WRITES: String(maxWrites),
    OTTO_TOOL_DEADLINE_MS: String(deadlineMs),
    OTTO_SNAPSHOT_MS: '200',
    OTTO_RATE_LIMIT: 'on',
    OTTO_RATE_WRITES: '20/50',
  })
})
afterAll(() => service.close())

/** What the answers to an excess may be, each with a time to wait. */
const excess = new Set(['503 OVERLOADED', '429 RATE_LIMITED', '409 GAME_BUSY'])

type Told = { readonly status: number; readonly retryAfter: unknown; readonly ms: number; readonly body: object }

async function write(agent: Agent, tool: string, args: object): Promise<Told> {
  const startMs = performance.now()
  const { statusCode, headers, body } = await request(`${service.url}/otto/tool`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tool, args }),
    dispatcher: agent,
  })
  const json = (await body.json()) as object
  return { status: statusCode, retryAfter: headers['retry-after'], ms: performance.now() - startMs, body: json }
}

/** Asks whether the process lives, as long as the work takes. */
async function probing(agent: Agent, work: Promise<unknown>): Promise<readonly number[]> {
  const statuses: number[] = []
  const state = { isOver: false }
  void work.finally(() => {
    state.isOver = true
  })
  while (!state.isOver || statuses.length < 5) {
    const { statusCode, body } = await request(`${service.url}/health/live`, { dispatcher: agent })
    await body.dump()
    statuses.push(statusCode)
  }
  return statuses
}

test.each([
  { name: 'on games of their own', write: async (agent: Agent) => write(agent, 'ttt_create_game', {}) },
  {
    name: 'on one game',
    write: async (agent: Agent, gameId: string) => write(agent, 'ttt_reset_board', { gameId }),
  },
])('ten times as many writes as there is room for, $name: each gets a true answer in time', async ({ write: one }) => {
  const agent = new Agent({ connections: 100 })
  const { gameId } = await startedGame(service)
  const writes = Promise.all(Array.from({ length: maxWrites * 10 }, () => one(agent, gameId)))
  const alive = await probing(agent, writes)
  const told = await writes
  expect(new Set(alive)).toEqual(new Set([200]))
  const applied = told.filter(({ status }) => status === 200)
  expect(applied.length).toBeGreaterThan(0)
  const refused = told.filter(({ status }) => status !== 200)
  expect(refused.length).toBeGreaterThan(0)
  for (const { status, retryAfter, body } of refused) {
    expect(body).toMatchObject({ success: false, outcome: 'not_submitted', retryable: true })
    expect(excess).toContain(`${status} ${'code' in body && body.code}`)
    expect(Number(retryAfter)).toBeGreaterThanOrEqual(1)
  }
  for (const { ms } of told) expect(ms).toBeLessThan(deadlineMs + 2_000)
  await agent.close()
})

test('afterwards it is as it was', async () => {
  await expect.poll(async () => (await service.call('ttt_create_game')).status, { timeout: 10_000 }).toBe(200)
})
