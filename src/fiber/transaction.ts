import type { JsonValue } from '../core/json.ts'
import { EvaluationError, OutOfGasError } from '../jlvm/errors.ts'
import { evaluate } from '../jlvm/evaluate.ts'
import type { Value } from '../jlvm/value.ts'
import { fromJson } from '../jlvm/value.ts'
import type { Phase } from './errors.ts'
import { evaluationFailed, TransactionAbortedError } from './errors.ts'
import type { Limits } from './limits.ts'
import type { FiberLookup, SnapshotContext } from './lookup.ts'
import type { Programs } from './programs.ts'
import type { EmittedEvent, Fiber, Invocation, MachineRecord, ScriptRecord } from './records.ts'

/** An invocation with typed values: they become JSON only when the transaction commits. */
export type LiveInvocation = Omit<Invocation, 'args' | 'result'> & { readonly args: Value; readonly result: Value }

/** A machine inside a transaction. Its state data is `data`; that of the record is the one before. */
export type LiveMachine = { readonly kind: 'machine'; readonly record: MachineRecord; readonly data: Value }

/** A script inside a transaction, likewise. */
export type LiveScript = {
  readonly kind: 'script'
  readonly record: ScriptRecord
  readonly data: Value
  readonly invocation: LiveInvocation | null
}

export type LiveFiber = LiveMachine | LiveScript

/** The working copy of one transaction: what it read, what it wrote, what it used. Thrown away when it aborts. */
export type Transaction = {
  readonly fibers: FiberLookup
  readonly programs: Programs
  readonly limits: Limits
  readonly snapshot: SnapshotContext
  readonly opened: Map<string, LiveFiber>
  readonly written: Set<string>
  readonly emitted: EmittedEvent[]
  readonly warnings: string[]
  gasUsed: number
}

/** An empty working copy over the fibers of the ledger. */
export const beginTransaction = (
  base: Pick<Transaction, 'fibers' | 'programs' | 'limits' | 'snapshot'>,
): Transaction => ({ ...base, opened: new Map(), written: new Set(), emitted: [], warnings: [], gasUsed: 0 })

/** A fiber as changed so far within the transaction; undefined when there is none. */
export function readFiber(transaction: Transaction, id: string): LiveFiber | undefined {
  const known = transaction.opened.get(id)
  if (known !== undefined) return known
  const record = transaction.fibers.get(id)
  if (record === undefined) return undefined
  const live = open(record)
  transaction.opened.set(id, live)
  return live
}

/** Keeps a changed or new fiber in the working copy. */
export function writeFiber(transaction: Transaction, live: LiveFiber): void {
  transaction.opened.set(live.record.fiberId, live)
  transaction.written.add(live.record.fiberId)
}

/** The records as changed so far, for questions of ownership. */
export const recordsOf = (transaction: Transaction): FiberLookup => ({
  get: (id) => transaction.opened.get(id)?.record ?? transaction.fibers.get(id),
})

/**
 * Runs an expression on what is left of the transaction's gas, and charges what it reports.
 * @throws TransactionAbortedError `EvaluationError` or `GasExhaustedFailure`, with the phase
 */
export function runExpression(transaction: Transaction, expression: JsonValue, context: Value, phase: Phase): Value {
  const gasLimit = Math.max(0, transaction.limits.gas - transaction.gasUsed)
  try {
    const { value, gasUsed } = evaluate(transaction.programs.programOf(expression), context, { gasLimit })
    transaction.gasUsed += gasUsed
    return value
  } catch (error) {
    if (error instanceof OutOfGasError) throw gasExhausted(transaction, phase)
    if (error instanceof EvaluationError) throw evaluationFailed(phase, error.message, error)
    throw error
  }
}

/** The failure of a transaction that spent its gas. */
export const gasExhausted = ({ gasUsed, limits }: Transaction, phase: Phase): TransactionAbortedError =>
  new TransactionAbortedError(
    'GasExhaustedFailure',
    `Gas ran out in ${phase}: ${gasUsed} of ${limits.gas} units were used before.`,
    { phase },
  )

function open(record: Fiber): LiveFiber {
  if (record.kind === 'machine') return { kind: 'machine', record, data: fromJson(record.stateData) }
  const { lastInvocation } = record
  return {
    kind: 'script',
    record,
    data: fromJson(record.stateData),
    invocation: lastInvocation && {
      ...lastInvocation,
      args: fromJson(lastInvocation.args),
      result: fromJson(lastInvocation.result),
    },
  }
}
