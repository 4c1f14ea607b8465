import type { Clock } from '../core/clock.ts'
import type { Deadline } from '../core/deadline.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import { BaseError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { ToolTimeoutError } from '../sandbox/errors.ts'
import type { Caller } from '../tictactoe/caller.ts'
import { EarlierRefusalError } from '../tictactoe/errors.ts'
import { jsonBytes } from './_asked.ts'
import { toToolContext } from './_tool-context.ts'
import type { Approvals, AskedCall, Grant } from './approvals.ts'
import { ResultTooLargeError } from './errors.ts'
import { failureOf } from './failure.ts'
import type { KeyedRun } from './request-keys.ts'
import type { ParsedCall, Tool, ToolCallContext, ToolContext, ToolOutcome, ToolResult } from './tool.ts'

/** Kept of every deadline for writing the answer. */
const ANSWER_MS = 500
/** The least that a caller may ask for: less would be over before the call begins. */
const LEAST_DEADLINE_MS = 20

/** `atMs` on the monotonic clock, `forMs` after the call began. */
export type CallDeadline = Deadline & { readonly atMs: number; readonly forMs: number }

/** When a call must be answered: 500 ms of its time are kept for writing the answer. A tool may have a time of its own. */
export function openCallDeadline(
  clock: Clock,
  mostMs: number,
  { timeoutMs }: { readonly timeoutMs?: number },
  { deadlineMs: asked = Number.POSITIVE_INFINITY }: ToolCallContext,
): CallDeadline {
  const within = Math.min(mostMs, Math.max(asked, LEAST_DEADLINE_MS))
  const answered = Math.max(within - ANSWER_MS, within / 2)
  const forMs = timeoutMs === undefined ? answered : Math.min(timeoutMs, Math.max(asked, LEAST_DEADLINE_MS))
  const atMs = clock.monotonicMs() + forMs
  return { ...openDeadline(clock, atMs), atMs, forMs }
}

/** `sent` counts what was stored to be sent, by this call or an earlier one, and was not taken back for certain. */
export type CallState = { sent: number; argsHash: string | undefined }

export type Run = {
  readonly tool: Tool
  readonly context: ToolCallContext
  readonly requestKey: string | undefined
  readonly isContinued: boolean
  readonly deadline: CallDeadline
  readonly state: CallState
  readonly log: Log
  /** Throws what keeps it from being begun now. */
  readonly assertMay: () => void
}

/** Runs a call to its end or its deadline. Only what reached the ledger is an answer that a key keeps. */
export async function runCall(call: ParsedCall, run: Run): Promise<KeyedRun> {
  const { tool, context, requestKey, isContinued, deadline, state, log } = run
  const { traceId, signal } = context
  state.sent = isContinued ? 1 : 0 // until the log of intents says otherwise
  const told = toToolContext(toCaller(run), tool, context.agent, log)
  try {
    run.assertMay()
    const { result, replayed } = await (tool.origin === 'game' ? call.run(told) : runBounded(call, told, run))
    if (state.sent > 0) context.onProgress?.('confirmed')
    return { outcome: { success: true, result, traceId, ...(replayed ? { replayed } : {}) }, ends: 'final' }
  } catch (error) {
    const failure = failureOf(error, {
      traceId,
      submitted: state.sent > 0,
      late: deadline.signal.aborted || signal.aborted,
      log,
      ...(requestKey ? { requestKey } : {}),
    })
    const outcome = tool.origin === 'game' ? failure : orPerhapsDone(failure, tool, error)
    const isFinal = outcome.outcome === 'rejected' && (state.sent > 0 || error instanceof EarlierRefusalError)
    // What an earlier run of the same request had sent may still be played.
    const isOpen = isContinued || state.sent > 0 || outcome.outcome === 'unknown'
    return { outcome, ends: isFinal ? 'final' : isOpen ? 'open' : 'nothing' }
  }
}

function toCaller({ context, requestKey, isContinued, deadline, state }: Run): Caller {
  return {
    principal: context.principal,
    traceId: context.traceId,
    requestKey,
    isContinued,
    gone: context.signal,
    deadline: deadline.signal,
    deadlineMs: deadline.atMs,
    onSubmitting: () => {
      if (state.sent === 0) context.onProgress?.('submitted')
      state.sent += 1
    },
    onAbandoned: () => {
      state.sent -= 1
    },
    onAccepted: () => context.onProgress?.('accepted'),
  }
}

/**
 * A tool that is not the game's is not trusted to come back: its caller has an answer when its time is over, or nobody
 * waits any more, whatever the tool does.
 * @throws ToolTimeoutError, ResultTooLargeError; what the tool throws
 */
async function runBounded(call: ParsedCall, told: ToolContext, { tool, deadline }: Run): Promise<ToolResult> {
  const { maxBytes } = tool.sandbox
  const done = await orAborted(call.run(told), told.signal).catch((error: unknown) => {
    const isLate = deadline.signal.aborted && !(error instanceof BaseError)
    throw isLate ? new ToolTimeoutError(Math.round(deadline.forMs)) : error
  })
  if (jsonBytes(done.result) > maxBytes) throw new ResultTooLargeError(maxBytes)
  return done
}

/** After these nobody knows how far a tool had come. */
const brokenOff: readonly string[] = ['DEADLINE_EXCEEDED', 'PROCESS_ERROR', 'INTERNAL_ERROR']

type Failure = Extract<ToolOutcome, { success: false }>

/** A write outside of the ledger leaves no record by which to prove that it was not done. */
const orPerhapsDone = (failure: Failure, { description }: Tool, error: unknown): Failure =>
  description.effect === 'write' && (brokenOff.includes(failure.code) || error instanceof ResultTooLargeError)
    ? { ...failure, outcome: 'unknown', hint: 'It may have been done. Look before you do it again.' }
    : failure

/** Runs a write that a person has agreed to. Without that, the answer says so, and the key waits with the question. */
export async function runApproved(
  approvals: Approvals,
  asked: AskedCall,
  { context: { traceId }, log }: Pick<Run, 'context' | 'log'>,
  run: () => Promise<KeyedRun>,
): Promise<KeyedRun> {
  const { requestKey } = asked
  let grant: Grant
  try {
    grant = await approvals.take(asked)
  } catch (error) {
    const circumstances = { traceId, submitted: false, log, ...(requestKey ? { requestKey } : {}) }
    return { outcome: failureOf(error, circumstances), ends: 'open' }
  }
  const done = await run()
  await grant.settle(done.outcome)
  return done
}
