/** Waits that grow from one try to the next. */
export type BackOff = {
  readonly firstMs: number
  readonly factor: number
  /** Bound of the growth; the spread comes on top of it. */
  readonly maxMs: number
  /** Spread around the value, as a part of it: 0.5 means ±50 %. It keeps those who failed together apart. */
  readonly jitter: number
}

/**
 * How long to wait after the try numbered `attempt` (0 is the first): `firstMs × factor^attempt`, at most `maxMs`,
 * spread by `jitter`. `random` gives numbers in [0, 1).
 * @example backOffMs(1, { firstMs: 100, factor: 2, maxMs: 2000, jitter: 0.5 }, () => 0.5) // 200
 */
export function backOffMs(attempt: number, { firstMs, factor, maxMs, jitter }: BackOff, random: () => number): number {
  const middleMs = Math.min(maxMs, firstMs * factor ** attempt)
  return middleMs * (1 + jitter * (2 * random() - 1))
}
