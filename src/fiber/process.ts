import { fromJson } from '../jlvm/value.ts'
import { mayInvoke } from './access.ts'
import { proofsValue } from './context.ts'
import { TransactionAbortedError } from './errors.ts'
import { afterRun, runScript } from './invocation.ts'
import type { EngineProof } from './lookup.ts'
import type { InvokeScript, TransitionStateMachine } from './messages.ts'
import type { Aborted, Committed } from './outcome.ts'
import type { EventReceipt, Fiber, MachineRecord, ScriptRecord } from './records.ts'
import { sealTransaction } from './seal.ts'
import { spawnChildren } from './spawn.ts'
import { takeStep } from './step.ts'
import type { Transaction } from './transaction.ts'
import { readFiber, recordsOf, writeFiber } from './transaction.ts'
import { runTriggers } from './triggers.ts'

type Done = Committed | Aborted

/**
 * One event of a machine as one transaction: its step, then the children it spawns, then what it triggers. A failure
 * anywhere leaves nothing but a receipt on the machine itself.
 * @see OttoChain `FiberEngine.process`, `FiberCombiner.processFiberEvent`
 */
export function processEvent(
  transaction: Transaction,
  record: MachineRecord,
  message: TransitionStateMachine,
  proofs: readonly EngineProof[],
): Done {
  try {
    const machine = readFiber(transaction, record.fiberId)
    if (machine?.kind !== 'machine') throw missing(record.fiberId)
    const event = { name: message.eventName, payload: fromJson(message.payload), proofs: proofsValue(proofs) }
    const step = takeStep(transaction, machine, event)
    spawnChildren(transaction, step.machine, event, step.spawns)
    runTriggers(transaction, step.triggers)
    return committed(transaction, sealTransaction(transaction), { receipt: step.receipt })
  } catch (error) {
    return aborted(transaction, error, (failure) => [withFailure(transaction, record, message.eventName, failure)])
  }
}

/**
 * One direct call of a script, in the name of the first signer. A refusal (`valid: false`) commits like any result; a
 * result without state keeps the state.
 * @see OttoChain `ScriptCombiner.invokeScript`
 */
export function processInvocation(
  transaction: Transaction,
  record: ScriptRecord,
  { method, args }: InvokeScript,
  proofs: readonly EngineProof[],
): Done {
  try {
    const script = readFiber(transaction, record.fiberId)
    if (script?.kind !== 'script') throw missing(record.fiberId)
    if (record.status !== 'Active')
      throw new TransactionAbortedError('FiberNotActive', `Script ${record.fiberId} is ${record.status.toLowerCase()}.`)
    const call = { caller: callerOf(transaction, record, proofs), method, args: fromJson(args) }
    const { newState, result, gasUsed } = runScript(transaction, script, call)
    writeFiber(
      transaction,
      afterRun(transaction, script, call, { data: newState === undefined ? script.data : newState, result, gasUsed }),
    )
    const changed = sealTransaction(transaction)
    const invocation = changed.find((fiber) => fiber.kind === 'script')?.lastInvocation ?? null
    return committed(transaction, changed, { invocation })
  } catch (error) {
    return aborted(transaction, error, () => [])
  }
}

function callerOf(transaction: Transaction, record: ScriptRecord, proofs: readonly EngineProof[]): string {
  const caller = proofs[0]?.address
  if (caller === undefined)
    throw new TransactionAbortedError('CallerResolutionFailed', `Nobody signed the call of script ${record.fiberId}.`)
  if (!mayInvoke(record.accessControl, caller, recordsOf(transaction)))
    throw new TransactionAbortedError(
      'AccessDenied',
      `The policy of script ${record.fiberId} does not admit ${caller}.`,
    )
  return caller
}

const committed = (
  { emitted, warnings }: Transaction,
  changed: readonly Fiber[],
  { receipt = null, invocation = null }: Partial<Pick<Committed, 'receipt' | 'invocation'>>,
): Committed => ({ outcome: 'committed', changed, receipt, invocation, emitted, warnings })

/** The outcome of a failure that belongs to the ledger; any other error is a bug and goes on. */
function aborted(
  { warnings }: Transaction,
  error: unknown,
  trace: (failure: TransactionAbortedError) => readonly Fiber[],
): Aborted {
  if (!(error instanceof TransactionAbortedError)) throw error
  const { reason, message, phase = null } = error
  return { outcome: 'aborted', changed: trace(error), reason, message, phase, warnings }
}

function withFailure(
  { gasUsed, snapshot: { ordinal } }: Transaction,
  record: MachineRecord,
  eventName: string,
  { reason, message }: TransactionAbortedError,
): MachineRecord {
  const lastReceipt: EventReceipt = {
    fiberId: record.fiberId,
    sequenceNumber: record.sequenceNumber,
    eventName,
    ordinal,
    fromState: record.currentState,
    toState: record.currentState,
    success: false,
    gasUsed,
    triggersFired: 0,
    errorMessage: message,
    reason,
    sourceFiberId: null,
    emittedEvents: [],
  }
  return { ...record, previousUpdateOrdinal: record.latestUpdateOrdinal, latestUpdateOrdinal: ordinal, lastReceipt }
}

const missing = (id: string): TransactionAbortedError =>
  new TransactionAbortedError('FiberNotFound', `Fiber ${id} does not exist.`)
