import type { Value } from '../jlvm/value.ts'
import { isMap } from '../jlvm/value.ts'
import { scriptContext } from './context.ts'
import { assertStorable } from './storable.ts'
import type { LiveInvocation, LiveScript, Transaction } from './transaction.ts'
import { runExpression } from './transaction.ts'

/** What a program gave. `newState` is undefined where it named a result and no state. */
export type ScriptRun = { readonly newState: Value | undefined; readonly result: Value; readonly gasUsed: number }

/** A call of a script: by whom, which method, with what. */
export type Call = { readonly caller: string; readonly method: string; readonly args: Value }

/**
 * Runs a script's program over method, arguments and stored state, and splits what it gives into state and result.
 * @throws TransactionAbortedError
 * @see OttoChain `ScriptProcessor.extractStateAndResult`
 */
export function runScript(transaction: Transaction, script: LiveScript, { method, args }: Call): ScriptRun {
  const before = transaction.gasUsed
  const given = runExpression(transaction, script.record.scriptProgram, scriptContext(script, method, args), 'ORACLE')
  assertStorable(given, transaction.limits, 'ORACLE')
  return { ...split(given), gasUsed: transaction.gasUsed - before }
}

function split(given: Value): { newState: Value | undefined; result: Value } {
  if (!isMap(given)) return { newState: given, result: given }
  const state = given.get('_state')
  const result = given.get('_result')
  if (state === undefined && result === undefined) return { newState: given, result: given }
  return { newState: state, result: result ?? (state === undefined ? null : given) }
}

/** The script after a run: its new state, sequence number one up, the run as its last invocation. */
export function afterRun(
  { snapshot }: Transaction,
  { record }: LiveScript,
  { caller, method, args }: Call,
  { data, result, gasUsed }: { data: Value; result: Value; gasUsed: number },
): LiveScript & { readonly invocation: LiveInvocation } {
  return {
    kind: 'script',
    data,
    invocation: {
      fiberId: record.fiberId,
      method,
      args,
      result,
      gasUsed,
      invokedAt: snapshot.ordinal,
      invokedBy: caller,
    },
    record: {
      ...record,
      sequenceNumber: record.sequenceNumber + 1,
      previousUpdateOrdinal: record.latestUpdateOrdinal,
      latestUpdateOrdinal: snapshot.ordinal,
    },
  }
}
