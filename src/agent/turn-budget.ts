import type { BudgetScope, Budgets } from '../budget/budget.ts'
import type { LimitModelDeps } from '../budget/limit-model.ts'
import { limitModel } from '../budget/limit-model.ts'
import type { NewId } from '../core/clock.ts'
import type { LanguageModel } from '../llm/language-model.ts'
import { limitsOf, pathOf } from './_task-budget.ts'
import type { AgentSpec } from './agent-spec.ts'

export type TurnBudgetDeps = Omit<LimitModelDeps, 'provider' | 'path' | 'ids' | 'maxOutputTokens' | 'budgets'> & {
  readonly budgets: Budgets
  readonly model: LanguageModel
  /** The agent that speaks in the chat: its bounds of a task are those of a turn. */
  readonly spec: AgentSpec
  readonly day: () => BudgetScope
  readonly newId: NewId
}

/** Who asks for a turn. */
export type TurnOf = { readonly traceId: string; readonly sessionId?: string }

/** A model that is asked in one turn alone. `close` is called at its end. */
export type TurnModel = { readonly model: LanguageModel; close(): void }

/** A chat's model inside the budgets of the agent that speaks in it, turn by turn. */
export const createTurnBudgets =
  (deps: TurnBudgetDeps) =>
  ({ traceId, sessionId }: TurnOf): TurnModel => {
    const { spec, day, newId, budgets, model } = deps
    const taskId = newId()
    const path = pathOf({ spec, day: day(), sessionId: sessionId ?? taskId, taskId, limits: limitsOf(spec, {}) })
    return {
      model: limitModel(model, {
        ...deps,
        provider: spec.provider,
        path: () => path,
        ids: { traceId, taskId, agentId: spec.name, ...(sessionId === undefined ? {} : { sessionId }) },
        maxOutputTokens: spec.max_tokens,
      }),
      close: () => budgets.end('task', taskId),
    }
  }
