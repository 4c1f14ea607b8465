import { isErrorCode } from '../core/error-table.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { EventType } from '../telemetry/event.ts'
import type { Sink } from '../telemetry/sink.ts'
import { createChildren } from './_children.ts'
import type { Family } from './_families.ts'
import { createCounters, createHistograms } from './_families.ts'

/** What agents do, counted from the events that tell of it. */
export type AgentCounts = { readonly families: readonly Family[]; readonly sink: Sink }

/** Upper bounds of the buckets, seconds: from a scripted task to the longest one. */
const taskSeconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3_600]
/** Names come from files: so many are told apart, the others are one. */
const maxAgents = 200
const maxWords = 20
const other = 'other'

/** Counts of its own for each service. */
export function createAgentCounts(): AgentCounts {
  const { families, tasks, tokens, cost, errors, warnings, denials } = createFamilies()
  const countError = (code: JsonValue | undefined): void => {
    if (typeof code === 'string' && code !== 'OK') errors(isErrorCode(code) ? code : other)()
  }
  const counters: { readonly [Type in EventType]?: (data: JsonObject) => void } = {
    'task.finished': (data) => {
      tasks(data)
      countError(data['code'])
    },
    'tool.failed': ({ code }) => countError(code),
    'llm.failed': ({ code }) => countError(code),
    'llm.finished': ({ provider, inputTokens, outputTokens, nanoUsd }) => {
      const count = tokens(wordOf(provider))
      count('input')(amountOf(inputTokens))
      count('output')(amountOf(outputTokens))
      cost(wordOf(provider))(amountOf(nanoUsd))
    },
    'budget.warning': () => warnings(),
    'audit.denied': ({ rule }) => denials(wordOf(rule))(),
  }
  return { families, sink: { name: 'metrics', accept: ({ type, data }) => counters[type]?.(data) } }
}

function createFamilies() {
  const tokens = createCounters({
    name: 'otto_llm_tokens_total',
    help: 'Tokens that language models read (input) and wrote (output) for agents.',
    labels: ['provider', 'direction'],
  })
  const cost = createCounters({
    name: 'otto_cost_usd_total',
    help: 'Dollars that the language models of agents cost.',
    labels: ['provider'],
    per: 1_000_000_000,
  })
  const errors = createCounters({
    name: 'otto_errors_total',
    help: 'Failures of tools, of questions to language models, and of the tasks that ended with one, by error code.',
    labels: ['code'],
  })
  const warnings = createCounters({
    name: 'otto_budget_warnings_total',
    help: 'Budgets of which four fifths were spent.',
    labels: [],
  })
  const denials = createCounters({
    name: 'otto_policy_denials_total',
    help: 'Calls that policy denied, or would have denied, by rule.',
    labels: ['rule'],
  })
  const tasks = createTaskFamilies()
  return {
    families: [...tasks.families, ...[tokens, cost, errors, warnings, denials].map(({ family }) => family)],
    tasks: tasks.count,
    tokens: boundedChildren(maxWords, (provider) => createChildren((way) => tokens.child(provider, way))),
    cost: boundedChildren(maxWords, (provider) => cost.child(provider)),
    errors: createChildren((code) => errors.child(code)),
    warnings: warnings.child(),
    denials: boundedChildren(maxWords, (rule) => denials.child(rule)),
  }
}

function createTaskFamilies() {
  const invocations = createCounters({
    name: 'otto_agent_invocations_total',
    help: 'Tasks of agents that ended, by how: completed, failed, cancelled, or stopped and by what.',
    labels: ['agent', 'status'],
  })
  const seconds = createHistograms({
    name: 'otto_agent_seconds',
    help: 'How long tasks of agents take.',
    labels: ['agent'],
    bounds: taskSeconds,
  })
  const ended = { all: 0, withinBudget: 0 }
  const ratio: Family = {
    name: 'otto_invocations_within_budget_ratio',
    help: 'Which part of the tasks that ended was not stopped by a budget, of tokens, cost or time.',
    type: 'gauge',
    samples: () => (ended.all === 0 ? [] : [{ labels: {}, value: ended.withinBudget / ended.all }]),
  }
  const childrenOf = boundedChildren(maxAgents, (agent) => ({
    observe: seconds.child(agent),
    count: boundedChildren(maxWords, (status) => invocations.child(agent, status)),
  }))
  return {
    families: [invocations.family, seconds.family, ratio],
    count({ agent, status, stopped, ms }: JsonObject): void {
      const { observe, count } = childrenOf(wordOf(agent))
      observe(amountOf(ms) / 1_000)
      count(typeof stopped === 'string' ? `stopped:${stopped}` : wordOf(status).toLowerCase())()
      ended.all += 1
      if (stopped !== 'budget' && stopped !== 'time') ended.withinBudget += 1
    },
  }
}

/** As `createChildren`, for keys that somebody else chooses: past `limit` of them, all new ones are `other`. */
function boundedChildren<Child>(limit: number, make: (key: string) => Child): (key: string) => Child {
  const known = new Set<string>()
  const childOf = createChildren(make)
  return (key) => {
    if (!known.has(key) && known.size < limit) known.add(key)
    return childOf(known.has(key) ? key : other)
  }
}

const wordOf = (value: JsonValue | undefined): string => (typeof value === 'string' ? value : other)

/** A counter never goes back. */
const amountOf = (value: JsonValue | undefined): number => (typeof value === 'number' && value > 0 ? value : 0)
