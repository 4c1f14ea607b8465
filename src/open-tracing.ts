import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Metrics } from './metrics/metrics.ts'
import { systemClock } from './system.ts'
import type { Tracing } from './tracing/tracing.ts'

/** Spans are made only where somebody wants them: elsewhere nothing of their library is loaded, and nothing is wrapped. */
export async function openTracing({ otlpUrl: url }: Config, log: Logger): Promise<Tracing | undefined> {
  if (url === undefined) return undefined
  const { createTracing } = await import('./tracing/tracing.ts')
  return createTracing({ url, clock: systemClock, log: log.child({ part: 'tracing' }) })
}

/** What is counted is traced as well, where anything is. */
export const withSpans = (metrics: Metrics, tracing: Tracing | undefined): Metrics =>
  tracing === undefined
    ? metrics
    : {
        ...metrics,
        watchTools: (catalog) => tracing.watchTools(metrics.watchTools(catalog)),
        watchSigner: (signer) => tracing.watchSigner(metrics.watchSigner(signer)),
        watchChain: (chain) => tracing.watchChain(metrics.watchChain(chain)),
        watchTransport: (transport) => tracing.watchTransport(metrics.watchTransport(transport)),
      }
