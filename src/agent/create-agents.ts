import type { BudgetScope } from '../budget/budget.ts'
import { nanoUsdPerUsd, PriceUnknownError } from '../budget/budget.ts'
import { estimatePrompt } from '../budget/estimate.ts'
import type { Clock, NewId } from '../core/clock.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import type { ChildNode } from '../core/supervised.ts'
import type { Supervisor } from '../core/supervisor.ts'
import { PoolClosedError } from '../core/task-pool.ts'
import { KillSwitchError } from '../policy/errors.ts'
import type { KillSwitch } from '../policy/kill-switch.ts'
import { ProcessError } from '../sandbox/errors.ts'
import type { ContextStore } from '../session/context.ts'
import { toModelTools } from '../tools/for-models.ts'
import { limitsOf } from './_task-budget.ts'
import type { TaskEnd } from './_task-end.ts'
import { toError } from './_task-end.ts'
import type { AgentRecord, Agents, BegunWork, TaskCaller, TaskEstimate, TaskResult, TaskSpec } from './agent.ts'
import type { AgentServer } from './agent-server.ts'
import { createAgentServer } from './agent-server.ts'
import type { AgentSpec } from './agent-spec.ts'
import { AgentNotFoundError, AgentsStoppingError } from './errors.ts'
import type { AgentParts } from './run-task.ts'
import type { TaskStore } from './task-store.ts'

/** An agent as it was read. */
export type DeclaredAgent = { readonly spec: AgentSpec; readonly source: string; readonly overrides: readonly string[] }

export type AgentsDeps = {
  readonly declared: readonly DeclaredAgent[]
  /** Looks for an agent that nobody knew at the start: its file may have been written since. */
  readonly lookFor: (name: string) => Promise<DeclaredAgent | 'broken' | undefined>
  /** What the tasks of an agent need; asked for when the agent is first wanted, and after a crash. */
  readonly openParts: (spec: AgentSpec, signal: AbortSignal) => Promise<AgentParts>
  readonly shared: Pick<AgentParts, 'tools' | 'prices' | 'publish' | 'log' | 'rulesFor'> & {
    readonly day: () => BudgetScope
  }
  readonly tasks: TaskStore
  readonly contexts: Pick<ContextStore, 'drop'>
  readonly kill: Pick<KillSwitch, 'isOn'>
  /** Under which the agents run. */
  readonly supervisor: Supervisor
  readonly clock: Clock
  readonly newId: NewId
}

type Held = DeclaredAgent & {
  server: AgentServer | undefined
  starting: Promise<AgentServer> | undefined
  /** Tasks whose end is not stored yet; bounded by the places of the agent. */
  readonly ending: Set<Promise<unknown>>
}

/** How long what was interrupted has for writing down how far it came. */
const endMs = 5_000

/** The agents of this process. */
export function createAgents(deps: AgentsDeps): Agents {
  const { supervisor, tasks, contexts, kill, newId, clock } = deps
  const held = new Map<string, Held>(deps.declared.map((one) => [one.spec.name, toHeld(one)]))
  let isClosing = false

  const find = (id: string): Held => {
    const agent = held.get(id)
    if (agent === undefined) throw new AgentNotFoundError([...held.keys()])
    return agent
  }
  const findOrLook = async (id: string): Promise<Held> => {
    if (held.has(id)) return find(id)
    const found = await deps.lookFor(id)
    if (found === 'broken') throw new AgentNotFoundError([...held.keys()], { hasFaults: true })
    // Somebody else may have looked meanwhile, and run it.
    if (found !== undefined && !held.has(id)) held.set(id, toHeld(found))
    return find(id)
  }
  const nodeOf = (id: string): ChildNode | undefined => supervisor.tree().find((node) => node.id === id)
  const serverOf = async (agent: Held): Promise<AgentServer> => {
    const { name } = agent.spec
    if (agent.starting !== undefined) return agent.starting
    if (agent.server !== undefined && agent.server.state() !== 'failed') return agent.server
    const state = nodeOf(name)?.state ?? 'stopped'
    if (agent.server !== undefined)
      throw new ProcessError(`The agent crashed${state === 'failed' ? ' too often' : ''}.`, {
        details: { agent: name, state },
        hint:
          state === 'failed'
            ? 'Look at the log, mend it, and restart the service.'
            : 'It is being started again; try in a while.',
      })
    agent.starting = spawn(agent).finally(() => {
      agent.starting = undefined
    })
    return agent.starting
  }
  const spawn = async (agent: Held): Promise<AgentServer> => {
    await supervisor.spawn({
      id: agent.spec.name,
      policy: 'transient',
      async start(signal) {
        const parts = await deps.openParts(agent.spec, signal)
        agent.server ??= createAgentServer(parts)
        return agent.server.start(parts)
      },
    })
    if (agent.server === undefined) throw new AgentsStoppingError()
    return agent.server
  }
  const begin = async (id: string, task: TaskSpec, caller: TaskCaller): Promise<BegunWork> => {
    const agent = await findOrLook(id)
    if (isClosing) throw new AgentsStoppingError()
    if (kill.isOn()) throw new KillSwitchError()
    const server = await serverOf(agent)
    if (isClosing) throw new AgentsStoppingError() // it may have taken a while
    const place = server.admit()
    const [taskId, sessionId] = [newId(), task.sessionId ?? newId()]
    const { traceId, principal } = caller
    const begun = { id: taskId, sessionId, agentId: id, workflowId: task.workflowId ?? '', traceId, principal }
    await tasks.begin(begun).catch((error: unknown) => {
      place.leave()
      throw error
    })
    deps.shared.publish('task.started', { agent: id }, { traceId, taskId, sessionId, agentId: id })
    const ended = place
      .run({ taskId, sessionId, task, caller })
      .catch((error: unknown) => notBegun(error, { taskId, sessionId, agentId: id }, caller))
      .then((result) => settle(deps, result, traceId))
    agent.ending.add(ended)
    ended.finally(() => agent.ending.delete(ended))
    return { taskId, sessionId, ended }
  }
  /** What it runs ends and is stored. */
  const end = async ({ server, ending }: Held, graceMs: number): Promise<void> => {
    await server?.close(graceMs)
    const deadline = openDeadline(clock, clock.monotonicMs() + endMs)
    await orAborted(Promise.all(ending), deadline.signal).catch(() => {})
    deadline.close()
  }
  return {
    list: () => [...held.values()].map((agent) => toRecord(agent, nodeOf(agent.spec.name))),
    get(id) {
      const agent = held.get(id)
      return agent && toRecord(agent, nodeOf(id))
    },
    begin,
    invoke: async (id, task, caller) => (await begin(id, task, caller)).ended,
    estimate: async (id, task) => estimate(deps, (await findOrLook(id)).spec, task),
    async stop(id) {
      const agent = find(id)
      await end(agent, 0)
      await supervisor.stop(id)
      agent.server = undefined
      contexts.drop({ agentId: id })
    },
    async close(graceMs) {
      isClosing = true
      await Promise.all([...held.values()].map((agent) => end(agent, graceMs)))
    },
  }
}

const toHeld = (agent: DeclaredAgent): Held => ({
  ...agent,
  server: undefined,
  starting: undefined,
  ending: new Set(),
})

function toRecord({ spec, source, overrides, server }: Held, node: ChildNode | undefined): AgentRecord {
  const { running, waiting } = server?.stats() ?? { running: 0, waiting: 0 }
  const state = node?.state === 'failed' ? 'failed' : (server?.state() ?? 'declared')
  return { id: spec.name, spec, source, overrides, state, running, waiting, restarts: node?.restarts ?? 0 }
}

/** Stores and tells how a task ended. What cannot be stored is told all the same. */
async function settle(
  { tasks, shared: { publish, log } }: AgentsDeps,
  result: TaskResult,
  traceId: string,
): Promise<TaskResult> {
  const { taskId, sessionId, agentId, status, stopped, usage, error } = result
  const ids = { traceId, taskId, sessionId, agentId }
  await tasks
    .end(result)
    .catch((failure: unknown) => log.error({ err: failure, ...ids }, 'the end of a task is not stored'))
  const { inputTokens, outputTokens, costUsd, ms } = usage
  const code = error?.code ?? 'OK'
  const nanoUsd = Math.round(costUsd * nanoUsdPerUsd)
  publish('task.finished', { agent: agentId, status, stopped, ms, inputTokens, outputTokens, nanoUsd, code }, ids)
  log.info({ ...ids, status, stopped, code, inputTokens, outputTokens, costUsd, ms }, 'task')
  return result
}

/** A task that was taken and could not be begun after all. */
function notBegun(
  thrown: unknown,
  ids: Pick<TaskResult, 'taskId' | 'sessionId' | 'agentId'>,
  { signal }: Pick<TaskCaller, 'signal'>,
): TaskResult {
  const end: TaskEnd = signal.aborted
    ? { status: 'CANCELLED', stopped: 'cancelled', error: null }
    : { status: 'FAILED', stopped: thrown instanceof PoolClosedError ? 'interrupted' : null, error: toError(thrown) }
  return {
    ...ids,
    ...end,
    output: '',
    usage: { inputTokens: 0, outputTokens: 0, costUsd: 0, modelCalls: 0, toolCalls: 0, ms: 0 },
    artifacts: [],
  }
}

function estimate(
  { shared: { tools, prices, rulesFor }, clock }: AgentsDeps,
  spec: AgentSpec,
  task: TaskSpec,
): TaskEstimate {
  const names = tools.grants(spec.name)
  const offered = toModelTools(names.flatMap((name) => tools.find(name)?.description ?? []))
  const promptTokens = estimatePrompt({
    model: spec.model,
    messages: [
      { role: 'system', content: `${spec.system_prompt}${rulesFor(names) ?? ''}` },
      { role: 'user', content: task.input },
    ],
    tools: offered,
    rest: {},
  })
  const limits = limitsOf(spec, task)
  return {
    promptTokens,
    maxOutputTokens: spec.max_tokens,
    firstCallUsd: firstCallUsd({ prices, clock }, spec, promptTokens),
    limits: {
      timeMs: limits.timeMs,
      tokens: limits.tokens ?? null,
      costUsd: limits.nanoUsd === undefined ? null : limits.nanoUsd / nanoUsdPerUsd,
    },
  }
}

function firstCallUsd(
  { prices, clock }: Pick<AgentParts, 'prices' | 'clock'>,
  { provider, model, max_tokens: maxTokens }: AgentSpec,
  promptTokens: number,
): number | null {
  try {
    const { inputNanoUsd, cacheWriteNanoUsd, outputNanoUsd } = prices.priceOf(provider, model, clock.nowMs())
    return (promptTokens * Math.max(inputNanoUsd, cacheWriteNanoUsd) + maxTokens * outputNanoUsd) / nanoUsdPerUsd
  } catch (error) {
    if (error instanceof PriceUnknownError) return null
    throw error
  }
}
