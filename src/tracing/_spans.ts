import { AsyncLocalStorage } from 'node:async_hooks'
import type { Attributes, Span } from '@opentelemetry/api'
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import type { IdGenerator, SpanProcessor, TracerProviderOptions } from '@opentelemetry/sdk-trace'
import { RandomIdGenerator, TracerProvider } from '@opentelemetry/sdk-trace'
import { BaseError } from '../core/errors.ts'
import { isTraceId, toTraceId } from './_trace-id.ts'

/** What a step is when it begins. `isClient`: it asks somebody outside of this service. */
export type StepStart = { readonly name: string; readonly isClient?: boolean; readonly attributes?: Attributes }

/** One step of a call, under way. No attribute may hold what a person or a model wrote, or a secret. */
export type Step = {
  /** Runs work inside the step: the steps that it begins, now or later, are parts of this one. */
  run<R>(work: () => R): R
  rename(name: string): void
  set(attributes: Attributes): void
  /** Marks the step as not succeeded. The reason is a word from a fixed set: mostly an error code. */
  fail(reason: string): void
  /** Once; whatever comes after it is ignored. */
  end(): void
}

/** Steps become spans; the one that runs is known by where it was begun, so that nobody has to hand it on. */
export type Spans = {
  /** A step of the call with this id: part of the one that runs, if that is of the same call, else the call's first. */
  begin(traceId: string, start: StepStart): Step
  /** A part of the step that runs; undefined outside of any: nobody asked for it. */
  beginPart(start: StepStart): Step | undefined
}

type Current = { readonly traceId: string; readonly span: Span }

/** A model's name is a caller's own word; the rest is ours and shorter. */
const spanLimits = { attributeValueLengthLimit: 256 }

/** Gives every span to the processor. Nothing global is registered: two services in one process do not meet. */
export function createSpans(processor: SpanProcessor): Spans {
  const running = new AsyncLocalStorage<Current>()
  const ids = createIds()
  const { generator: idGenerator } = ids
  const provider = new TracerProvider({ resource, idGenerator, spanLimits, spanProcessors: [processor] })
  const tracer = provider.getTracer('otto')

  const open = (traceId: string, parent: Span | undefined, { name, isClient = false, attributes = {} }: StepStart) => {
    const context = parent === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, parent)
    const kind = isClient ? SpanKind.CLIENT : SpanKind.INTERNAL
    const span = ids.within(traceId, () => tracer.startSpan(name, { kind, attributes }, context))
    return toStep(span, (work) => running.run({ traceId, span }, work))
  }

  return {
    begin(traceId, start) {
      const current = running.getStore()
      const parent = current?.traceId === traceId ? current.span : undefined
      const told = isTraceId(traceId) ? {} : { 'otto.trace_id': traceId }
      return open(traceId, parent, { ...start, attributes: { ...start.attributes, ...told } })
    },
    beginPart(start) {
      const current = running.getStore()
      return current && open(current.traceId, current.span, start)
    },
  }
}

const toStep = (span: Span, run: Step['run']): Step => ({
  run,
  rename: (name) => void span.updateName(name),
  set: (attributes) => void span.setAttributes(attributes),
  fail(reason) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: reason })
    span.setAttribute('error.type', reason)
  },
  end() {
    if (span.isRecording()) span.end()
  },
})

/** The error's code; of one that is not ours, the code that callers see. */
export const codeOf = (error: unknown): string => (error instanceof BaseError ? error.code : 'INTERNAL_ERROR')

/** A first span takes its trace id from the generator and tells it nothing: so it is told around the call. */
function createIds() {
  const random = new RandomIdGenerator()
  let call: string | undefined
  const generator: IdGenerator = {
    generateSpanId: () => random.generateSpanId(),
    generateTraceId: () => (call === undefined ? random.generateTraceId() : toTraceId(call)),
  }
  return {
    generator,
    within<R>(traceId: string, start: () => R): R {
      call = traceId
      try {
        return start()
      } finally {
        call = undefined
      }
    },
  }
}

type Resource = NonNullable<TracerProviderOptions['resource']>

/** Who tells. Written out: nothing of it is found out later, which is all that the library's own makers add. */
const resource: Resource = {
  attributes: { 'service.name': 'otto' },
  asyncAttributesPending: false,
  getRawAttributes: () => [['service.name', 'otto']],
  merge: (other) => other ?? resource,
}
