import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace'
import type { Clock } from '../core/clock.ts'
import type { NoteLoss } from './_losses.ts'

/** How much waits, how much goes out at once, and how long each thing may take. */
export type ExportLimits = {
  readonly queue: number
  readonly batch: number
  /** How long a span waits for others. */
  readonly delayMs: number
  readonly exportTimeoutMs: number
  readonly closeMs: number
}

/** The library's own defaults, but for the time-outs: nothing here is worth a wait of half a minute. */
export const exportLimits: ExportLimits = {
  queue: 2_048,
  batch: 512,
  delayMs: 5_000,
  exportTimeoutMs: 5_000,
  closeMs: 5_000,
}

export type SpanExportDeps = {
  /** Where a collector takes traces: `…/v1/traces`. */
  readonly url: string
  readonly clock: Pick<Clock, 'sleep'>
  readonly limits: ExportLimits
  readonly noteLoss: NoteLoss
}

/** Takes spans at once, and sends them later, in batches. */
export type SpanExport = {
  readonly processor: SpanProcessor
  /** Sends what waits, within `closeMs`. Never throws. */
  close(): Promise<void>
}

/** Batches over HTTP; what does not fit into the queue or cannot be sent is lost, and noted. */
export function createSpanExport({ url, clock, limits, noteLoss }: SpanExportDeps): SpanExport {
  const otlp = new OTLPTraceExporter({ url, timeoutMillis: limits.exportTimeoutMs, concurrencyLimit: maxExports })
  let waiting = 0 // as many as the batcher holds
  const exporter: SpanExporter = {
    export(spans, done) {
      waiting -= spans.length
      otlp.export(spans, (result) => {
        if (result.code !== exported) noteLoss(spans.length, reasonOf(result.error))
        done(result)
      })
    },
    shutdown: () => otlp.shutdown(),
  }
  const batcher = new BatchSpanProcessor({
    exporter,
    maxQueueSize: limits.queue,
    maxExportBatchSize: limits.batch,
    scheduledDelayMillis: limits.delayMs,
    exportTimeoutMillis: limits.exportTimeoutMs,
  })
  return {
    processor: {
      onStart: (span, context) => batcher.onStart(span, context),
      onEnd(span) {
        // The batcher has the same bound, but tells only a log for the whole process when it drops.
        if (waiting >= limits.queue) return noteLoss(1, 'the queue is full')
        waiting += 1
        batcher.onEnd(span)
      },
      forceFlush: () => batcher.forceFlush(),
      shutdown: () => batcher.shutdown(),
    },
    close: () => closeWithin(batcher, limits.closeMs, clock),
  }
}

/** Batches on their way at the same time; at the end the whole queue goes out in four, beside the one under way. */
const maxExports = 8

/** `ExportResultCode.SUCCESS` of the library's core. */
const exported = 0

/** A system's code, or the fact in the library's words; never a collector's answer. */
function reasonOf(error: Error | undefined): string {
  if (error === undefined) return 'unknown'
  const code = 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : error.message.slice(0, 200)
}

const flushed = new Error('Everything was sent.')

async function closeWithin(batcher: SpanProcessor, closeMs: number, clock: Pick<Clock, 'sleep'>): Promise<void> {
  const done = new AbortController()
  const late = clock.sleep(closeMs, done.signal).catch(() => undefined)
  // A flush that fails has been noted as a loss.
  await Promise.race([batcher.shutdown().catch(() => undefined), late])
  done.abort(flushed)
}
