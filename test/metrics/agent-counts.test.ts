import { expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { createMetrics } from '../../src/metrics/metrics.ts'
import type { EventType } from '../../src/telemetry/event.ts'
import { eventOf } from '../telemetry/_events.ts'

/** The lines of a scrape after these events, those with a name that begins so. */
async function linesAfter(events: readonly (readonly [EventType, JsonObject])[], prefix: string): Promise<string[]> {
  const metrics = createMetrics({ clock: { monotonicMs: () => 0 } })
  for (const [type, data] of events) void metrics.events.accept({ ...eventOf(1), type, data })
  return (await metrics.expose()).text.split('\n').filter((line) => line.startsWith(prefix))
}

const task = (data: JsonObject) => ['task.finished', { agent: 'otto', status: 'COMPLETED', ms: 40, ...data }] as const

test('tasks are counted by agent and by how they ended, and timed', async () => {
  const events = [task({}), task({}), task({ status: 'FAILED', code: 'LLM_TIMEOUT' }), task({ stopped: 'budget' })]
  expect(await linesAfter(events, 'otto_agent_invocations_total')).toEqual([
    'otto_agent_invocations_total{agent="otto",status="completed"} 2',
    'otto_agent_invocations_total{agent="otto",status="failed"} 1',
    'otto_agent_invocations_total{agent="otto",status="stopped:budget"} 1',
  ])
  const seconds = await linesAfter(events, 'otto_agent_seconds')
  expect(seconds).toContain('otto_agent_seconds_bucket{agent="otto",le="0.05"} 4')
  expect(seconds).toContain('otto_agent_seconds_bucket{agent="otto",le="0.01"} 0')
  expect(seconds).toContain('otto_agent_seconds_count{agent="otto"} 4')
})

test.each([
  { stops: [], lines: [] },
  { stops: [null, null, null, null], lines: ['otto_invocations_within_budget_ratio 1'] },
  { stops: [null, 'budget', 'time', 'cancelled'], lines: ['otto_invocations_within_budget_ratio 0.5'] },
])('of tasks that stopped as $stops, the part within budget', async ({ stops, lines }) => {
  const events = stops.map((stopped) => task({ stopped }))
  expect(await linesAfter(events, 'otto_invocations_within_budget_ratio')).toEqual(lines)
})

test('tokens and dollars add up by provider, to the billionth', async () => {
  const answer = { provider: 'anthropic', inputTokens: 100, outputTokens: 20, nanoUsd: 100_000_000 }
  const events = [
    ...Array.from({ length: 3 }, () => ['llm.finished', answer] as const),
    ['llm.finished', { provider: 'ollama', inputTokens: 7, outputTokens: 1, nanoUsd: 0 }] as const,
    ['llm.finished', { provider: 'ollama', inputTokens: -7, outputTokens: null }] as const, // a counter never goes back
  ]
  expect(await linesAfter(events, 'otto_llm_tokens_total')).toEqual([
    'otto_llm_tokens_total{provider="anthropic",direction="input"} 300',
    'otto_llm_tokens_total{provider="anthropic",direction="output"} 60',
    'otto_llm_tokens_total{provider="ollama",direction="input"} 7',
    'otto_llm_tokens_total{provider="ollama",direction="output"} 1',
  ])
  expect(await linesAfter(events, 'otto_cost_usd_total')).toEqual([
    'otto_cost_usd_total{provider="anthropic"} 0.3',
    'otto_cost_usd_total{provider="ollama"} 0',
  ])
})

test('errors are counted by code, of the codes that there are; warnings and denials too', async () => {
  const events: readonly (readonly [EventType, JsonObject])[] = [
    ['tool.failed', { tool: 'grep', code: 'TOOL_FAILED', ms: 1 }],
    ['llm.failed', { provider: 'ollama', code: 'LLM_TIMEOUT', ms: 1 }],
    task({ status: 'FAILED', code: 'LLM_TIMEOUT' }),
    ['tool.failed', { code: 'SOMEBODY_S_WORD' }],
    ['budget.warning', { scope: 'day' }],
    ['audit.denied', { rule: 'grant', isEnforced: true }],
    ['audit.denied', { rule: 'grant', isEnforced: false }],
    ['tool.finished', { tool: 'grep', code: 'OK', ms: 1 }],
  ]
  const lines = (prefix: string) => linesAfter(events, prefix)
  expect(await lines('otto_errors_total')).toEqual([
    'otto_errors_total{code="TOOL_FAILED"} 1',
    'otto_errors_total{code="LLM_TIMEOUT"} 2',
    'otto_errors_total{code="other"} 1',
  ])
  expect(await lines('otto_budget_warnings_total')).toEqual(['otto_budget_warnings_total 1'])
  expect(await lines('otto_policy_denials_total')).toEqual(['otto_policy_denials_total{rule="grant"} 2'])
})

test('past two hundred agents all new ones are one, and those known stay themselves', async () => {
  const names = [...Array.from({ length: 205 }, (_, index) => `agent-${index}`), 'agent-3']
  const lines = await linesAfter(
    names.map((agent) => task({ agent })),
    'otto_agent_invocations_total',
  )
  expect(lines).toHaveLength(201)
  expect(lines).toContain('otto_agent_invocations_total{agent="other",status="completed"} 5')
  expect(lines).toContain('otto_agent_invocations_total{agent="agent-3",status="completed"} 2')
})
