/** Time, passed in so that a run can be replayed. Durations come from `monotonicMs` alone: a wall clock may jump. */
export type Clock = {
  /** Milliseconds since the Unix epoch, for records and logs. */
  nowMs(): number
  /** Milliseconds since some fixed moment, never going back. */
  monotonicMs(): number
  /** Resolves after `ms`; rejects with the signal's reason when it fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** A fresh random UUID (version 4), passed in like time. */
export type NewId = () => string
