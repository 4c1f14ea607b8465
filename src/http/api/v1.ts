import { TaskEstimate, TaskResult } from '../../agent/agent.ts'
import type { ErrorCode } from '../../core/error-table.ts'
import type { JsonObject } from '../../core/json.ts'
import { AgentList, Begun, Invocation } from '../v1/agents.ts'
import { KillOrder, KillView } from '../v1/kill.ts'
import { ArtifactList, SessionView } from '../v1/sessions.ts'
import { Stats } from '../v1/stats.ts'
import { BudgetReport, UsageReport } from '../v1/usage.ts'
import type { OperationDraft } from './operations.ts'
import { guarded, posting } from './operations.ts'
import { schemaRef, toJsonSchema } from './schemas.ts'
import type { ApiRoute } from './service.ts'

/** The shapes of what these routes take and answer. */
export const v1Schemas: Readonly<Record<string, JsonObject>> = {
  AgentList: toJsonSchema(AgentList),
  Invocation: toJsonSchema(Invocation),
  TaskResult: toJsonSchema(TaskResult),
  TaskEstimate: toJsonSchema(TaskEstimate),
  TaskBegun: toJsonSchema(Begun),
  SessionView: toJsonSchema(SessionView),
  ArtifactList: toJsonSchema(ArtifactList),
  UsageReport: toJsonSchema(UsageReport),
  BudgetReport: toJsonSchema(BudgetReport),
  Stats: toJsonSchema(Stats),
  KillOrder: toJsonSchema(KillOrder),
  KillView: toJsonSchema(KillView),
}

const sessionId = '4f6d3b2a-9c1e-4d58-8a77-0b6e5f4c3d21'
const taskId = '9a4f6f5e-0f0b-4a51-8a53-2d9a5a1f3c55'
const artifact: JsonObject = {
  path: `sessions/${sessionId}/transcript.jsonl`,
  name: 'transcript.jsonl',
  type: 'transcript',
  bytes: 1_892,
  checksum: '5e2d1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e',
  createdAt: '2026-01-01T12:00:02.000Z',
  meta: { taskId },
}
const result: JsonObject = {
  taskId,
  sessionId,
  agentId: 'otto',
  status: 'COMPLETED',
  stopped: null,
  output: 'A draw. Another one?',
  error: null,
  usage: { inputTokens: 5_120, outputTokens: 342, costUsd: 0, modelCalls: 12, toolCalls: 11, ms: 1_840 },
  artifacts: [artifact],
}
const totals: JsonObject = {
  calls: 23,
  inputTokens: 5_120,
  outputTokens: 342,
  cachedTokens: 0,
  nanoUsd: 0,
  costUsd: 0,
  ms: 1_840,
  errors: 0,
}
const killed: JsonObject = { isOn: true, sources: ['route'], reason: 'maintenance', since: '2026-01-01T12:00:00.000Z' }
const running: JsonObject = { isOn: false, sources: [], reason: null, since: null }

const idInPath = (name: string, description: string, example: string): JsonObject => ({
  name,
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
  example,
})
const inQuery = (name: string, description: string, schema: JsonObject = { type: 'string' }): JsonObject => ({
  name,
  in: 'query',
  description,
  schema,
})

const agentCodes: readonly ErrorCode[] = [...guarded, 'FEATURE_DISABLED', 'STORAGE_UNAVAILABLE']
const read = (
  draft: Omit<OperationDraft, 'tag' | 'codes' | 'door'> & { codes?: readonly ErrorCode[] },
): OperationDraft => ({
  ...draft,
  tag: 'agents',
  codes: [...agentCodes, ...(draft.codes ?? [])],
  door: 'problem',
})

const invoke = (hasAgents: boolean): OperationDraft => ({
  operationId: 'invokeAgent',
  tag: 'agents',
  summary: 'Give an agent a task, and wait for its end',
  description:
    'The answer is 200 however the task ended: its status says. With `Prefer: respond-async` it is 202 as soon as the task is written down. Hanging up cancels the task, but for that. With `estimate=true` nothing is asked of any model: the answer is the most that the first question may cost.',
  parameters: [
    idInPath('id', 'The name of the agent.', 'otto'),
    inQuery('estimate', 'Only say what it may cost.', { type: 'string', enum: ['true', 'false'] }),
    'IdempotencyKey',
    'Prefer',
  ],
  body: {
    schema: schemaRef('Invocation'),
    examples: [
      {
        name: 'play',
        summary: 'One round of tic-tac-toe, for five cents at most',
        status: hasAgents ? 200 : 403,
        value: { input: 'Play a game of tic-tac-toe with yourself.', sessionId, budgets: { cost_usd: 0.05 } },
      },
    ],
  },
  success: { description: 'How the task ended.', schema: schemaRef('TaskResult'), examples: { played: result } },
  otherBody: {
    status: 202,
    description: 'It is under way.',
    schema: schemaRef('TaskBegun'),
    examples: { begun: { taskId, sessionId, status: 'RUNNING' } },
  },
  codes: [
    ...agentCodes,
    ...posting,
    'INVALID_ARGUMENTS',
    'AGENT_NOT_FOUND',
    'KILL_SWITCH',
    'PRICE_UNKNOWN',
    'BUDGET_EXCEEDED',
    'IDEMPOTENCY_KEY_REUSED',
    'PROCESS_ERROR',
    'SHUTTING_DOWN',
  ],
  door: 'problem',
})

const killOrder: OperationDraft = {
  operationId: 'setKillSwitch',
  tag: 'agents',
  summary: 'Stop everything that spends or signs, or let it go on',
  description: 'It holds over a restart, and for every process on the same database. Reads go on.',
  body: {
    schema: schemaRef('KillOrder'),
    examples: [{ name: 'off', summary: 'Let it go on', status: 200, value: { on: false } }],
  },
  success: { description: 'How it stands now.', schema: schemaRef('KillView'), examples: { off: running, on: killed } },
  codes: [...guarded, ...posting, 'STORAGE_UNAVAILABLE'],
  door: 'problem',
}

/** Agents, what they spend, and the switch that stops them. */
export const v1Routes = (hasAgents: boolean): readonly ApiRoute[] => [
  [
    '/api/v1/agents',
    'get',
    read({
      operationId: 'listAgents',
      summary: 'The agents, and what each of them does now',
      success: { description: 'By name.', schema: schemaRef('AgentList') },
    }),
  ],
  ['/api/v1/agents/{id}/invoke', 'post', invoke(hasAgents)],
  [
    '/api/v1/sessions/{id}',
    'get',
    read({
      operationId: 'showSession',
      summary: 'The tasks of a session and its files',
      parameters: [idInPath('id', 'The sessionId of a result.', sessionId)],
      success: { description: 'Oldest first.', schema: schemaRef('SessionView') },
      codes: ['SESSION_NOT_FOUND', 'INVALID_ARGUMENTS'],
    }),
  ],
  [
    '/api/v1/sessions/{id}/artifacts',
    'get',
    read({
      operationId: 'listArtifacts',
      summary: 'The files of a session',
      parameters: [idInPath('id', 'The sessionId of a result.', sessionId)],
      success: {
        description: 'With their checksums.',
        schema: schemaRef('ArtifactList'),
        examples: { one: { artifacts: [artifact] } },
      },
      codes: ['SESSION_NOT_FOUND', 'INVALID_ARGUMENTS'],
    }),
  ],
  [
    '/api/v1/sessions/{id}/artifacts/{name}',
    'get',
    read({
      operationId: 'readArtifact',
      summary: 'One file of a session, its checksum compared',
      parameters: [
        idInPath('id', 'The sessionId of a result.', sessionId),
        idInPath('name', 'Its name.', 'result.json'),
      ],
      success: {
        description: 'The bytes as they were written; the ETag is their SHA-256.',
        schema: { type: 'string', format: 'binary' },
        mediaType: 'application/octet-stream',
      },
      codes: ['ARTIFACT_NOT_FOUND', 'CHECKPOINT_CORRUPT', 'INVALID_ARGUMENTS'],
    }),
  ],
  [
    '/api/v1/usage',
    'get',
    read({
      operationId: 'showUsage',
      summary: 'What was spent: tokens, dollars, calls',
      parameters: [
        inQuery('scope', 'Of one agent, session, model …: agent:otto.'),
        inQuery('from', 'Since when: -1d, -2h, or a date.'),
        inQuery('until', 'Until when.'),
        inQuery('by', 'Added up by these, a comma list: agent, tool, model, workflow, session, task, kind, hour, day.'),
        inQuery('top', 'Only so many groups, those that cost most.', { type: 'integer', minimum: 1, maximum: 9_999 }),
        inQuery('format', 'csv: row by row.', { type: 'string', enum: ['json', 'csv'] }),
      ],
      success: {
        description: 'Dollars by the prices of the day on which they were spent.',
        schema: schemaRef('UsageReport'),
        examples: {
          byAgent: { range: { from: null, until: null }, totals, groups: [{ ...totals, keys: { agent: 'otto' } }] },
        },
      },
      codes: ['INVALID_ARGUMENTS'],
    }),
  ],
  [
    '/api/v1/budgets',
    'get',
    read({
      operationId: 'listBudgets',
      summary: 'Every budget that counts now: bound, spent, reserved',
      success: { description: 'The day first.', schema: schemaRef('BudgetReport') },
    }),
  ],
  [
    '/api/v1/stats',
    'get',
    read({
      operationId: 'showStats',
      summary: 'Counts of agents, tasks, tools and working memory',
      success: { description: 'Since the start of this process.', schema: schemaRef('Stats') },
    }),
  ],
  [
    '/api/v1/kill',
    'get',
    {
      operationId: 'showKillSwitch',
      tag: 'agents',
      summary: 'Is everything that spends or signs stopped?',
      success: { description: 'And by what.', schema: schemaRef('KillView'), examples: { on: killed, off: running } },
      codes: guarded,
      door: 'problem',
    },
  ],
  ['/api/v1/kill', 'post', killOrder],
]
