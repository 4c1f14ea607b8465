import type { Breaker, Leave } from '../core/breaker.ts'
import { createBreaker } from '../core/breaker.ts'
import type { Clock } from '../core/clock.ts'
import { LlmCircuitOpenError, LlmTimeoutError, LlmUnavailableError } from './errors.ts'
import type { Forward, LanguageModel, ModelEvent, ModelRequest } from './language-model.ts'

export type BreakingModelOptions = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Told when the breaker opens or closes. Returns at once, never throws. */
  readonly onChange?: (state: 'open' | 'closed') => void
}

/** A model server behind a breaker. */
export type BrokenModel = {
  readonly model: LanguageModel
  readonly breaker: Breaker
  /** Another way to the same server, behind the same breaker. */
  guard(forward: Forward): Forward
}

type Guard = {
  readonly model: LanguageModel
  readonly breaker: Breaker
}

/**
 * The same model server with one breaker before all that is asked of it. While it is open, questions fail with
 * LlmCircuitOpenError at once. Only silence and unreachability count: whatever it answers, a refusal too, proves life. A
 * question may take minutes while a model is loaded, so the probe is a ping; and a ping is always asked, since it is how
 * the state of the server is told.
 */
export function breakModel(model: LanguageModel, options: BreakingModelOptions): BrokenModel {
  const breaker = createBreaker(options)
  const guard: Guard = { model, breaker }
  return {
    breaker,
    model: {
      ...model,
      chat: (request, { signal }) => chat(guard, request, signal),
      async capabilities(name, { signal }) {
        const leave = await enter(guard, signal)
        // What it is remembered for was not asked now, and proves nothing.
        return judged(leave, signal, () => model.capabilities(name, { signal }), leave.cancel)
      },
      ping: ({ signal }) => ping(guard, breaker.enter(), signal),
    },
    guard: (forward) => async (asked) => {
      const { signal } = asked
      return judged(await enter(guard, signal), signal, () => forward(asked))
    },
  }
}

/** Leave to ask, after a ping where the breaker wants to see whether the server lives. @throws LlmCircuitOpenError */
async function enter(guard: Guard, signal: AbortSignal): Promise<Leave> {
  const first = guard.breaker.enter()
  if (first?.isProbe) await ping(guard, first, signal)
  const leave = first?.isProbe ? guard.breaker.enter() : first
  if (leave === undefined) throw new LlmCircuitOpenError(Math.ceil(guard.breaker.retryAfterMs() / 1_000))
  return leave
}

const ping = ({ model }: Guard, leave: Leave | undefined, signal: AbortSignal): Promise<void> =>
  judged(leave, signal, () => model.ping({ signal }))

async function* chat(guard: Guard, request: ModelRequest, signal: AbortSignal): AsyncGenerator<ModelEvent> {
  const leave = await enter(guard, signal)
  let isAlive = false
  try {
    for await (const event of guard.model.chat(request, { signal })) {
      isAlive = true
      yield event
    }
    leave.succeed()
  } catch (error) {
    if (!signal.aborted) sayWhatShows(leave, error)
    throw error
  } finally {
    // Only the first word counts: this is for those who stopped it, or have read enough.
    if (isAlive) leave.succeed()
    else leave.cancel()
  }
}

/** Asks, and tells the breaker how it went. */
async function judged<T>(
  leave: Leave | undefined,
  signal: AbortSignal,
  ask: () => Promise<T>,
  succeed = leave?.succeed,
): Promise<T> {
  try {
    const answer = await ask()
    succeed?.()
    return answer
  } catch (error) {
    if (signal.aborted) leave?.cancel()
    else if (leave !== undefined) sayWhatShows(leave, error)
    throw error
  }
}

function sayWhatShows(leave: Leave, error: unknown): void {
  if (error instanceof LlmUnavailableError || error instanceof LlmTimeoutError) leave.fail()
  else leave.succeed()
}
