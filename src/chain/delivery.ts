import { openDeadline, orAborted } from '../core/deadline.ts'
import { findCause } from '../core/errors.ts'
import type { BackOff } from '../core/retry.ts'
import { backOffMs } from '../core/retry.ts'
import type { Attempt } from './_attempt.ts'
import { attemptOnce } from './_attempt.ts'
import type { Wake, WakeDeps } from './_wake.ts'
import { openWake } from './_wake.ts'
import type { DeliverOptions, Delivery, EarlierSends, Look, ReadOptions, SignedMessage } from './chain.ts'
import { CircuitOpenError, NotSentError } from './errors.ts'

/** What a delivery touches. `random` gives numbers in [0, 1). */
export type DeliveryParts = WakeDeps & {
  readonly random: () => number
  readonly readOrdinal: (options: ReadOptions) => Promise<number>
  /** What the L0 recorded when it refused the block with this hash, as text; undefined where nothing is recorded. */
  readonly readRefusal: (hash: string, options: ReadOptions) => Promise<string | undefined>
}

const sendBackOff: BackOff = { firstMs: 100, factor: 2, maxMs: 2000, jitter: 0.5 }
const lookBackOff: BackOff = { firstMs: 200, factor: 1.6, maxMs: 2000, jitter: 0.2 }

/** Attempts that a node has or may have. One that was certainly not queued does not count: it cannot multiply. */
const defaultMaxSends = 5

const maxRetryAfterMs = 10_000

/** When the same bytes may go out again: so much later, or so many ordinals later, whichever comes first. */
type ResendRule = { readonly afterMs: number; readonly ordinals: number }

const afterLost: ResendRule = { afterMs: 3000, ordinals: 2 }
const afterAccepted: ResendRule = { afterMs: 10_000, ordinals: 5 }

/** One delivery on its way. */
type Run<T> = {
  readonly parts: DeliveryParts
  readonly signed: SignedMessage
  readonly options: DeliverOptions<T>
  /** Fires at the deadline. */
  readonly signal: AbortSignal
  readonly wake: Wake
  /** Attempts of this delivery that a node has or may have. */
  openAttempts: number
  /** May a node hold the message, by this delivery or by an earlier one? */
  isOpen: boolean
  /** Attempts of this delivery. */
  sends: number
  /** An L1 said that it holds the message, and no L0 said since that it refused the block. */
  isQueued: boolean
  /** Attempts in a row that were certainly not queued. */
  failuresInRow: number
  /** The newest recorded refusal. It stays readable after a new attempt, so only another text is news. */
  refusal: string | undefined
  /** Why nothing was queued yet. */
  cause: unknown
}

/**
 * Brings one signed message to the ledger and waits until its fate shows there or time is up. Never throws for a fate.
 * The same bytes go out again only after a look at the ledger, and at most five attempts stay without proof. Where they
 * may have gone out before (`earlier`), nothing but the ledger proves that they were not applied.
 */
export async function deliver<T>(
  parts: DeliveryParts,
  signed: SignedMessage,
  options: DeliverOptions<T>,
): Promise<Delivery<T>> {
  const deadline = openDeadline(parts.clock, options.deadlineMs)
  const wake = openWake(parts, signed.message.fiberId)
  const { earlier } = options
  const standing = { isOpen: earlier !== undefined, isQueued: earlier?.isQueued ?? false }
  const start = { openAttempts: 0, sends: 0, failuresInRow: 0, refusal: undefined, cause: undefined, ...standing }
  try {
    return await drive({ parts, signed, options, signal: deadline.signal, wake, ...start })
  } finally {
    deadline.close()
    wake.close()
  }
}

async function drive<T>(run: Run<T>): Promise<Delivery<T>> {
  if (run.signal.aborted) return undecided(run)
  const { earlier, maxSends } = run.options
  const settledBefore = earlier && (await lookUntilDue(run, maxSends === 0 ? undefined : sinceEarlier(earlier)))
  if (settledBefore !== undefined) return settledBefore
  for (;;) {
    const attempt = await send(run)
    if (!run.isOpen && isRefusal(attempt)) return { outcome: 'refused', reason: attempt.reason }
    if (!run.isOpen && isHopeless(attempt)) return { outcome: 'not_sent', cause: attempt.cause }
    const rule = resendRule(run, attempt)
    const end = run.isOpen ? await lookUntilDue(run, rule) : await pause(run, rule?.afterMs ?? 0)
    if (end !== undefined) return end
  }
}

/** What is left of the wait after the last of the earlier sends. */
function sinceEarlier({ agoMs, isQueued }: EarlierSends): ResendRule {
  const rule = isQueued ? afterAccepted : afterLost
  return { ...rule, afterMs: Math.max(0, rule.afterMs - Math.max(0, agoMs)) }
}

/** Sends once and keeps count of what that proves. */
async function send<T>(run: Run<T>): Promise<Attempt> {
  const { transport, clock } = run.parts
  const { createdMs, beforeSend, afterSend } = run.options
  run.sends += 1
  try {
    await beforeSend?.(run.sends)
  } catch (cause) {
    return { proves: 'unwritten', reason: '', cause, retryAfterSeconds: 0 }
  }
  const attempt = await attemptOnce(run.signed, { transport, clock, createdMs, signal: run.signal })
  run.cause = attempt.cause
  if (attempt.proves === 'queued' || attempt.proves === 'unproven') {
    run.openAttempts += 1
    run.isOpen = true
    run.isQueued ||= attempt.proves === 'queued'
    run.failuresInRow = 0
  } else run.failuresInRow += 1
  afterSend?.(attempt.proves === 'queued')
  return attempt
}

const isRefusal = ({ proves }: Attempt): boolean => proves === 'refused' || proves === 'misconfigured'

/** Not sent, and not to be tried again by this delivery: it could not be written down, or the way is known to be shut. */
const isHopeless = ({ proves, cause }: Attempt): boolean =>
  proves === 'unwritten' || (proves === 'not_received' && findCause(cause, CircuitOpenError) !== undefined)

/** Undefined: not again, only looking may end it. */
function resendRule<T>(run: Run<T>, attempt: Attempt): ResendRule | undefined {
  const { openAttempts, failuresInRow, parts } = run
  const { maxSends = defaultMaxSends } = run.options
  if (isRefusal(attempt) || attempt.proves === 'unwritten' || openAttempts >= maxSends) return undefined
  if (attempt.proves === 'queued') return afterAccepted
  if (attempt.proves === 'unproven') return afterLost
  // Even a `Retry-After: 0` waits for the back-off.
  const askedMs = Math.min(maxRetryAfterMs, attempt.retryAfterSeconds * 1000)
  const afterMs = Math.max(askedMs, backOffMs(failuresInRow - 1, sendBackOff, parts.random))
  return { afterMs, ordinals: Number.POSITIVE_INFINITY }
}

/** Nobody holds the message, so there is nothing to look for. Undefined: send again. */
async function pause<T>(run: Run<T>, ms: number): Promise<Delivery<T> | undefined> {
  await run.parts.clock.sleep(ms, run.signal).catch(() => undefined) // rejects at the deadline, which is asked next
  return run.signal.aborted ? undecided(run) : undefined
}

/** Looks until the fate shows or time is up. Undefined: still open, and due to be sent again. */
async function lookUntilDue<T>(run: Run<T>, rule: ResendRule | undefined): Promise<Delivery<T> | undefined> {
  const isDue = watchResend(run, rule)
  const { random } = run.parts
  for (let poll = 0; await run.wake.wait(backOffMs(poll, lookBackOff, random), run.signal); poll++) {
    const seen = await look(run)
    if (seen?.settled) return { outcome: 'settled', value: seen.value }
    if (seen === undefined || !(await isDue())) continue
    // What made it due is newer than that look: the message may have been applied in between.
    const again = await look(run)
    if (again?.settled) return { outcome: 'settled', value: again.value }
    if (again !== undefined && !run.signal.aborted) return undefined
  }
  return undecided(run)
}

/** Undefined when the ledger could not be read: asked again with the next poll. */
async function look<T>({ options, signal }: Run<T>): Promise<Look<T> | undefined> {
  try {
    return await orAborted(options.look(), signal)
  } catch {
    return undefined
  }
}

/** Tells, poll by poll, whether the rule allows to send again. */
function watchResend<T>(run: Run<T>, rule: ResendRule | undefined): () => Promise<boolean> {
  const { clock, readOrdinal } = run.parts
  const sinceMs = clock.monotonicMs()
  let firstOrdinal: number | undefined // read after the attempt: counting starts late rather than early
  return async () => {
    if (rule === undefined) return false
    if (clock.monotonicMs() - sinceMs >= rule.afterMs) return true
    const [ordinal, wasRefused] = await Promise.all([
      orAborted(readOrdinal({ signal: run.signal }), run.signal).catch(() => undefined),
      noteRefusal(run),
    ])
    firstOrdinal ??= ordinal
    if (wasRefused) return true
    return ordinal !== undefined && firstOrdinal !== undefined && ordinal - firstOrdinal >= rule.ordinals
  }
}

/**
 * Did the L0 record a refusal since it was asked last? With the slot still open it means that the whole block was
 * refused, perhaps for another message in it: not final. @see Constellation node: a block is taken whole or not at all
 */
async function noteRefusal<T>(run: Run<T>): Promise<boolean> {
  const { readRefusal } = run.parts
  const refusal = await orAborted(readRefusal(run.signed.hash, { signal: run.signal }), run.signal).catch(
    () => undefined,
  )
  if (refusal === undefined || refusal === run.refusal) return false
  run.refusal = refusal
  run.isQueued = false
  return true
}

/** How it stands when time is up. */
function undecided<T>({ isOpen, isQueued, cause }: Run<T>): Delivery<T> {
  if (isQueued) return { outcome: 'pending' }
  if (isOpen) return { outcome: 'unknown' }
  return { outcome: 'not_sent', cause: cause ?? new NotSentError('The deadline passed before anything was sent.') }
}
