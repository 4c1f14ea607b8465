import type { Amount, BudgetScope, ScopePath, WorstCase } from './budget.ts'

/** A scope and the period that counts now. Two scopes with one key are one. */
export type Bound = BudgetScope & { readonly key: string; readonly period: string }

/** What is spent and held of a bound. */
export type Tally = { spent: Amount; held: Amount }

/** A bound and what is used up of it: spent and held together. */
export type Used = { readonly bound: Bound; readonly used: Amount }

/** The bound that leaves least room, and by what. */
export type Tightest = { readonly bound: Bound; readonly what: 'tokens' | 'usd' }

/** How many output tokens fit under all bounds; fewer than `leastOutput`, even below 0, is a refusal by `tightest`. */
export type Fit = { readonly outputTokens: number; readonly tightest: Tightest | undefined }

export const nothing: Amount = { tokens: 0, nanoUsd: 0 }

export const plus = (one: Amount, other: Amount): Amount => ({
  tokens: one.tokens + other.tokens,
  nanoUsd: one.nanoUsd + other.nanoUsd,
})

export const minus = (one: Amount, other: Amount): Amount => ({
  tokens: one.tokens - other.tokens,
  nanoUsd: one.nanoUsd - other.nanoUsd,
})

export const usedOf = ({ spent, held }: Tally): Amount => plus(spent, held)

/** `YYYY-MM-DD`, UTC. */
export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

/** The bounds of a path in its order, each once: of two limits for one scope the lower one holds. */
export function toBounds(path: ScopePath, nowMs: number): readonly Bound[] {
  const bounds = new Map<string, Bound>()
  for (const scope of path) {
    const period = periodOf(scope, nowMs)
    const key = `${scope.kind} ${period} ${scope.id}` // neither a kind nor a period has a blank
    const known = bounds.get(key)
    const { tokens: _, nanoUsd: __, ...named } = scope
    const limits = { ...lowest('tokens', scope, known), ...lowest('nanoUsd', scope, known) }
    bounds.set(key, { ...named, ...limits, key, period })
  }
  return [...bounds.values()]
}

/** A scope of kind `day` names its own day: at midnight a path may be a moment older than the clock. */
const periodOf = ({ kind, id, window }: BudgetScope, nowMs: number): string =>
  window === 'day' ? (kind === 'day' ? id : dayOf(nowMs)) : window

type Limits = { readonly tokens?: number; readonly nanoUsd?: number }

function lowest<Key extends keyof Limits>(key: Key, one: Limits, other: Limits | undefined): Limits {
  const limits = [one[key], other?.[key]].filter((limit) => limit !== undefined)
  if (limits.length === 0) return {}
  const limit = Math.floor(Math.min(...limits))
  if (Number.isNaN(limit) || limit < 0) throw new TypeError(`A limit of ${key} must be a number from 0 on.`)
  return { [key]: limit }
}

export const isFree = ({ promptNanoUsd, outputNanoUsd }: WorstCase): boolean =>
  promptNanoUsd === 0 && outputNanoUsd === 0

/** Can this call come up against the bound at all? Money bounds nothing that costs none. */
export const bears = ({ tokens, nanoUsd }: Bound, worst: WorstCase): boolean =>
  tokens !== undefined || (nanoUsd !== undefined && !isFree(worst))

/** What a call costs at worst with so many output tokens. */
export const costOf = ({ promptTokens, promptNanoUsd, outputNanoUsd }: WorstCase, outputTokens: number): Amount => ({
  tokens: promptTokens + outputTokens,
  nanoUsd: promptNanoUsd + outputTokens * outputNanoUsd,
})

/** Output tokens that fit on every bound at once, at most those wanted. Of equally tight bounds the first is named. */
export function fitOf(standings: readonly Used[], worst: WorstCase): Fit {
  const rooms = standings.flatMap(({ bound, used }) => [
    { bound, what: 'tokens' as const, room: tokenRoom(bound, used, worst) },
    { bound, what: 'usd' as const, room: moneyRoom(bound, used, worst) },
  ])
  let fit: Fit = { outputTokens: worst.mostOutput, tightest: undefined }
  for (const { bound, what, room } of rooms)
    if (room < fit.outputTokens) fit = { outputTokens: room, tightest: { bound, what } }
  return fit
}

/** A limit of 0 is a stop: nothing passes it, whatever it costs. */
const stop = Number.NEGATIVE_INFINITY

function tokenRoom({ tokens }: Bound, used: Amount, { promptTokens }: WorstCase): number {
  if (tokens === undefined) return Number.POSITIVE_INFINITY
  return tokens === 0 ? stop : tokens - used.tokens - promptTokens
}

function moneyRoom({ nanoUsd }: Bound, used: Amount, worst: WorstCase): number {
  if (nanoUsd === 0) return stop
  if (nanoUsd === undefined || isFree(worst)) return Number.POSITIVE_INFINITY
  const left = nanoUsd - used.nanoUsd - worst.promptNanoUsd
  if (left < 0) return stop
  return worst.outputNanoUsd === 0 ? Number.POSITIVE_INFINITY : Math.floor(left / worst.outputNanoUsd)
}

/** @throws TypeError for what is not counted in whole numbers, or is too large to be added exactly */
export function assertCountable(worst: WorstCase): void {
  const { tokens, nanoUsd } = costOf(worst, worst.mostOutput)
  for (const [name, value] of Object.entries({ ...worst, tokens, nanoUsd }))
    if (!Number.isSafeInteger(value) || value < 0) throw new TypeError(`${name} must be a whole number from 0 on.`)
}
