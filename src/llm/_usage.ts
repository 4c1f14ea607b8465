import type { ModelUsage } from './language-model.ts'
import type { TurnUsage } from './turn.ts'

/** What costs nothing. */
export const noUsage: ModelUsage = { promptTokens: 0, outputTokens: 0, loadNs: 0, promptNs: 0, outputNs: 0 }

/** Both together; tokens of a cache are told once either tells them. */
export const addUsage = (one: ModelUsage, other: ModelUsage): ModelUsage => ({
  promptTokens: one.promptTokens + other.promptTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  loadNs: one.loadNs + other.loadNs,
  promptNs: one.promptNs + other.promptNs,
  outputNs: one.outputNs + other.outputNs,
  ...(one.cachedTokens === undefined && other.cachedTokens === undefined
    ? {}
    : { cachedTokens: (one.cachedTokens ?? 0) + (other.cachedTokens ?? 0) }),
})

/** Adds up what the rounds of a turn cost. */
export function createUsageSum(monotonicMs: () => number) {
  const startMs = monotonicMs()
  let sum = noUsage
  let lastPromptTokens = 0
  let rounds = 0
  return {
    add(usage: ModelUsage): void {
      rounds += 1
      lastPromptTokens = usage.promptTokens
      sum = addUsage(sum, usage)
    },
    total: (): TurnUsage => ({
      ...sum,
      lastPromptTokens,
      rounds,
      totalNs: Math.round((monotonicMs() - startMs) * 1_000_000),
    }),
  }
}
