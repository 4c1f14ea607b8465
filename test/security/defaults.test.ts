import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { AgentSpec } from '../../src/agent/agent-spec.ts'
import { maxNanoUsdPerDay, nanoUsdPerUsd } from '../../src/budget/budget.ts'
import { parseConfig } from '../../src/config.ts'
import { startService } from '../e2e/_service.ts'

test('without a setting no agent runs, nothing is relaxed, and the day is capped', () => {
  const { isEnabled, kill, agents } = parseConfig({})
  expect({ isEnabled, isKilled: kill.isOn, isAuditMode: agents.isAuditMode }).toEqual({
    isEnabled: false,
    isKilled: false,
    isAuditMode: false,
  })
  expect(agents.maxUsdPerDay * nanoUsdPerUsd).toBeLessThanOrEqual(maxNanoUsdPerDay)
  expect(agents.maxUsdPerDay).toBeGreaterThan(0)
})

test('an agent that asks for nothing has nothing: no tool, no host, no program, no signature, and five minutes', () => {
  const spec = AgentSpec.parse({ name: 'ada', model: 'm', system_prompt: 'You are Ada.' })
  expect(spec).toMatchObject({ tools: [], permissions: ['read'], scopes: [], http: { allow: [] }, test_profiles: {} })
  expect(spec.budgets.time).toBe(300)
})

test.each([{ cost_usd: 10.01 }, { per_day: { cost_usd: 11 } }, { per_session: { cost_usd: 11 } }])(
  'no agent may spend more than ten dollars: %j',
  (budgets) => {
    const spec = { name: 'ada', model: 'm', system_prompt: 'You are Ada.', budgets }
    expect(AgentSpec.safeParse(spec).success).toBe(false)
  },
)

test('every call of a tool is in the audit log, unasked', async () => {
  const service = await startService()
  await service.call('ttt_create_game')
  const audit = async () => (await readFile(join(service.dir, 'var/audit.jsonl'), 'utf8')).trim().split('\n')
  await expect
    .poll(async () => (await audit()).map((line) => JSON.parse(line)), { timeout: 10_000 })
    .toContainEqual(expect.objectContaining({ kind: 'call', tool: 'ttt_create_game', code: 'OK' }))
  await service.close()
})
