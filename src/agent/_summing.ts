import type { Clock } from '../core/clock.ts'
import { openDeadline } from '../core/deadline.ts'
import { LlmTimeoutError } from '../llm/errors.ts'
import type { ChatMessage, LanguageModel } from '../llm/language-model.ts'
import { planSummary } from '../session/summarise.ts'
import type { AgentSpec } from './agent-spec.ts'

/** Of a context that nobody tells the size of. */
const defaultContext = 8_192
/** The share of a model's context that a conversation may fill before its beginning is summed up. */
const share = 0.6
/** Of a summary. */
const summaryTokens = 512

/** English text has some four bytes a token; three leaves room for code and other languages. */
const roughTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 3)

const instruction = `Sum up the conversation so far for yourself, in at most 300 words: what was asked for, what was found and done,
names, paths, ids and numbers that matter, what is still to do. Facts only.`

/** Of the question for a summary, and of what the model can do. */
const sumWithinMs = 60_000

export type SummingDeps = {
  readonly model: LanguageModel
  readonly spec: AgentSpec
  readonly clock: Clock
  /** Fires when the task is to end. */
  readonly stop: AbortSignal
}

/**
 * Before each question: a conversation that has grown past its bound is asked to be summed up, by the same model and out
 * of the same budget, and its beginning gives way to the summary. Where the model says nothing, it stays as it is.
 */
export function createSumming({ model, spec, clock, stop }: SummingDeps) {
  let maxTokens = spec.transcript.max_tokens
  const shorten = async (messages: readonly ChatMessage[], signal: AbortSignal): Promise<readonly ChatMessage[]> => {
    if (maxTokens === undefined) {
      const { contextLength } = await model
        .capabilities(spec.model, { signal })
        .catch(() => ({ contextLength: undefined }))
      maxTokens = Math.floor((contextLength ?? defaultContext) * share)
    }
    const plan = planSummary(messages, { maxTokens, tokensOf: (message) => roughTokens(JSON.stringify(message)) })
    if (plan === undefined) return messages
    let summary = ''
    const asked = [...plan.toSum, { role: 'user', content: instruction } as const]
    const request = { model: spec.model, messages: asked, tools: [], rest: { options: { num_predict: summaryTokens } } }
    for await (const event of model.chat(request, { signal })) if (event.type === 'text') summary += event.text
    return summary.trim() === '' ? messages : plan.withSummary(summary)
  }
  return async (messages: readonly ChatMessage[]): Promise<readonly ChatMessage[]> => {
    const deadline = openDeadline(clock, clock.monotonicMs() + sumWithinMs)
    try {
      return await shorten(messages, AbortSignal.any([stop, deadline.signal]))
    } catch (error) {
      // What the model throws then is the signal's own word, which nobody would understand.
      throw deadline.signal.aborted ? new LlmTimeoutError(sumWithinMs) : error
    } finally {
      deadline.close()
    }
  }
}
