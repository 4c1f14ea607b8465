import type { UsageRow, UsageTotals } from './usage.ts'

/** Totals by time of what the process did itself. */
export type UsageRings = {
  add(row: UsageRow): void
  recent(unit: RingUnit, nowMs: number): readonly Bucket[]
}

export type RingUnit = 'minute' | 'hour' | 'day'
type Bucket = UsageTotals & { readonly startMs: number }

/** How long a bucket is, and how many there are. UTC days have no daylight saving: all are equally long. */
const units: { readonly [unit in RingUnit]: { readonly ms: number; readonly size: number } } = {
  minute: { ms: 60_000, size: 120 },
  hour: { ms: 3_600_000, size: 48 },
  day: { ms: 86_400_000, size: 31 },
}

const noUsage: UsageTotals = {
  calls: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  nanoUsd: 0,
  ms: 0,
  errors: 0,
}

/** Rings of buckets: a new bucket takes the place of the oldest, so that nothing grows. */
export function createUsageRings(): UsageRings {
  const rings = { minute: createRing('minute'), hour: createRing('hour'), day: createRing('day') }
  return {
    add(row) {
      for (const ring of Object.values(rings)) ring.add(row)
    },
    recent: (unit, nowMs) => rings[unit].recent(nowMs),
  }
}

function createRing(unit: RingUnit) {
  const { ms, size } = units[unit]
  const slots: (Bucket | undefined)[] = Array.from({ length: size })
  const startOf = (atMs: number) => Math.floor(atMs / ms) * ms
  const slotOf = (startMs: number) => (startMs / ms) % size
  return {
    add(row: UsageRow): void {
      const startMs = startOf(row.atMs)
      const slot = slots[slotOf(startMs)]
      // A clock that was set back would find a later bucket here: what is that old is not shown any more.
      if (slot !== undefined && slot.startMs > startMs) return
      const totals = slot?.startMs === startMs ? slot : noUsage
      slots[slotOf(startMs)] = { ...addUsage(totals, row), startMs }
    },
    /** One for each unit of time up to now, those without any usage too. */
    recent(nowMs: number): readonly Bucket[] {
      const newest = startOf(nowMs)
      return Array.from({ length: size }, (_, index) => {
        const startMs = newest - (size - 1 - index) * ms
        const slot = slots[slotOf(startMs)]
        return slot?.startMs === startMs ? slot : { ...noUsage, startMs }
      })
    },
  }
}

const addUsage = (totals: UsageTotals, row: UsageRow): UsageTotals => ({
  calls: totals.calls + 1,
  inputTokens: totals.inputTokens + row.inputTokens,
  outputTokens: totals.outputTokens + row.outputTokens,
  cachedTokens: totals.cachedTokens + row.cachedTokens,
  nanoUsd: totals.nanoUsd + row.nanoUsd,
  ms: totals.ms + row.ms,
  errors: totals.errors + (row.code === 'OK' ? 0 : 1),
})
