import type { Attributes } from '@opentelemetry/api'
import { SpanStatusCode } from '@opentelemetry/api'
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace'
import { createSpans } from '../../src/tracing/_spans.ts'

/** A span as tests look at it. `parent` is the parent's name. */
export type Told = {
  readonly name: string
  readonly parent: string | undefined
  readonly traceId: string
  /** Of a step that did not succeed. */
  readonly failure: string | undefined
  readonly attributes: Attributes
}

/** Steps that end in an array, in the order of their ends. */
export function recordSpans() {
  const ended: ReadableSpan[] = []
  const processor: SpanProcessor = {
    onStart: () => {},
    onEnd: (span) => void ended.push(span),
    forceFlush: async () => {},
    shutdown: async () => {},
  }
  const nameOf = (spanId: string | undefined) =>
    spanId === undefined ? undefined : (ended.find((span) => span.spanContext().spanId === spanId)?.name ?? 'not ended')
  const told = (): Told[] =>
    ended.map((span) => ({
      name: span.name,
      parent: nameOf(span.parentSpanContext?.spanId),
      traceId: span.spanContext().traceId,
      failure: span.status.code === SpanStatusCode.ERROR ? span.status.message : undefined,
      attributes: span.attributes,
    }))
  return { spans: createSpans(processor), told, tree: () => told().map(({ name, parent }) => [name, parent]) }
}
