import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import type { ToolOutcome } from './tool.ts'

/** Tells how a run ended. */
export type Settle = (outcome: ToolOutcome) => void

/** The newest approved write at each place: where its fate stayed open, the same call may go on. */
export type BegunWrites = {
  /** From now on no earlier write at this place goes on: this one may make the same words mean another thing. */
  begin(key: string, place: string | undefined): Settle
  /** Undefined where this very call may not go on. */
  resume(key: string, place: string | undefined): Settle | undefined
}

/** `resumableMs` is in the past while the write runs and once its fate is known. */
type Begun = { readonly key: string; resumableMs: number }

type BegunDeps = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** For how long a write may go on after it ended open. */
  readonly usableMs: number
  readonly maxPlaces: number
}

export function createBegunWrites({ clock, usableMs, maxPlaces }: BegunDeps): BegunWrites {
  const newest = createBoundedMap<string, Begun>(maxPlaces)

  const settleOf =
    (write: Begun): Settle =>
    (outcome) => {
      if (!outcome.success && outcome.retryable) write.resumableMs = clock.monotonicMs() + usableMs
    }

  return {
    begin(key, place) {
      const write: Begun = { key, resumableMs: Number.NEGATIVE_INFINITY }
      if (place !== undefined) newest.set(place, write)
      return settleOf(write)
    },
    resume(key, place) {
      const write = place === undefined ? undefined : newest.get(place)
      if (write === undefined || write.key !== key || write.resumableMs <= clock.monotonicMs()) return undefined
      write.resumableMs = Number.NEGATIVE_INFINITY
      return settleOf(write)
    },
  }
}
