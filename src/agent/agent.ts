import { z } from 'zod'
import { ArtifactRef } from '../session/artifact.ts'
import type { AgentSpec } from './agent-spec.ts'

/** Lower bounds of a task than its agent has; higher ones do not count. */
export type TaskBudgets = { readonly timeMs?: number; readonly tokens?: number; readonly costUsd?: number }

/** One unit of work for an agent. */
export type TaskSpec = {
  readonly input: string
  /** Goes on with a session; a new one unless told. */
  readonly sessionId?: string | undefined
  readonly workflowId?: string | undefined
  readonly budgets?: TaskBudgets | undefined
}

/** Who wants it. */
export type TaskCaller = {
  readonly traceId: string
  readonly principal: string
  /** Cancels the task. */
  readonly signal: AbortSignal
  /** Told of text as it comes, and of tool calls. */
  readonly onEvent?: (event: TaskEvent) => void
}

export type TaskEvent =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool'; readonly tool: string; readonly success: boolean; readonly ms: number }

/** Why a task ended before its agent was done. */
export const taskStops = ['budget', 'time', 'kill_switch', 'cancelled', 'interrupted'] as const
export type TaskStop = (typeof taskStops)[number]

export type TaskStatus = 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED'

/** What came of a task. It is stored as the artifact `result` of its session, whatever came of it. */
export const TaskResult = z.object({
  taskId: z.string(),
  sessionId: z.string(),
  agentId: z.string(),
  status: z.enum(['COMPLETED', 'FAILED', 'CANCELLED']),
  stopped: z.enum(taskStops).nullable().describe('Why it ended before the agent was done.'),
  output: z.string().describe('The last words of the agent; what there was of them, where it was stopped.'),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).nullable(),
  usage: z.object({
    inputTokens: z.int().min(0),
    outputTokens: z.int().min(0),
    costUsd: z.number().min(0),
    modelCalls: z.int().min(0),
    toolCalls: z.int().min(0),
    ms: z.int().min(0),
  }),
  artifacts: z.array(ArtifactRef).readonly(),
})
export type TaskResult = z.output<typeof TaskResult>

/** Where an agent stands. */
export type AgentState = 'declared' | 'idle' | 'running' | 'failed' | 'stopped'

/** An agent as it is listed. */
export type AgentRecord = {
  readonly id: string
  readonly spec: AgentSpec
  /** The file that declares it, and those that it took the place of. */
  readonly source: string
  readonly overrides: readonly string[]
  readonly state: AgentState
  readonly running: number
  readonly waiting: number
  readonly restarts: number
}

/** A task under way. */
export type BegunWork = {
  readonly taskId: string
  readonly sessionId: string
  /** Never rejects. */
  readonly ended: Promise<TaskResult>
}

/** Before anything is asked: what one question reserves, and where the bounds lie. */
export const TaskEstimate = z.object({
  promptTokens: z.int().min(0),
  maxOutputTokens: z.int().min(0),
  firstCallUsd: z.number().nullable().describe('Null where the model has no price.'),
  limits: z.object({ timeMs: z.int(), tokens: z.int().nullable(), costUsd: z.number().nullable() }),
})
export type TaskEstimate = z.output<typeof TaskEstimate>

/** All agents: the one list of them. They begin to run when they are first asked. */
export type Agents = {
  list(): readonly AgentRecord[]
  /** By name or id. */
  get(id: string): AgentRecord | undefined
  /**
   * Runs one task to its end; refusals before it begins are thrown, what happens in it is told in its result.
   * @throws AgentNotFoundError, AgentBusyError, AgentsStoppingError, KillSwitchError, ProcessError, StorageUnavailableError
   */
  invoke(id: string, task: TaskSpec, caller: TaskCaller): Promise<TaskResult>
  /** The same, told as soon as it has been written down. @throws as `invoke` */
  begin(id: string, task: TaskSpec, caller: TaskCaller): Promise<BegunWork>
  /** The most that a task may cost, by its first question to the model. */
  estimate(id: string, task: TaskSpec): Promise<TaskEstimate>
  /** Stops an agent: its tasks end as interrupted. */
  stop(id: string): Promise<void>
  /** No new task; what runs has `graceMs` to end, then it is stored as interrupted. */
  close(graceMs: number): Promise<void>
}
