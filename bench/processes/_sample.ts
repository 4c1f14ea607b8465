import { readdirSync } from 'node:fs'

/** After so many since the warm-up: what is held, with the garbage collected, and what the system gave. Bytes. */
export type Sample = {
  readonly done: number
  readonly held: number
  readonly resident: number
  readonly descriptors: number
}

/** Needs `--expose-gc`. Tells it on standard error too, so that a long run can be watched. */
export function takeSample(bench: string, done: number): Sample {
  for (let times = 0; times < 4; times++) global.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  const taken = { done, held: heapUsed + external, resident: rss, descriptors: readdirSync('/proc/self/fd').length }
  const [held, resident] = [taken.held, taken.resident].map((bytes) => (bytes / 2 ** 20).toFixed(1))
  console.error(`${bench}: ${done}, ${held} MiB held, ${resident} resident, ${taken.descriptors} descriptors`)
  return taken
}
