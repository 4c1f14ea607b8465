import type { Sample } from './parse.ts'
import { toNumber } from './parse.ts'

/** What was counted up to a moment: `seconds` of any clock that only goes forward. */
export type Scrape = { readonly seconds: number; readonly samples: readonly Sample[] }

type Wanted = (labels: Sample['labels']) => boolean
const all: Wanted = () => true

/** How many values lie at or below each bound, growing; the last bound is infinite. */
export type Buckets = readonly { readonly bound: number; readonly count: number }[]

/**
 * The values of a histogram between two scrapes, its children added up. A count that fell began anew: the process is
 * another one. @see Prometheus, `increase` and counter resets
 */
export function bucketsBetween(before: Scrape, after: Scrape, name: string, wanted: Wanted = all): Buckets {
  const grown = growth(before, after, `${name}_bucket`, wanted)
  const counts = new Map<number, number>()
  for (const { labels, value } of grown) {
    const bound = toNumber(labels['le'] ?? '')
    if (!Number.isNaN(bound)) counts.set(bound, (counts.get(bound) ?? 0) + value)
  }
  return [...counts].map(([bound, count]) => ({ bound, count })).sort((one, other) => one.bound - other.bound)
}

/** How often something happened between two scrapes. */
export const countBetween = (before: Scrape, after: Scrape, name: string, wanted: Wanted = all): number =>
  growth(before, after, name, wanted).reduce((sum, { value }) => sum + value, 0)

/** The same for each second; undefined while no time has passed. */
export function rateBetween(before: Scrape, after: Scrape, name: string, wanted: Wanted = all): number | undefined {
  const seconds = after.seconds - before.seconds
  return seconds > 0 ? countBetween(before, after, name, wanted) / seconds : undefined
}

/** How many values there are in all. */
export const countOf = (buckets: Buckets): number => buckets.at(-1)?.count ?? 0

/**
 * The value that the share `q` of all values does not exceed, straight between the bounds of its bucket; undefined without
 * values. Above the last finite bound nobody knows more than that bound. @see Prometheus, `histogram_quantile`
 */
export function quantile(buckets: Buckets, q: number): number | undefined {
  const rank = q * countOf(buckets)
  if (rank <= 0) return undefined
  const at = buckets.findIndex(({ count }) => count >= rank)
  const bucket = buckets[at]
  if (bucket === undefined) return undefined
  const { bound: low, count: below } = buckets[at - 1] ?? { bound: 0, count: 0 }
  if (bucket.bound === Number.POSITIVE_INFINITY) return low
  return low + (bucket.bound - low) * ((rank - below) / (bucket.count - below))
}

/** By how much each child grew. */
function growth(before: Scrape, after: Scrape, name: string, wanted: Wanted): readonly Sample[] {
  const known = new Map(
    before.samples.filter((sample) => sample.name === name).map(({ labels, value }) => [keyOf(labels), value]),
  )
  return after.samples
    .filter((sample) => sample.name === name && wanted(sample.labels))
    .map((sample) => {
      const was = known.get(keyOf(sample.labels)) ?? 0
      return { ...sample, value: sample.value < was ? sample.value : sample.value - was }
    })
}

const keyOf = (labels: Sample['labels']): string =>
  JSON.stringify(Object.entries(labels).sort(([one], [other]) => (one < other ? -1 : 1)))
