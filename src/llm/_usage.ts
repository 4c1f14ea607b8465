import type { ModelUsage } from './language-model.ts'
import type { TurnUsage } from './turn.ts'

/** Adds up what the rounds of a turn cost. */
export function createUsageSum(monotonicMs: () => number) {
  const startMs = monotonicMs()
  let sum = { promptTokens: 0, outputTokens: 0, loadNs: 0, promptNs: 0, outputNs: 0 }
  let lastPromptTokens = 0
  let rounds = 0
  return {
    add(usage: ModelUsage): void {
      rounds += 1
      lastPromptTokens = usage.promptTokens
      sum = {
        promptTokens: sum.promptTokens + usage.promptTokens,
        outputTokens: sum.outputTokens + usage.outputTokens,
        loadNs: sum.loadNs + usage.loadNs,
        promptNs: sum.promptNs + usage.promptNs,
        outputNs: sum.outputNs + usage.outputNs,
      }
    },
    total: (): TurnUsage => ({
      ...sum,
      lastPromptTokens,
      rounds,
      totalNs: Math.round((monotonicMs() - startMs) * 1_000_000),
    }),
  }
}
