import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { BudgetScope, Budgets } from './budget/budget.ts'
import { createBudgets } from './budget/create-budgets.ts'
import { clampUsdPerDay, dayScope } from './budget/day-scope.ts'
import type { Prices } from './budget/prices.ts'
import { readPrices } from './budget/prices.ts'
import type { UsageBook } from './budget/usage-ledger.ts'
import { createUsageLedger } from './budget/usage-ledger.ts'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import { randomId, systemClock } from './system.ts'
import type { EventBus } from './telemetry/event-bus.ts'
import type { ToolBusDeps } from './tools/bus.ts'

/** What is spent, and what may be. */
export type Spending = {
  readonly usage: UsageBook
  readonly budgets: Budgets
  readonly prices: Prices
  readonly day: () => BudgetScope
  /** For the tools: what each call of an agent took. */
  readonly onCall: OnCall
}

type Deps = { readonly database: Database; readonly events: EventBus; readonly log: Logger }

/** What the package brings. */
export const shippedDir: string = fileURLToPath(new URL('../.otto', import.meta.url))

/** Prices, budgets and the ledger of usage. @throws PricesInvalidError */
export async function openSpending(
  { agents }: Pick<Config, 'agents'>,
  { database, events, log }: Deps,
): Promise<Spending> {
  const part = log.child({ part: 'budget' })
  const maxUsdPerDay = clampUsdPerDay(agents.maxUsdPerDay, part)
  const usage = createUsageLedger({ database, clock: systemClock, newId: randomId })
  return {
    usage,
    onCall: (call) => {
      if (call.agentId !== undefined) usage.record(toUsage(call))
    },
    budgets: createBudgets({ database, clock: systemClock, publish: events.publish, maxUsdPerDay, log: part }),
    prices: await readPrices([agents.projectDir, agents.userDir, shippedDir]),
    day: () => dayScope(systemClock, maxUsdPerDay),
  }
}

type OnCall = NonNullable<ToolBusDeps['onCall']>

const toUsage = ({ tool, ids, ms, bytes, code }: Parameters<OnCall>[0]): Parameters<UsageBook['record']>[0] => ({
  ...ids,
  kind: 'tool',
  tool,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  estimatedTokens: 0,
  nanoUsd: 0,
  ms: Math.round(ms),
  bytes,
  code,
})
