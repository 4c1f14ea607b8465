import type { Clock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { LlmStreamCutError } from '../llm/errors.ts'
import type { LanguageModel, ModelEvent, ModelRequest } from '../llm/language-model.ts'
import { KillSwitchError } from '../policy/errors.ts'
import type { KillGuard } from '../policy/kill-switch.ts'
import type { Publish, WorkIds } from '../telemetry/event.ts'
import type { MeteredCall } from './_metered-call.ts'
import { openCall } from './_metered-call.ts'
import type { Budgets, ScopePath } from './budget.ts'
import { worstCaseOf } from './estimate.ts'
import type { Prices } from './prices.ts'
import type { UsageBook } from './usage-ledger.ts'

export type LimitModelDeps = {
  readonly budgets: Pick<Budgets, 'reserve'>
  readonly prices: Prices
  readonly provider: string
  /** Asked before each question: the day may have changed. */
  readonly path: () => ScopePath
  /** Told of each question once: by `entry` where it is settled in the database, else by `record`. */
  readonly usage: Pick<UsageBook, 'record' | 'entry'>
  readonly publish: Publish
  readonly kill: KillGuard
  readonly ids: WorkIds
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  /** Of one answer. A request may want fewer (`options.num_predict`), not more. */
  readonly maxOutputTokens: number
}

/**
 * The same model inside a budget. Before a question its worst case is reserved on every scope, and the answer may be as
 * long as there was room; an answer that goes on past that is cut off, and looks like one that ended for its length.
 * Besides what the model throws, `chat` throws KillSwitchError, PriceUnknownError, BudgetExceededError and
 * StorageUnavailableError before anything is asked.
 */
export const limitModel = (model: LanguageModel, deps: LimitModelDeps): LanguageModel => ({
  ...model,
  chat: (request, { signal }) => chat({ ...deps, model }, request, signal),
})

type Parts = LimitModelDeps & { readonly model: LanguageModel }

async function* chat(parts: Parts, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const { budgets, prices, provider, path, ids, clock, maxOutputTokens } = parts
  assertOn(parts, signal)
  const price = prices.priceOf(provider, request.model, clock.nowMs())
  const worst = worstCaseOf(request, price, maxOutputTokens)
  const reservation = await budgets.reserve(path(), worst, ids)
  const call = openCall(parts, { model: request.model, price, worst, reservation })
  try {
    assertOn(parts, signal) // the reservation may have taken its time
    call.start()
    yield* pass(parts, call, { request: withLimit(request, reservation.outputTokens), signal })
  } catch (error) {
    await call.fail(error, signal)
    throw error
  } finally {
    await call.leave()
  }
}

/** The events of the answer, as far as there is room. Its end is told once it is settled. */
async function* pass(
  { model }: Parts,
  call: MeteredCall,
  { request, signal }: { readonly request: ModelRequest; readonly signal: AbortSignal },
): AsyncGenerator<ModelEvent> {
  const cut = new AbortController()
  for await (const event of model.chat(request, { signal: AbortSignal.any([signal, cut.signal]) })) {
    if (event.type === 'end') {
      yield await call.end(event)
      return
    }
    if (!call.hear(event)) {
      cut.abort(new LlmStreamCutError('The answer was longer than it may be.'))
      yield await call.cut()
      return
    }
    yield event
  }
  throw new LlmStreamCutError()
}

/** @throws KillSwitchError, or the signal's reason */
function assertOn({ kill }: Parts, signal: AbortSignal): void {
  if (kill.isOn()) throw new KillSwitchError()
  signal.throwIfAborted()
}

function withLimit(request: ModelRequest, outputTokens: number): ModelRequest {
  const given = member(request.rest, 'options')
  const options: JsonObject = { ...(isJsonObject(given) ? given : {}), num_predict: outputTokens }
  return { ...request, rest: { ...request.rest, options } }
}
