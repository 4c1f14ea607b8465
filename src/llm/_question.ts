import type { JsonValue } from '../core/json.ts'
import { LlmStreamCutError } from './errors.ts'
import { createHoldBack } from './hold-back.ts'
import type { LanguageModel, ModelEvent, ModelRequest, ModelUsage, ToolCall } from './language-model.ts'
import type { FoundCalls, RepairKind } from './text-calls.ts'
import { findTextCalls } from './text-calls.ts'
import type { TurnEvent } from './turn.ts'

/** What a model says aloud. */
export type Spoken = Extract<ModelEvent, { type: 'text' | 'thinking' }>

/** A whole answer, read to its end: only now may anything be done about it. */
export type Answer = {
  readonly content: string
  readonly calls: readonly ToolCall[]
  readonly repairs: readonly RepairKind[]
  /** It began a call that cannot be read. */
  readonly broken: FoundCalls['broken']
  readonly reason: string
  readonly usage: ModelUsage
  readonly isPromptCut: boolean
  /** For the message that it becomes. */
  readonly carry?: JsonValue
}

type Question = {
  readonly model: LanguageModel
  readonly request: ModelRequest
  /** Names of the tools that may be called in text; none: text is text. */
  readonly toolNames: readonly string[]
  readonly newCallId: () => string
  /** Told of each call as soon as it is complete; the event that it gives comes out at once. */
  readonly onCall: (call: ToolCall) => TurnEvent | undefined
  readonly signal: AbortSignal
}

/**
 * Asks once. Text comes out as it comes in, unless it begins like a call. Calls are looked for in the answer alone: never
 * in its thinking.
 * @throws errors of errors.ts; what was spoken until then was
 */
export async function* ask(question: Question): AsyncGenerator<TurnEvent, Answer> {
  const { model, request, toolNames, newCallId, onCall, signal } = question
  const hold = toolNames.length > 0 ? createHoldBack<Spoken>({ toolNames }) : undefined
  const calls: ToolCall[] = []
  let content = ''
  let end: Extract<ModelEvent, { type: 'end' }> | undefined
  for await (const event of model.chat(request, { signal })) {
    if (event.type === 'thinking') yield event
    else if (event.type === 'call') {
      calls.push(event.call)
      const begun = onCall(event.call)
      if (begun !== undefined) yield begun
    } else if (event.type === 'end') end = event
    else {
      content += event.text
      if (hold === undefined) yield event
      else yield* hold.take(event)
    }
  }
  if (end === undefined) throw new LlmStreamCutError()
  const { reason, usage, isPromptCut, carry } = end
  const whole = { reason, usage, isPromptCut, ...(carry === undefined ? {} : { carry }) }
  const held = hold?.held() ?? []
  const found = hold !== undefined && calls.length === 0 ? findTextCalls(content, toolNames) : undefined
  if (found === undefined || (found.calls.length === 0 && found.broken === undefined)) {
    yield* held
    return { content, calls, repairs: [], broken: undefined, ...whole }
  }
  if (held.length > 0 && found.rest.trim() !== '') yield { type: 'text', text: found.rest }
  const written = found.calls.map((call) => ({ ...call, id: newCallId() }))
  return { content: found.rest, calls: written, repairs: found.repairs, broken: found.broken, ...whole }
}
