import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import type { Sample } from './processes/_sample.ts'
import { slope } from './statistics.ts'

/** What a process holds does not grow with what it has done: by the slope, and by the most of the second half. */
export function steadyFigures(
  { bench, one, warm, bound }: { bench: string; one: string; warm: number; bound: number },
  samples: readonly Sample[],
): readonly Figure[] {
  const [first] = samples
  if (first === undefined) throw new Error('Nothing was measured.')
  const later = samples.slice(samples.length >> 1)
  const most = (what: 'resident' | 'descriptors') => Math.max(...later.map((each) => each[what]))
  const since = `after ${warm}`
  return [
    figure(
      {
        bench,
        what: `memory held ${one}, by its slope over ${samples.at(-1)?.done} ${since}, B`,
        bound: atMost(bound),
      },
      { what: one, value: slope(samples.map((each) => [each.done, each.held])), unit: 'B' },
      { what: 'a B', value: 1, unit: 'B' },
    ),
    figure(
      { bench, what: `resident memory, most in the second half / ${since}`, bound: atMost(1.1) },
      { what: 'most', value: most('resident') / 2 ** 20, unit: 'MiB' },
      { what: 'at first', value: first.resident / 2 ** 20, unit: 'MiB' },
    ),
    figure(
      { bench, what: `open descriptors, most in the second half / ${since}`, bound: atMost(1) },
      { what: 'most', value: most('descriptors'), unit: '' },
      { what: 'at first', value: first.descriptors, unit: '' },
    ),
  ]
}
