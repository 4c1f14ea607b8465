import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import type { Agents } from '../../agent/agent.ts'
import type { TaskStore } from '../../agent/task-store.ts'
import type { UsageLedger } from '../../budget/usage.ts'
import type { ChildNode } from '../../core/supervised.ts'
import type { ContextStore } from '../../session/context.ts'
import type { ToolBus } from '../../tools/tool.ts'

export type StatsRoutesDeps = {
  /** @throws FeatureDisabledError where agents do not run, from all */
  readonly agents: () => Pick<Agents, 'list'>
  readonly tasks: () => Pick<TaskStore, 'counts'>
  readonly tools: () => Pick<ToolBus, 'stats' | 'all'>
  readonly contexts: () => Pick<ContextStore, 'stats'>
  readonly usage: () => Pick<UsageLedger, 'recent'>
  readonly tree: () => () => readonly ChildNode[]
}

const Count = z.int().min(0)

/** A part that is supervised. */
const Part = z.object({
  path: z.string().describe('Its name, below that of the part that supervises it: agents/otto.'),
  state: z.enum(['starting', 'running', 'waiting', 'stopping', 'stopped', 'failed']),
  restarts: Count.describe('How often it was started again.'),
})

/** `GET /api/v1/stats`. */
export const Stats = z.object({
  agents: z.object({ declared: Count, running: Count, waiting: Count }),
  tasks: z.record(z.string(), Count).describe('How many are kept, by status.'),
  tools: z.array(
    z.object({
      tool: z.string(),
      origin: z.string(),
      permission: z.string(),
      calls: Count,
      failures: Count,
      denials: Count,
      running: Count,
      averageMs: z.number(),
      maxMs: z.number(),
    }),
  ),
  contexts: z.object({ entries: Count, bytes: Count, maxBytes: Count, evicted: Count, expired: Count }),
  lastHour: z.object({ calls: Count, inputTokens: Count, outputTokens: Count, costUsd: z.number() }),
  parts: z.array(Part).describe('In the order of their start, each before those that it supervises.'),
})

/** Counts for operators. No database row is read but those of tasks. */
export const statsRoutes =
  ({ agents, tasks, tools, contexts, usage, tree }: StatsRoutesDeps): FastifyPluginAsync =>
  async (instance) => {
    instance.get('/api/v1/stats', async (): Promise<z.output<typeof Stats>> => {
      const records = agents().list()
      const sum = (count: (record: (typeof records)[number]) => number) =>
        records.reduce((total, record) => total + count(record), 0)
      const minutes = usage().recent('minute').slice(-60)
      const add = (count: (minute: (typeof minutes)[number]) => number) =>
        minutes.reduce((total, minute) => total + count(minute), 0)
      const counted = new Map(
        tools()
          .stats()
          .map((one) => [one.tool, one]),
      )
      return {
        agents: {
          declared: records.length,
          running: sum(({ running }) => running),
          waiting: sum(({ waiting }) => waiting),
        },
        tasks: { ...(await tasks().counts()) },
        tools: tools()
          .all()
          .map(({ description: { name }, origin, permission }) => {
            const {
              calls = 0,
              failures = 0,
              denials = 0,
              running = 0,
              totalMs = 0,
              maxMs = 0,
            } = counted.get(name) ?? {}
            const averageMs = calls === 0 ? 0 : totalMs / calls
            return { tool: name, origin, permission, calls, failures, denials, running, averageMs, maxMs }
          }),
        contexts: contexts().stats(),
        lastHour: {
          calls: add(({ calls }) => calls),
          inputTokens: add(({ inputTokens }) => inputTokens),
          outputTokens: add(({ outputTokens }) => outputTokens),
          costUsd: add(({ nanoUsd }) => nanoUsd) / 1e9,
        },
        parts: partsOf(tree()()),
      }
    })
  }

const partsOf = (nodes: readonly ChildNode[], above = ''): z.output<typeof Part>[] =>
  nodes.flatMap(({ id, state, restarts, children }) => {
    const path = `${above}${id}`
    return [{ path, state, restarts }, ...partsOf(children, `${path}/`)]
  })
