import type { BudgetScope, Budgets, ScopePath } from '../budget/budget.ts'
import { nanoUsdPerUsd } from '../budget/budget.ts'
import type { TaskSpec } from './agent.ts'
import type { AgentSpec } from './agent-spec.ts'

/** The bounds of one task. Members that are missing do not bound. */
export type TaskLimits = { readonly timeMs: number; readonly tokens?: number; readonly nanoUsd?: number }

/** Dollars as whole billionths, rounded down: a bound never grows. */
export const toNanoUsd = (usd: number): number => Math.floor(usd * nanoUsdPerUsd + 1e-6)

/** What the agent's file allows, or less where the task says so. */
export function limitsOf({ budgets: own }: AgentSpec, { budgets: asked = {} }: Pick<TaskSpec, 'budgets'>): TaskLimits {
  const tokens = least(own.tokens, asked.tokens)
  const costUsd = least(own.cost_usd, asked.costUsd)
  return {
    timeMs: Math.min(own.time * 1_000, asked.timeMs ?? Number.POSITIVE_INFINITY),
    ...(tokens === undefined ? {} : { tokens }),
    ...(costUsd === undefined ? {} : { nanoUsd: toNanoUsd(costUsd) }),
  }
}

const least = (one: number | undefined, other: number | undefined): number | undefined =>
  one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)

type PathOf = {
  readonly spec: AgentSpec
  readonly day: BudgetScope
  readonly sessionId: string
  readonly taskId: string
  readonly limits: TaskLimits
}

/** Every scope that a question of a task stands under, the outermost first. */
export function pathOf({ spec, day, sessionId, taskId, limits }: PathOf): ScopePath {
  const { per_day: perDay, per_session: perSession } = spec.budgets
  return [
    day,
    ...boundedScope({ kind: 'agent', id: spec.name, window: 'day' }, perDay),
    ...boundedScope({ kind: 'session', id: sessionId, window: 'ever' }, perSession),
    {
      kind: 'task',
      id: taskId,
      window: 'process',
      ...(limits.tokens === undefined ? {} : { tokens: limits.tokens }),
      ...(limits.nanoUsd === undefined ? {} : { nanoUsd: limits.nanoUsd }),
    },
  ]
}

type Bounds = { readonly tokens?: number | undefined; readonly cost_usd?: number | undefined }

/** A scope that bounds nothing is none: it would cost a look at the database for each question. */
function boundedScope(
  scope: Pick<BudgetScope, 'kind' | 'id' | 'window'>,
  { tokens, cost_usd }: Bounds,
): readonly BudgetScope[] {
  if (tokens === undefined && cost_usd === undefined) return []
  return [
    {
      ...scope,
      ...(tokens === undefined ? {} : { tokens }),
      ...(cost_usd === undefined ? {} : { nanoUsd: toNanoUsd(cost_usd) }),
    },
  ]
}

/** What a path leaves, in dollars and tokens. */
export function leftOf(budgets: Budgets, path: ScopePath): { readonly tokens?: number; readonly costUsd?: number } {
  const { tokens, nanoUsd } = budgets.remaining(path)
  return {
    ...(tokens === undefined ? {} : { tokens }),
    ...(nanoUsd === undefined ? {} : { costUsd: nanoUsd / nanoUsdPerUsd }),
  }
}
