import type { Metric } from 'prom-client'
import type { Family } from './_families.ts'

/** A scrape's answer. */
export type Exposition = { readonly contentType: string; readonly text: string }

/**
 * The families, and what prom-client tells about the process, as text. The library is loaded by the first scrape and
 * watches the process from then on: a start that nobody scrapes does not pay for it.
 * @see Prometheus text exposition format 0.0.4
 */
export function createExposition(families: () => readonly Family[]): () => Promise<Exposition> {
  let library: Promise<typeof import('prom-client')> | undefined
  let processMetrics: InstanceType<typeof import('prom-client').Registry> | undefined

  return async () => {
    library ??= import('prom-client')
    const { Registry, collectDefaultMetrics } = await library
    if (processMetrics === undefined) {
      processMetrics = new Registry()
      // CPU, memory, handles, garbage collection, the delay of the event loop.
      collectDefaultMetrics({ register: processMetrics })
    }
    const registry = new Registry()
    for (const family of families()) registry.registerMetric(toMetric(family))
    const texts = await Promise.all([registry.metrics(), processMetrics.metrics()])
    return { contentType: registry.contentType, text: texts.join('\n') }
  }
}

/** A registry asks a metric for nothing but its name and this; the library's own classes would count slower. */
function toMetric(family: Family): Metric {
  const { name, help, type } = family
  const metric = {
    name,
    async get() {
      const samples = await family.samples()
      const values = samples.map(({ suffix = '', labels, value }) => ({ metricName: name + suffix, labels, value }))
      return { name, help, type, values, aggregator: 'sum' }
    },
  }
  return metric as unknown as Metric
}
