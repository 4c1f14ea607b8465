import type { Clock } from '../core/clock.ts'
import { orAborted } from '../core/deadline.ts'
import type { JsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { KeyStore } from '../intent/intent.ts'
import { OutcomeUnknownError } from '../tictactoe/errors.ts'
import { RequestKeyReusedError } from './errors.ts'
import type { ToolOutcome } from './tool.ts'

/** What a run gives: its answer, and what that is to the key. */
export type KeyedRun = {
  readonly outcome: ToolOutcome
  /**
   * `final`: the answer to this key from now on. `open`: the same request goes on where this one was. `nothing`:
   * nothing came of it, and the key may be used for anything.
   */
  readonly ends: 'final' | 'open' | 'nothing'
}

/** Who asks, under which key, for what. */
export type KeyedRequest = { readonly principal: string; readonly key: string; readonly fingerprint: string }

/** Answers of requests that carried a key: a repeat gets the first answer, joins a running one, or is refused. */
export type RequestKeys = {
  /**
   * @param work is told whether the request was begun before, and never ended
   * @param signal how long a repeat may wait for a request that runs elsewhere
   * @throws RequestKeyReusedError when the key stands for another request; OutcomeUnknownError when the signal fires;
   * StorageUnavailableError
   */
  run(
    request: KeyedRequest,
    work: (isContinued: boolean) => Promise<KeyedRun>,
    signal: AbortSignal,
  ): Promise<{ outcome: ToolOutcome; again: boolean }>
}

type Running = { readonly fingerprint: string; readonly answer: Promise<{ outcome: ToolOutcome; again: boolean }> }
type RequestKeysDeps = { readonly store: KeyStore; readonly clock: Clock; readonly log: Log }

/** How often a request that runs in another process is asked after. */
const ASK_MS = 200

/** Kept in the database for a day; those that run in this process are joined without asking it. */
export function createRequestKeys({ store, clock, log }: RequestKeysDeps): RequestKeys {
  const running = new Map<string, Running>() // bounded by the calls in flight

  const claim = async ({ principal, key, fingerprint }: KeyedRequest, signal: AbortSignal) => {
    for (;;) {
      const claimed = await store.claim(principal, key, fingerprint)
      if (claimed.kind !== 'running') return claimed
      await clock.sleep(ASK_MS, signal).catch((cause: unknown) => {
        throw new OutcomeUnknownError({}, cause)
      })
    }
  }

  /** An answer that cannot be stored is found again by the intent of its request: the caller is told all the same. */
  const keep = async ({ principal, key }: KeyedRequest, { outcome, ends }: KeyedRun): Promise<void> => {
    try {
      if (ends === 'final') await store.settle(principal, key, { ...outcome } as JsonObject) // an outcome is JSON
      if (ends === 'nothing') await store.release(principal, key)
      if (ends === 'open') await store.leave(principal, key)
    } catch (error) {
      log.warn({ err: error, traceId: outcome.traceId }, 'the answer to a request key is not stored')
    }
  }

  const answer = async (
    request: KeyedRequest,
    work: (isContinued: boolean) => Promise<KeyedRun>,
    signal: AbortSignal,
  ): Promise<{ outcome: ToolOutcome; again: boolean }> => {
    const claimed = await claim(request, signal)
    if (claimed.kind === 'other') throw new RequestKeyReusedError()
    // The cast holds: it is what `keep` stored.
    if (claimed.kind === 'final') return { outcome: claimed.outcome as unknown as ToolOutcome, again: true }
    const run = await work(claimed.isTakenOver)
    await keep(request, run)
    return { outcome: run.outcome, again: false }
  }

  return {
    async run(request, work, signal) {
      const place = JSON.stringify([request.principal, request.key])
      const earlier = running.get(place)
      if (earlier !== undefined) {
        if (earlier.fingerprint !== request.fingerprint) throw new RequestKeyReusedError()
        return { ...(await joined(earlier.answer, signal)), again: true }
      }
      const mine = answer(request, work, signal).finally(() => running.delete(place))
      running.set(place, { fingerprint: request.fingerprint, answer: mine })
      return mine
    },
  }
}

/** What the first of two requests under one key is told, if that is soon enough for the second. */
const joined = <T>(answer: Promise<T>, signal: AbortSignal): Promise<T> =>
  orAborted(answer, signal).catch((cause: unknown) => {
    throw signal.aborted ? new OutcomeUnknownError({}, cause) : cause
  })
