import type { Clock } from '../core/clock.ts'
import { BaseError } from '../core/errors.ts'
import {
  LlmAuthError,
  LlmCircuitOpenError,
  LlmRateLimitError,
  LlmRefusedError,
  LlmUnavailableError,
  ModelNotFoundError,
  ToolsUnsupportedError,
} from '../llm/errors.ts'
import type { ModelEvent, ModelUsage } from '../llm/language-model.ts'
import type { Publish, WorkIds } from '../telemetry/event.ts'
import type { Reservation, WorstCase } from './budget.ts'
import type { Price } from './prices.ts'
import type { UsageRow } from './usage.ts'
import type { UsageBook } from './usage-ledger.ts'

type End = Extract<ModelEvent, { readonly type: 'end' }>

/** One question under way: counts its answer, and settles what was reserved for it once, whatever happens. */
export type MeteredCall = {
  /** The question goes out now. */
  start(): void
  /** @returns false once more has come than there is room for */
  hear(event: Exclude<ModelEvent, End>): boolean
  /** It came to its end, which is given back with what was counted. */
  end(event: End): Promise<End>
  /** It was cut off, since it went on past its room. */
  cut(): Promise<End>
  fail(error: unknown, signal: AbortSignal): Promise<void>
  /** Nobody reads on. Does nothing where it ended before. */
  leave(): Promise<void>
}

export type MeteredCallParts = {
  readonly provider: string
  readonly usage: Pick<UsageBook, 'record' | 'entry'>
  readonly publish: Publish
  readonly ids: WorkIds
  readonly clock: Pick<Clock, 'monotonicMs'>
}

export type Asked = {
  readonly model: string
  readonly price: Price
  readonly worst: WorstCase
  readonly reservation: Reservation
}

/**
 * What an answer may have in bytes: 8 for a token, twice that of English prose, and some for a short one. It cannot be
 * counted in tokens here; a server that keeps to the limit that it was told comes nowhere near.
 */
const maxBytesFor = (tokens: number): number => 8 * tokens + 1_024

type Counted = Pick<UsageRow, 'inputTokens' | 'outputTokens' | 'cachedTokens' | 'nanoUsd'>
const nothing: Counted = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, nanoUsd: 0 }

export function openCall(parts: MeteredCallParts, asked: Asked): MeteredCall {
  const { reserved, outputTokens } = asked.reservation
  const whole = { ...nothing, inputTokens: asked.worst.promptTokens, outputTokens, nanoUsd: reserved.nanoUsd }
  const state = { isAsked: false, isClosed: false, bytes: 0 }
  const { start, dispute, close } = createTeller(parts, asked, state)
  return {
    start() {
      state.isAsked = true
      start()
    },
    hear(event) {
      state.bytes += Math.max(1, bytesOf(event)) // nothing said without end is an end of its own
      return state.bytes <= maxBytesFor(outputTokens)
    },
    async end(event) {
      const counted = count(event.usage, { whole, price: asked.price, hasWords: state.bytes > 0 })
      const isTrue =
        counted !== undefined &&
        counted.inputTokens + counted.outputTokens <= reserved.tokens &&
        counted.nanoUsd <= reserved.nanoUsd
      if (!isTrue) dispute(event.usage)
      const charged = isTrue ? counted : whole
      await close(charged, isTrue ? 'OK' : 'LLM_BAD_RESPONSE', event.reason)
      return { ...event, usage: { ...event.usage, ...toUsage(charged) } }
    },
    async cut() {
      dispute({})
      await close(whole, 'LLM_BAD_RESPONSE', 'length')
      const usage = { loadNs: 0, promptNs: 0, outputNs: 0, ...toUsage(whole) }
      return { type: 'end', reason: 'length', usage, isPromptCut: false }
    },
    fail(error, signal) {
      const isUnspent = !state.isAsked || (state.bytes === 0 && provesNothingSpent(error))
      return close(isUnspent ? nothing : whole, codeOf(error, signal), undefined)
    },
    leave: () => close(whole, 'CANCELLED', undefined),
  }
}

/** Tells of a call by events, and of its cost, once, to the usage and the budgets. */
function createTeller(
  parts: MeteredCallParts,
  { model, reservation }: Asked,
  state: { isClosed: boolean; readonly bytes: number },
) {
  const { provider, publish, ids, clock } = parts
  const { reserved, outputTokens } = reservation
  const startMs = clock.monotonicMs()
  const named = { provider, model: model.slice(0, 200) }
  return {
    start: () =>
      publish('llm.started', { ...named, reservedTokens: reserved.tokens, maxOutputTokens: outputTokens }, ids),
    dispute({ promptTokens, outputTokens: told }: Partial<ModelUsage>): void {
      const reported = { inputTokens: toJsonNumber(promptTokens), outputTokens: toJsonNumber(told) }
      publish('usage.disputed', { ...named, ...reported, bytes: state.bytes, reservedTokens: reserved.tokens }, ids)
    },
    /** `reason` is why the answer ended; undefined where it did not come to an end. */
    async close(counted: Counted, code: string, reason: string | undefined): Promise<void> {
      if (state.isClosed) return
      state.isClosed = true
      const ms = Math.round(clock.monotonicMs() - startMs)
      const cost = { kind: 'llm' as const, estimatedTokens: reserved.tokens, ms, bytes: state.bytes, code }
      await settle(parts, reservation, { ...ids, ...named, ...counted, ...cost })
      if (reason === undefined) publish('llm.failed', { ...named, ...counted, code, ms }, ids)
      else publish('llm.finished', { ...named, ...counted, reason, ms }, ids)
    },
  }
}

/** Where it is settled in the database its row goes into the same transaction. */
async function settle({ usage }: MeteredCallParts, reservation: Reservation, row: Parameters<UsageBook['entry']>[0]) {
  const spent = { tokens: row.inputTokens + row.outputTokens, nanoUsd: row.nanoUsd }
  if (reservation.isLasting) return reservation.settle(spent, usage.entry(row))
  usage.record(row)
  return reservation.settle(spent)
}

type Judged = { readonly whole: Counted; readonly price: Price; readonly hasWords: boolean }

/**
 * What the server reports, priced. A prompt of no tokens, or words without any, are not told: then what was reserved for
 * them counts. Undefined for what is no count.
 */
function count({ promptTokens, outputTokens, cachedTokens = 0 }: ModelUsage, judged: Judged): Counted | undefined {
  if (![promptTokens, outputTokens, cachedTokens].every((told) => Number.isSafeInteger(told) && told >= 0))
    return undefined
  const { whole, price, hasWords } = judged
  const input = promptTokens === 0 ? whole.inputTokens : promptTokens
  const output = outputTokens === 0 && hasWords ? whole.outputTokens : outputTokens
  const cached = Math.min(cachedTokens, promptTokens)
  const nanoUsd = (input - cached) * price.inputNanoUsd + cached * price.cacheReadNanoUsd + output * price.outputNanoUsd
  return { inputTokens: input, outputTokens: output, cachedTokens: cached, nanoUsd }
}

const toUsage = ({ inputTokens, outputTokens, cachedTokens }: Counted) => ({
  promptTokens: inputTokens,
  outputTokens,
  cachedTokens,
})

/**
 * Did the model certainly not run? Nobody was reached, or the server refused the question by its status. A connection
 * that broke proves nothing, nor does a refusal that came as an answer (status 200).
 */
function provesNothingSpent(error: unknown): boolean {
  if (error instanceof LlmUnavailableError) return !error.wasReset
  if (error instanceof LlmRefusedError) return Number(error.details['status']) >= 400
  return neverRun.some((type) => error instanceof type)
}

const neverRun = [LlmCircuitOpenError, LlmRateLimitError, LlmAuthError, ModelNotFoundError, ToolsUnsupportedError]

const codeOf = (error: unknown, signal: AbortSignal): string =>
  error instanceof BaseError ? error.code : signal.aborted ? 'CANCELLED' : 'INTERNAL_ERROR'

function bytesOf(event: Exclude<ModelEvent, End>): number {
  if (event.type !== 'call') return Buffer.byteLength(event.text)
  return Buffer.byteLength(event.call.name) + Buffer.byteLength(JSON.stringify(event.call.arguments))
}

/** JSON knows no NaN. */
const toJsonNumber = (told: number | undefined): number | null => (Number.isFinite(told) ? (told ?? null) : null)
