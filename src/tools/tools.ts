import { hash } from 'node:crypto'
import type { Clock } from '../core/clock.ts'
import type { Deadline } from '../core/deadline.ts'
import { openDeadline } from '../core/deadline.ts'
import type { JsonObject } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { KeyStore } from '../intent/intent.ts'
import type { Caller } from '../tictactoe/caller.ts'
import { EarlierRefusalError } from '../tictactoe/errors.ts'
import type { Approvals, AskedCall, Grant } from './approvals.ts'
import { ArgumentsTooLargeError, ContradictionError, RequestKeyInvalidError, UnknownToolError } from './errors.ts'
import { failureOf } from './failure.ts'
import type { KeyedRun } from './request-keys.ts'
import { createRequestKeys } from './request-keys.ts'
import type { ParsedCall, Tool, ToolCallContext, ToolCatalog, ToolOutcome } from './tool.ts'

/** What a call may spend. */
const MAX_ARGUMENT_BYTES = 16 * 1024
/** Kept of every deadline for writing the answer. */
const ANSWER_MS = 500

export type CatalogDeps = {
  /** Offered to models and callable. */
  readonly tools: readonly Tool[]
  /** Callable, not offered. */
  readonly unlisted?: readonly Tool[]
  readonly clock: Clock
  readonly deadlineMs: number
  readonly log: Log
  /** Where the answers to request keys are kept. */
  readonly keys: KeyStore
  /** Where a person is asked before each write; without it writes run unasked. */
  readonly approvals?: Approvals | undefined
}

/** The tools by name, each call inside its deadline, once per request key, and with one line in the log. */
export function createToolCatalog(deps: CatalogDeps): ToolCatalog {
  const { tools, unlisted = [], clock, deadlineMs, log, approvals } = deps
  const byName = new Map([...tools, ...unlisted].map((tool) => [tool.description.name, tool]))
  const keys = createRequestKeys({ store: deps.keys, clock, log })

  const find = (name: string): Tool => {
    const tool = byName.get(name)
    if (tool === undefined) throw new UnknownToolError([...byName.keys()])
    return tool
  }

  const dispatch = async (name: string, given: unknown, context: ToolCallContext, { state, deadline }: Going) => {
    const tool = find(name)
    assertSmall(given)
    const call = tool.parse(withGameId(given))
    const requestKey = requestKeyOf(context, call.args)
    const args = withoutKey(call.args)
    state.argsHash = hashOf([name, args])
    const isWrite = tool.description.effect === 'write'
    const runNow = (isContinued: boolean) => {
      if (isWrite) context.onProgress?.('signing')
      return runCall(call, { context, requestKey, isContinued, deadline, state, log })
    }
    // Inside the keys: what was done under a key is told again without a question.
    const asked = { tool: name, args, principal: context.principal, requestKey }
    const run = (isContinued: boolean) =>
      isWrite && approvals
        ? runApproved(approvals, asked, { context, log }, () => runNow(isContinued))
        : runNow(isContinued)
    if (requestKey === undefined || !isWrite) return (await run(false)).outcome
    const request = { principal: context.principal, key: requestKey, fingerprint: state.argsHash }
    const { outcome, again } = await keys.run(request, run, deadline.signal)
    return again ? repeated(outcome, context.traceId) : outcome
  }

  return {
    list: () => tools.map(({ description }) => description),
    async call(name, args, context) {
      const startMs = clock.monotonicMs()
      const state: CallState = { sent: 0, argsHash: undefined }
      const deadline = openCallDeadline(clock, shorter(deadlineMs, context))
      const outcome = await dispatch(name, args, context, { state, deadline })
        .catch((error: unknown) => failureOf(error, { traceId: context.traceId, submitted: state.sent > 0, log }))
        .finally(() => deadline.close())
      logCall(log, byName.has(name) ? name : 'unknown', outcome, state, clock.monotonicMs() - startMs)
      return outcome
    },
  }
}

/** The least that a caller may ask for: less would be over before the call begins. */
const LEAST_DEADLINE_MS = 20

const shorter = (deadlineMs: number, { deadlineMs: asked = deadlineMs }: ToolCallContext): number =>
  Math.min(deadlineMs, Math.max(asked, LEAST_DEADLINE_MS))

/** When a call must be answered: 500 ms of its time are kept for writing the answer. */
function openCallDeadline(clock: Clock, deadlineMs: number): CallDeadline {
  const atMs = clock.monotonicMs() + Math.max(deadlineMs - ANSWER_MS, deadlineMs / 2)
  return { ...openDeadline(clock, atMs), atMs }
}

type CallDeadline = Deadline & { readonly atMs: number }
/** `sent` counts what was stored to be sent, by this call or an earlier one, and was not taken back for certain. */
type CallState = { sent: number; argsHash: string | undefined }
type Going = { readonly state: CallState; readonly deadline: CallDeadline }
type Run = Going & {
  readonly context: ToolCallContext
  readonly requestKey: string | undefined
  readonly isContinued: boolean
  readonly log: Log
}

/** Runs a call to its end or its deadline. Only what reached the ledger is an answer that a key keeps. */
async function runCall(
  call: ParsedCall,
  { context, requestKey, isContinued, deadline, state, log }: Run,
): Promise<KeyedRun> {
  const { traceId, principal, signal } = context
  state.sent = isContinued ? 1 : 0 // until the log of intents says otherwise
  const caller: Caller = {
    principal,
    traceId,
    requestKey,
    isContinued,
    gone: signal,
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
  try {
    const { result, replayed } = await call.run(caller)
    if (state.sent > 0) context.onProgress?.('confirmed')
    return { outcome: { success: true, result, traceId, ...(replayed ? { replayed } : {}) }, ends: 'final' }
  } catch (error) {
    const outcome = failureOf(error, {
      traceId,
      submitted: state.sent > 0,
      late: deadline.signal.aborted || signal.aborted,
      log,
      ...(requestKey ? { requestKey } : {}),
    })
    const isFinal = outcome.outcome === 'rejected' && (state.sent > 0 || error instanceof EarlierRefusalError)
    // What an earlier run of the same request had sent may still be played.
    const isOpen = isContinued || state.sent > 0
    return { outcome, ends: isFinal ? 'final' : isOpen ? 'open' : 'nothing' }
  }
}

/** Runs a write that a person has agreed to. Without that, the answer says so, and the key waits with the question. */
async function runApproved(
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

/** A game may be named by its machine or its oracle, wherever it is named at all. */
function withGameId(args: unknown): unknown {
  if (!isObject(args)) return args
  const { machineId, oracleId, ...rest } = args
  const given = Object.entries({ gameId: rest['gameId'], machineId, oracleId }).filter(([name]) =>
    Object.hasOwn(args, name),
  )
  const [first, second] = given
  if (first === undefined || (first[0] === 'gameId' && second === undefined)) return args
  if (second !== undefined && second[1] !== first[1]) throw new ContradictionError(first[0], second[0])
  return { ...rest, gameId: first[1] }
}

const isObject = (value: unknown): value is Record<string, unknown> => isJsonObject(value as JsonObject)

/** Header and argument name the same thing; a UUID in the arguments was checked by the schema. */
function requestKeyOf({ idempotencyKey: header }: ToolCallContext, args: JsonObject): string | undefined {
  const { idempotencyKey: argument } = args
  if (header !== undefined && !/^[\x21-\x7e]{1,128}$/.test(header)) throw new RequestKeyInvalidError()
  if (typeof argument !== 'string') return header
  if (header !== undefined && header !== argument) throw new ContradictionError('Idempotency-Key', 'idempotencyKey')
  return argument
}

const withoutKey = ({ idempotencyKey: _, ...args }: JsonObject): JsonObject => args

/** Parsed arguments come in the schema's order, so equal requests have one text. */
const hashOf = (value: unknown): string => hash('sha256', JSON.stringify(value), 'hex')

function assertSmall(args: unknown): void {
  if (Buffer.byteLength(JSON.stringify(args) ?? '') > MAX_ARGUMENT_BYTES)
    throw new ArgumentsTooLargeError(MAX_ARGUMENT_BYTES)
}

const repeated = (outcome: ToolOutcome, traceId: string): ToolOutcome =>
  outcome.success ? { ...outcome, traceId, replayed: true } : { ...outcome, traceId }

function logCall(log: Log, tool: string, outcome: ToolOutcome, { argsHash }: CallState, ms: number): void {
  const { gameId, hash, ordinal } = outcome.success ? outcome.result : outcome.details
  const said = outcome.success ? { outcome: 'applied' } : { outcome: outcome.outcome, code: outcome.code }
  const fields = { traceId: outcome.traceId, tool, argsHash, gameId, hash, ordinal, ...said, ms: Math.round(ms) }
  if (!outcome.success && outcome.outcome !== 'rejected' && outcome.outcome !== 'not_submitted')
    log.warn(fields, 'tool call')
  else log.info(fields, 'tool call')
}
