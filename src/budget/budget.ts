import { BaseError } from '../core/errors.ts'
import type { Write } from '../db/database.ts'
import type { WorkIds } from '../telemetry/event.ts'

/** Tokens of both directions together, and billionths of a dollar: both whole, so that sums are exact. */
export type Amount = { readonly tokens: number; readonly nanoUsd: number }

/** From the outermost to the innermost. */
export const scopeKinds = ['day', 'agent', 'session', 'workflow', 'task', 'stage', 'call'] as const
export type ScopeKind = (typeof scopeKinds)[number]

/** One bound that a call of a model stands under. A member that is missing does not bound. */
export type BudgetScope = {
  readonly kind: ScopeKind
  /** `2026-11-22` of a day, `otto` of an agent, the id of a session or a task. */
  readonly id: string
  readonly tokens?: number
  readonly nanoUsd?: number
  /**
   * `process`: kept in memory while the work lasts. `day`: of the UTC day, in the database, shared by every process on it;
   * `ever`: the same without end. What was reserved when a process died counts as spent.
   */
  readonly window: 'process' | 'day' | 'ever'
}

/** From the outermost scope to the innermost; a call must fit into all of them. */
export type ScopePath = readonly BudgetScope[]

/** What a call may cost at worst: the prompt for certain, and output tokens as many as there is room for. */
export type WorstCase = {
  readonly promptTokens: number
  readonly promptNanoUsd: number
  /** Of one output token. */
  readonly outputNanoUsd: number
  /** Output tokens wanted, and the fewest that are of use. */
  readonly mostOutput: number
  readonly leastOutput: number
}

/**
 * Stores the row of a call in the transaction of its settlement. @returns false where it was stored already: then an
 * earlier try of the same settlement went through, though nobody was told, and the settlement is not done again
 */
export type SettlementRow = Write<boolean>

/**
 * Room for one call, taken on every scope at once. Exactly one of the two is called; a second call does nothing. Neither
 * throws: what cannot be stored stays held, which counts like spent, and with a row it is tried again until it is stored.
 */
export type Reservation = {
  /** How many output tokens there was room for. */
  readonly outputTokens: number
  readonly reserved: Amount
  /** It is held in the database: the row of the call is stored in the same transaction. */
  readonly isLasting: boolean
  /** Gives back what was not needed. More than was reserved is taken as what was reserved. */
  settle(spent: Amount, row?: SettlementRow): Promise<void>
  /** Nothing was spent, for certain: the call never left. */
  release(row?: SettlementRow): Promise<void>
}

/** How a scope stands. `held` is reserved for calls under way, or by a process that died. */
export type BudgetStanding = BudgetScope & { readonly spent: Amount; readonly held: Amount }

/** Budgets that cannot be exceeded: whatever is asked at once, what is held and spent never passes a bound. */
export type Budgets = {
  /** @throws BudgetExceededError naming the tightest scope; StorageUnavailableError */
  reserve(path: ScopePath, worst: WorstCase, ids?: WorkIds): Promise<Reservation>
  /** What the tightest scope leaves; undefined members: no bound. By what this process knows. */
  remaining(path: ScopePath): { readonly tokens?: number; readonly nanoUsd?: number }
  /** Every scope of the database that counts now, and those of this process. */
  standings(): Promise<readonly BudgetStanding[]>
  /** Forgets a scope of this process; its work is over. */
  end(kind: ScopeKind, id: string): void
}

/** Ten dollars a day, over everything: compiled in, and settings may only lower it. */
export const maxNanoUsdPerDay = 10_000_000_000

/** 1 dollar. */
export const nanoUsdPerUsd = 1_000_000_000

const isSpent = { tokens: ['The tokens', 'are'], usd: ['The money', 'is'], time: ['The time', 'is'] } as const

/** A bound is reached. */
export class BudgetExceededError extends BaseError {
  override readonly code = 'BUDGET_EXCEEDED'
  override readonly kind = 'exhausted'
  readonly scope: Pick<BudgetScope, 'kind' | 'id'>
  constructor(scope: Pick<BudgetScope, 'kind' | 'id'>, what: 'tokens' | 'usd' | 'time', limit: number) {
    const [subject, verb] = isSpent[what]
    super(`${subject} of this ${scope.kind} ${verb} spent.`, {
      details: { scope: scope.kind, id: scope.id, what, limit },
    })
    this.scope = scope
  }
}

/** Nobody knows what this model costs, so no bound in dollars can be kept. */
export class PriceUnknownError extends BaseError {
  override readonly code = 'PRICE_UNKNOWN'
  override readonly kind = 'invalid'
  constructor(provider: string, model: string) {
    super(`There is no price for ${provider} ${model}.`.slice(0, 200), {
      details: { provider, model: model.slice(0, 100) },
      hint: 'Add it to .otto/prices.yml, with 0 for a model that costs nothing.',
    })
  }
}
