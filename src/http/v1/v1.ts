import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Agents } from '../../agent/agent.ts'
import type { TaskStore } from '../../agent/task-store.ts'
import type { Budgets } from '../../budget/budget.ts'
import type { UsageLedger } from '../../budget/usage.ts'
import type { Clock } from '../../core/clock.ts'
import type { ChildNode } from '../../core/supervised.ts'
import { FeatureDisabledError } from '../../policy/errors.ts'
import type { KillSwitch } from '../../policy/kill-switch.ts'
import type { ArtifactStore } from '../../session/artifact.ts'
import type { ContextStore } from '../../session/context.ts'
import type { RequestKeys } from '../../tools/request-keys.ts'
import type { ToolBus } from '../../tools/tool.ts'
import { agentRoutes } from './agents.ts'
import { killRoutes } from './kill.ts'
import { sessionRoutes } from './sessions.ts'
import { statsRoutes } from './stats.ts'
import { usageRoutes } from './usage.ts'

/** What the routes below /api/v1 show. */
export type AgentParts = {
  readonly agents: Agents
  readonly tasks: TaskStore
  readonly artifacts: ArtifactStore
  readonly contexts: ContextStore
  readonly usage: UsageLedger
  readonly budgets: Budgets
  readonly tools: Pick<ToolBus, 'stats' | 'all'>
  readonly keys: RequestKeys
  /** Every part that is supervised, as it stands. */
  tree(): readonly ChildNode[]
}

export type V1Deps = {
  /** Undefined where agents do not run: then their routes say so. */
  readonly parts: AgentParts | undefined
  readonly kill: Pick<KillSwitch, 'state' | 'set'>
  readonly principalOf: (request: FastifyRequest) => string
  readonly clock: Pick<Clock, 'nowMs'>
  readonly maxBodyBytes?: number
}

/** Everything below /api/v1. */
export function registerV1(
  instance: FastifyInstance,
  { parts, kill, principalOf, clock, maxBodyBytes = 262_144 }: V1Deps,
): void {
  const of =
    <Name extends keyof AgentParts>(name: Name) =>
    (): AgentParts[Name] => {
      if (parts === undefined) throw new FeatureDisabledError()
      return parts[name]
    }
  instance.register(killRoutes({ kill, principalOf, maxBodyBytes }))
  instance.register(agentRoutes({ agents: of('agents'), keys: of('keys'), principalOf, maxBodyBytes }))
  instance.register(sessionRoutes({ tasks: of('tasks'), artifacts: of('artifacts') }))
  instance.register(usageRoutes({ usage: of('usage'), budgets: of('budgets'), clock }))
  instance.register(
    statsRoutes({
      agents: of('agents'),
      tasks: of('tasks'),
      tools: of('tools'),
      contexts: of('contexts'),
      usage: of('usage'),
      tree: of('tree'),
    }),
  )
}
