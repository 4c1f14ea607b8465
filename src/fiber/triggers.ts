import type { Value } from '../jlvm/value.ts'
import { isMap } from '../jlvm/value.ts'
import { mayInvoke } from './access.ts'
import type { Trigger } from './effects.ts'
import { TransactionAbortedError } from './errors.ts'
import { afterRun, runScript } from './invocation.ts'
import { takeStep } from './step.ts'
import type { LiveScript, Transaction } from './transaction.ts'
import { gasExhausted, readFiber, recordsOf, writeFiber } from './transaction.ts'

/**
 * Runs triggers in order, each followed at once by those it fires itself. The number of triggers and the gas are
 * checked before each and once more at the end, so one fewer than the limit can commit. A target and name may be
 * triggered once in a transaction. The status of a target is not asked: archived machines still react.
 * @throws TransactionAbortedError
 * @see OttoChain `TriggerDispatcher`
 */
export function runTriggers(transaction: Transaction, triggers: readonly Trigger[]): void {
  const pending = triggers.toReversed() // the next one is popped off the end
  const processed = new Set<string>()
  for (let fired = 0; ; fired++) {
    assertWithinLimits(transaction, fired)
    const trigger = pending.pop()
    if (trigger === undefined) return
    const key = `${trigger.targetId} ${trigger.name}`
    if (processed.has(key))
      throw failed('CycleDetected', `Fiber ${trigger.targetId} was triggered twice with ${trigger.name}.`)
    processed.add(key)
    pending.push(...fire(transaction, trigger).toReversed())
  }
}

function assertWithinLimits(transaction: Transaction, fired: number): void {
  const { gas, triggers } = transaction.limits
  if (fired >= triggers)
    throw failed('DepthExceeded', `The transaction fired ${fired} triggers; fewer than ${triggers} may.`)
  if (transaction.gasUsed >= gas) throw gasExhausted(transaction, 'TRIGGER')
}

/** Runs one trigger and gives those that it fires. The spawns of a triggered machine are ignored, as on a node. */
function fire(transaction: Transaction, trigger: Trigger): readonly Trigger[] {
  const target = readFiber(transaction, trigger.targetId)
  if (target === undefined)
    throw failed('TriggerTargetNotFound', `The trigger's target ${trigger.targetId} does not exist.`)
  if (target.kind === 'machine') {
    const event = { name: trigger.name, payload: trigger.payload, proofs: [] }
    return takeStep(transaction, target, event, trigger.sourceId).triggers
  }
  invokeForMachine(transaction, target, trigger)
  return []
}

/** A machine's call runs in the name of its first owner, not of the signer, and a refusal aborts. */
function invokeForMachine(transaction: Transaction, script: LiveScript, trigger: Trigger): void {
  const { fiberId, accessControl } = script.record
  const caller = readFiber(transaction, trigger.sourceId)?.record.owners[0]
  if (caller === undefined)
    throw failed('CallerResolutionFailed', `Fiber ${trigger.sourceId} has no owner to call script ${fiberId} for.`)
  if (!mayInvoke(accessControl, caller, recordsOf(transaction)))
    throw failed('AccessDenied', `The policy of script ${fiberId} does not admit ${caller}.`)
  const call = { caller, method: trigger.name, args: trigger.payload }
  const { newState, result, gasUsed } = runScript(transaction, script, call)
  const refusal = refusalOf(result)
  if (refusal !== undefined)
    throw failed('OracleInvocationFailed', `Script ${fiberId} refused ${trigger.name}: ${refusal}`)
  // No state given stores null, where a direct call keeps the state: a node does so.
  writeFiber(transaction, afterRun(transaction, script, call, { data: newState ?? null, result, gasUsed }))
}

function refusalOf(result: Value): string | undefined {
  if (result === false) return 'returned false'
  if (!isMap(result) || result.get('valid') !== false) return undefined
  const error = result.get('error')
  return `validation failed: ${typeof error === 'string' ? error : 'Unknown error'}`
}

const failed = (
  ...[reason, message]: [reason: TransactionAbortedError['reason'], message: string]
): TransactionAbortedError => new TransactionAbortedError(reason, message, { phase: 'TRIGGER' })
