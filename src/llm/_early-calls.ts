import type { JsonObject } from '../core/json.ts'
import type { createRepeatGuard } from './_repeats.ts'
import { callKey } from './_repeats.ts'
import type { ToolCall } from './language-model.ts'
import { readCall } from './read-call.ts'
import type { ToolAnswer, TurnEvent, TurnRequest } from './turn.ts'

/** A call that began before its turn had come. */
export type EarlyCall = { readonly startMs: number; readonly answer: Promise<ToolAnswer> }

/** Calls of one answer that begin early. */
export type EarlyCalls = {
  /** Begins it if it may begin now: then the event that says so. A call is begun once. */
  begin(call: ToolCall): TurnEvent | undefined
  /** What began for this call. */
  take(call: ToolCall): EarlyCall | undefined
}

type EarlyDeps = {
  readonly request: Pick<TurnRequest, 'bench' | 'isEager'>
  /** Of the caller's own tools. */
  readonly callersNames: ReadonlySet<string>
  readonly guard: Pick<ReturnType<typeof createRepeatGuard>, 'before'>
  readonly monotonicMs: () => number
  /** Nothing begins once it has fired. */
  readonly signal: AbortSignal
  /** Told of what has begun, to see it to its end. */
  readonly follow: (answer: Promise<unknown>) => void
}

/** Side by side; what is above it waits for its turn. */
const maxEarly = 8

/** For one answer: a write in it, readable or not, keeps back what stands behind it. */
export function createEarlyCalls({ request, callersNames, guard, monotonicMs, signal, follow }: EarlyDeps): EarlyCalls {
  const { bench, isEager } = request
  const begun = new Map<ToolCall, EarlyCall>()
  let hasWrite = false

  const mayBegin = (name: string, args: JsonObject): boolean =>
    begun.size < maxEarly && !signal.aborted && guard.before(callKey(name, args)) === 'run'

  return {
    begin(call) {
      if (!isEager || hasWrite || begun.has(call) || callersNames.has(call.name)) return undefined
      const read = readCall(call, bench.tools)
      hasWrite = bench.isWrite(read.name)
      if (hasWrite || !read.ok || !mayBegin(read.name, read.args)) return undefined
      const answer = bench.call(read.name, read.args)
      begun.set(call, { startMs: monotonicMs(), answer })
      follow(answer)
      return { type: 'call', call: { id: call.id, name: read.name, arguments: read.args } }
    },
    take: (call) => begun.get(call),
  }
}

/** Nothing of an answer is begun early. */
export const noEarlyCalls: EarlyCalls = { begin: () => undefined, take: () => undefined }
