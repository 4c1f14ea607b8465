import { BudgetExceededError } from '../budget/budget.ts'
import { errorTable, isErrorCode } from '../core/error-table.ts'
import { BaseError, findCause } from '../core/errors.ts'
import type { TurnFinish } from '../llm/turn.ts'
import { KillSwitchError } from '../policy/errors.ts'
import { ProcessError } from '../sandbox/errors.ts'
import type { TaskResult, TaskStop } from './agent.ts'

/** Why a task is told to end. */
export class TaskStopped extends Error {
  readonly stop: TaskStop
  constructor(stop: TaskStop) {
    super(`The task is stopped: ${stop}.`)
    this.stop = stop
  }
}

/** How a task ended: what its result says of it. */
export type TaskEnd = Pick<TaskResult, 'status' | 'stopped' | 'error'>

type Ended = {
  /** How the turn ended; undefined where it broke off. */
  readonly finish: TurnFinish | undefined
  /** What was thrown, if anything was. */
  readonly thrown: unknown
  /** Why it was told to stop, if it was. */
  readonly told: TaskStop | undefined
  /** The budgets leave no room for another answer. */
  readonly isSpent: boolean
  readonly taskId: string
  readonly timeMs: number
}

const stopErrors: Readonly<Record<TaskStop, (ended: Ended) => BaseError | undefined>> = {
  budget: ({ thrown, taskId }) =>
    findCause(thrown, BudgetExceededError) ?? new BudgetExceededError({ kind: 'task', id: taskId }, 'tokens', 0),
  time: ({ taskId, timeMs }) => new BudgetExceededError({ kind: 'task', id: taskId }, 'time', timeMs),
  kill_switch: () => new KillSwitchError(),
  cancelled: () => undefined,
  interrupted: () =>
    new ProcessError('The service stopped while this task ran.', { hint: 'Ask again in the same session.' }),
}

/** Says how a task ended, by what is known of its turn. */
export function endOf(ended: Ended): TaskEnd {
  const stopped = stopOf(ended)
  if (stopped === 'cancelled') return { status: 'CANCELLED', stopped, error: null }
  if (stopped !== null) return { status: 'FAILED', stopped, error: toError(stopErrors[stopped](ended)) }
  if (ended.thrown !== undefined) return { status: 'FAILED', stopped: null, error: toError(ended.thrown) }
  const fault = ended.finish === undefined ? undefined : faults[ended.finish]
  if (fault === undefined) return { status: 'COMPLETED', stopped: null, error: null }
  return { status: 'FAILED', stopped: null, error: fault }
}

function stopOf({ finish, thrown, told, isSpent }: Ended): TaskStop | null {
  if (findCause(thrown, BudgetExceededError)) return 'budget'
  if (findCause(thrown, KillSwitchError)) return 'kill_switch'
  const isStopped = thrown !== undefined || finish === 'time'
  if (told !== undefined && isStopped) return told
  if (finish === 'time') return 'time'
  return finish === 'length' && isSpent ? 'budget' : null
}

const badAnswer = (message: string, hint: string): TaskResult['error'] => ({ code: 'LLM_BAD_RESPONSE', message, hint })

/** Turns that ended without the agent's having had its say. */
const faults: Partial<Record<TurnFinish, TaskResult['error']>> = {
  rounds: badAnswer('The agent asked for tools again and again.', 'Raise max_rounds, or ask for less at once.'),
  stuck: badAnswer('The agent repeated one call, or wrote calls that cannot be read.', 'Another model may do better.'),
  approval: {
    code: 'APPROVAL_NEEDED',
    message: 'A write waits for the approval of a person.',
    hint: 'Approve it (otto approve), then ask again in the same session.',
  },
}

/** An error as a caller is told of it; a bug without its text. */
export function toError(thrown: unknown): NonNullable<TaskResult['error']> {
  if (!(thrown instanceof BaseError) || !isErrorCode(thrown.code))
    return {
      code: 'INTERNAL_ERROR',
      message: 'Something went wrong inside the service.',
      hint: errorTable.INTERNAL_ERROR.hint,
    }
  return { code: thrown.code, message: thrown.message, hint: thrown.hint ?? errorTable[thrown.code].hint }
}
