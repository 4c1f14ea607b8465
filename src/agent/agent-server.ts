import type { Transitions } from '../core/fsm.ts'
import { createMachine } from '../core/fsm.ts'
import type { Running } from '../core/supervised.ts'
import { createTaskPool } from '../core/task-pool.ts'
import { runWith } from '../telemetry/work-ids.ts'
import type { AgentState, TaskResult } from './agent.ts'
import { AgentBusyError } from './errors.ts'
import type { AgentParts, RunningTask } from './run-task.ts'
import { runTask } from './run-task.ts'

/** One agent that runs: its tasks at once as many as it may, the others in the order of their coming. */
export type AgentServer = {
  /**
   * It begins, or begins anew after a crash, with these parts. What runs or waits from before goes on. A task that a bug
   * or its process broke off is a crash.
   */
  start(parts: AgentParts): Running
  /** Takes a place among those that run and wait. @throws AgentBusyError */
  admit(): Place
  stats(): { readonly running: number; readonly waiting: number }
  state(): AgentState
  /** Takes nothing new; what runs has so long to end, then it is interrupted. */
  close(graceMs: number): Promise<void>
}

/** Room for one task. It is used once, or left. */
export type Place = {
  /**
   * Runs the task and leaves the place with its end. Whatever happens in it is told in its result.
   * @throws what keeps it from being begun: StorageUnavailableError, PoolClosedError, the reason of the caller's signal
   */
  run(task: Omit<RunningTask, 'interrupt'>): Promise<TaskResult>
  leave(): void
}

const transitions: Transitions<AgentState> = {
  declared: ['idle'],
  idle: ['running', 'failed', 'stopped'],
  running: ['idle', 'failed', 'stopped'],
  failed: ['idle', 'stopped'],
  stopped: ['idle'],
}

/** An agent that waits to be started. @see AgentServer */
export function createAgentServer({
  spec,
  publish,
  log,
  clock,
}: Pick<AgentParts, 'spec' | 'publish' | 'log' | 'clock'>): AgentServer {
  const pool = createTaskPool({ clock, concurrency: spec.concurrency, queue: spec.queue, log })
  const lanes = createLanes()
  const machine = createMachine(transitions, {
    name: `agent ${spec.name}`,
    initial: 'declared',
    onTransition: ({ from, to }) => publish('agent.state', { agent: spec.name, from, to }, { agentId: spec.name }),
  })
  let parts: AgentParts | undefined
  let crash = Promise.withResolvers<void>()
  let places = 0

  const isRunning = () => pool.stats().running > 0
  const runOne = async (task: Omit<RunningTask, 'interrupt'>, interrupt: AbortSignal): Promise<TaskResult> => {
    if (machine.state() === 'idle') machine.go('running')
    if (parts === undefined) throw new Error('The agent was not started.')
    const result = await runTask(parts, { ...task, interrupt })
    if (isCrash(result, spec)) fail(new Error(`${result.error?.code}: ${result.error?.message}`))
    return result
  }
  const fail = (error: Error): void => {
    if (machine.allowed().includes('failed')) machine.go('failed', { error: error.message })
    crash.reject(error)
  }
  /** The place is left when the task has left the pool: only then does the state say whether anything runs. */
  const leave = (): void => {
    places -= 1
    if (machine.state() === 'running' && !isRunning()) machine.go('idle')
  }
  return {
    start(given) {
      parts = given
      crash = Promise.withResolvers()
      crash.promise.catch(() => {}) // its supervisor listens, if anybody does
      machine.go('idle')
      if (isRunning()) machine.go('running')
      return { ended: crash.promise, stop: async () => void (await pool.drain(0)) }
    },
    admit() {
      if (places >= spec.concurrency + spec.queue) throw new AgentBusyError(spec.name, places - pool.stats().running)
      places += 1
      return {
        leave,
        run: (task) => {
          const { taskId, sessionId, caller } = task
          const { traceId, signal } = caller
          return runWith({ taskId, sessionId, agentId: spec.name, traceId }, () =>
            lanes.take(sessionId, () => pool.run((interrupt) => runOne(task, interrupt), { signal })),
          ).finally(leave)
        },
      }
    },
    stats: () => {
      const { running } = pool.stats()
      return { running, waiting: places - running }
    },
    state: () => machine.state(),
    async close(graceMs) {
      await pool.drain(graceMs)
      if (machine.allowed().includes('stopped')) machine.go('stopped')
    },
  }
}

/** What the service stopped by itself is none. */
const isCrash = ({ error, stopped }: TaskResult, { isolation }: AgentParts['spec']): boolean =>
  stopped === null && (error?.code === 'INTERNAL_ERROR' || (error?.code === 'PROCESS_ERROR' && isolation !== 'inline'))

/** Tasks of one session come one after the other: they are one conversation. */
function createLanes() {
  const ends = new Map<string, Promise<unknown>>() // bounded by the places
  return {
    take<T>(id: string, work: () => Promise<T>): Promise<T> {
      const before = ends.get(id)
      const mine = before === undefined ? work() : before.then(work, work)
      const end = mine
        .catch(() => {})
        .finally(() => {
          if (ends.get(id) === end) ends.delete(id)
        })
      ends.set(id, end)
      return mine
    },
  }
}
