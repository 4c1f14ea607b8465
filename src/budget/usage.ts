import type { WorkIds } from '../telemetry/event.ts'

/** What something was spent on. */
export const usageKinds = ['llm', 'tool', 'storage', 'ledger'] as const
export type UsageKind = (typeof usageKinds)[number]

/** One thing that was spent. `estimated…` is what was reserved for it, where something was. */
export type UsageRow = WorkIds & {
  readonly id: string
  readonly atMs: number
  readonly kind: UsageKind
  readonly tool?: string
  readonly provider?: string
  readonly model?: string
  readonly inputTokens: number
  readonly outputTokens: number
  /** Of the input, read from a cache of the provider. */
  readonly cachedTokens: number
  readonly estimatedTokens: number
  readonly nanoUsd: number
  readonly ms: number
  readonly bytes: number
  /** `OK`, or the error code. */
  readonly code: string
}

/** By what usage can be added up. */
export const usageKeys = ['agent', 'tool', 'model', 'workflow', 'session', 'task', 'kind', 'hour', 'day'] as const
export type UsageKey = (typeof usageKeys)[number]

/** From (inclusive) until (exclusive), epoch milliseconds. */
export type TimeRange = { readonly fromMs?: number; readonly untilMs?: number }

/** Whose usage: all, or of one agent, session, … */
export type UsageScope = { readonly key: Exclude<UsageKey, 'hour' | 'day'>; readonly value: string }

export type UsageTotals = {
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly nanoUsd: number
  readonly ms: number
  readonly errors: number
}

/** Totals of those rows that have the same words for the keys; `hour` and `day` begin a UTC hour or day, RFC 3339. */
export type UsageGroup = UsageTotals & { readonly keys: Readonly<Partial<Record<UsageKey, string>>> }

/** What was spent, row by row: added to, never changed. */
export type UsageLedger = {
  /** Takes a row and returns at once. One of money is stored with its settlement; others with the next commit. */
  record(row: Omit<UsageRow, 'id' | 'atMs'>): void
  /** @throws StorageUnavailableError, from all that read */
  getUsage(scope: UsageScope | undefined, range: TimeRange): Promise<UsageTotals>
  query(options: {
    readonly by: readonly UsageKey[]
    readonly scope?: UsageScope | undefined
    readonly range: TimeRange
    /** The groups that cost most, then those with the most tokens; 1,000 unless told. */
    readonly top?: number | undefined
  }): Promise<readonly UsageGroup[]>
  /** Rows as they were written, oldest first. */
  rows(range: TimeRange, scope?: UsageScope): AsyncIterable<UsageRow>
  /** Of the running process: totals by minute, hour and day, the newest last. No disk is read. */
  recent(unit: 'minute' | 'hour' | 'day'): readonly (UsageTotals & { readonly startMs: number })[]
}
