/** One line of a metric. `suffix` follows the metric's name. */
export type Sample = {
  readonly suffix?: '_bucket' | '_sum' | '_count'
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
}

/** A metric with all its lines, as they stand when they are asked for. */
export type Family = {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  samples(): readonly Sample[] | Promise<readonly Sample[]>
}

type Naming = Pick<Family, 'name' | 'help'>
type Labelled = Naming & { readonly labels: readonly string[] }

/** A family whose children are made once, one for each choice of labels, and cost a few additions from then on. */
export type Children<Child> = { readonly family: Family; child(...values: readonly string[]): Child }

/** Counts that only grow: by one, or by so many. They are shown divided by `per`: whole numbers add up exactly. */
export function createCounters({
  labels: names,
  per = 1,
  ...naming
}: Labelled & { readonly per?: number }): Children<(by?: number) => void> {
  const children: { readonly labels: Sample['labels']; value: number }[] = []
  const samples = () => children.map(({ labels, value }) => ({ labels, value: value / per }))
  return {
    family: { ...naming, type: 'counter', samples },
    child(...values) {
      const counted = { labels: labelsOf(names, values), value: 0 }
      children.push(counted)
      return (by = 1) => {
        counted.value += by
      }
    },
  }
}

type Distribution = {
  readonly labels: Sample['labels']
  /** How many values each bucket holds that the one before does not; one more at the end for those above all bounds. */
  readonly counts: number[]
  sum: number
}

/** Distributions over buckets; `bounds` are their upper ends, growing, each belonging to its bucket. */
export function createHistograms({
  labels: names,
  bounds,
  ...naming
}: Labelled & { readonly bounds: readonly number[] }): Children<(value: number) => void> {
  const children: Distribution[] = []
  const samples = () => children.flatMap((distribution) => samplesOf(distribution, bounds))
  return {
    family: { ...naming, type: 'histogram', samples },
    child(...values) {
      const counts = new Array<number>(bounds.length + 1).fill(0)
      const seen: Distribution = { labels: labelsOf(names, values), counts, sum: 0 }
      children.push(seen)
      return (value) => {
        let at = 0
        while (at < bounds.length && value > (bounds[at] ?? 0)) at += 1
        counts[at] = (counts[at] ?? 0) + 1
        seen.sum += value
      }
    },
  }
}

/** Each bucket holds those below it too, and the last one, +Inf, all. @see Prometheus exposition formats, histograms */
function samplesOf({ labels, counts, sum }: Distribution, bounds: readonly number[]): Sample[] {
  let count = 0
  const buckets = counts.map((more, at): Sample => {
    count += more
    return { suffix: '_bucket', labels: { ...labels, le: bounds[at] ?? '+Inf' }, value: count }
  })
  return [...buckets, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }]
}

/** A number that goes up and down. */
export function createGauge(naming: Naming): { readonly family: Family; set(value: number): void } {
  let current = 0
  return {
    family: { ...naming, type: 'gauge', samples: () => [{ labels: {}, value: current }] },
    set(value) {
      current = value
    },
  }
}

/** Numbers told apart by one label, each asked for at each scrape. One that is watched again replaces the first. */
export function createStateGauge({ label, ...naming }: Naming & { readonly label: string }): {
  readonly family: Family
  watch(value: string, read: () => number): void
} {
  const reads = new Map<string, () => number>() // the caller's values are few and fixed
  const samples = () => [...reads].map(([value, read]) => ({ labels: { [label]: value }, value: read() }))
  return { family: { ...naming, type: 'gauge', samples }, watch: (value, read) => void reads.set(value, read) }
}

const readTimeoutMs = 1_000

/** A number that is asked for at each scrape; left out when asking fails or takes longer than a second. */
export const createReadGauge = (naming: Naming, read: (signal: AbortSignal) => Promise<number>): Family => ({
  ...naming,
  type: 'gauge',
  samples: () =>
    read(AbortSignal.timeout(readTimeoutMs)).then(
      (value) => [{ labels: {}, value }],
      () => [], // no number is better than an old one
    ),
})

const labelsOf = (names: readonly string[], values: readonly string[]): Sample['labels'] =>
  Object.fromEntries(names.map((name, at) => [name, values[at] ?? '']))
