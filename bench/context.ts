import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, atMost, figure } from './figure.ts'

/** What `read-contexts` tells: a second, and nanoseconds of a put that evicts. */
type ReadContexts = Readonly<Record<'store' | 'map' | 'few' | 'evictMany' | 'evictFew', number>>

/** A read of working memory, with its order of use, beside a Map of the same keys; and with a hundred times the entries. */
export async function measureContext(): Promise<readonly Figure[]> {
  const { store, map, few, evictMany, evictFew } = await runProgram<ReadContexts>('read-contexts')
  return [
    figure(
      { bench: 'context', what: 'reads of working memory / of a Map, 100,000 entries', bound: atLeast(0.1) },
      { what: 'store', value: store, unit: '/s' },
      { what: 'Map', value: map, unit: '/s' },
    ),
    figure(
      { bench: 'context', what: 'reads at 100,000 entries / at 1,000', bound: atLeast(0.1) },
      { what: 'many', value: store, unit: '/s' },
      { what: 'few', value: few, unit: '/s' },
    ),
    figure(
      { bench: 'context', what: 'reads a second / 1,000,000', bound: atLeast(1) },
      { what: 'store', value: store, unit: '/s' },
      { what: 'bound', value: 1_000_000, unit: '/s' },
    ),
    figure(
      {
        bench: 'context',
        what: 'a put that puts another out, at 100,000 entries / at 1,000',
        bound: atMost(4), // what memory further away costs; a walk over the entries would be 100
      },
      { what: 'many', value: evictMany, unit: 'ns' },
      { what: 'few', value: evictFew, unit: 'ns' },
    ),
  ]
}
