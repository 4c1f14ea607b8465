import type { Value } from '../jlvm/value.ts'
import { isMap } from '../jlvm/value.ts'
import type { Event } from './context.ts'
import { stepContext } from './context.ts'
import type { Trigger } from './effects.ts'
import { emittedOf, mergeEffect, triggersOf } from './effects.ts'
import { evaluationFailed, TransactionAbortedError } from './errors.ts'
import type { Transition } from './messages.ts'
import type { EventReceipt } from './records.ts'
import type { SpawnDirective } from './spawn-directive.ts'
import { spawnDirectives } from './spawn-directive.ts'
import { assertStorable } from './storable.ts'
import type { LiveMachine, Transaction } from './transaction.ts'
import { gasExhausted, runExpression, writeFiber } from './transaction.ts'
import { vocabularies } from './vocabulary.ts'

/** A step taken: the machine as it then stands in the working copy, and what its effect asks for. */
export type Step = {
  readonly machine: LiveMachine
  readonly receipt: EventReceipt
  readonly triggers: readonly Trigger[]
  readonly spawns: readonly SpawnDirective[]
}

/** A transition, and the context in which its guard held. */
type Chosen = { readonly transition: Transition; readonly context: Value }

/**
 * Takes one step of a machine and keeps it in the working copy: the first transition whose guard is true, its effect
 * merged into the state data, the sequence number one up, a receipt. `sourceId` names the machine that triggered it.
 * @throws TransactionAbortedError where no transition applies or an expression fails
 * @see OttoChain `FiberEvaluator.evaluateStateMachine`
 */
export function takeStep(
  transaction: Transaction,
  machine: LiveMachine,
  event: Event,
  sourceId: string | null = null,
): Step {
  const { transition, context } = chooseTransition(transaction, machine, event)
  const { data, triggers, spawns, emittedEvents } = runEffect(transaction, machine, transition, context)
  const { record } = machine
  const { ordinal } = transaction.snapshot
  const receipt: EventReceipt = {
    fiberId: record.fiberId,
    sequenceNumber: record.sequenceNumber + 1,
    eventName: event.name,
    ordinal,
    fromState: record.currentState,
    toState: transition.to,
    success: true,
    gasUsed: sourceId === null ? transaction.gasUsed : 0,
    triggersFired: triggers.length,
    errorMessage: null,
    reason: null,
    sourceFiberId: sourceId,
    emittedEvents,
  }
  const moved = {
    ...record,
    currentState: transition.to,
    sequenceNumber: receipt.sequenceNumber,
    previousUpdateOrdinal: record.latestUpdateOrdinal,
    latestUpdateOrdinal: ordinal,
    lastReceipt: receipt,
  }
  const next: LiveMachine = { kind: 'machine', data, record: moved }
  writeFiber(transaction, next)
  transaction.emitted.push(...emittedEvents)
  return { machine: next, receipt, triggers, spawns }
}

type EffectRun = Pick<Step, 'triggers' | 'spawns'> & Pick<EventReceipt, 'emittedEvents'> & { readonly data: Value }

/** What the effect of the chosen transition makes of the state data, and what it asks for besides. */
function runEffect(transaction: Transaction, machine: LiveMachine, { effect }: Transition, context: Value): EffectRun {
  const { data, record } = machine
  if (!isMap(data)) throw evaluationFailed('EFFECT', 'the state data is not a map')
  const given = runExpression(transaction, effect, context, 'EFFECT')
  assertStorable(given, transaction.limits, 'EFFECT')
  const vocabulary = vocabularies[record.definition.vocabulary]
  const triggers = triggersOf(transaction, given, { sourceId: record.fiberId, context, vocabulary })
  const spawns = spawnDirectives(transaction, record, effect)
  chargeEngine(transaction, triggers.length, spawns.length)
  return { data: mergeEffect(data, given), triggers, spawns, emittedEvents: emittedOf(given, vocabulary) }
}

/** The first transition in the order of the definition whose guard is true. Only a boolean counts as an answer. */
function chooseTransition(transaction: Transaction, machine: LiveMachine, event: Event): Chosen {
  const { definition, currentState } = machine.record
  const candidates = definition.transitions.filter(
    ({ from, eventName }) => from === currentState && eventName === event.name,
  )
  if (candidates.length === 0)
    throw new TransactionAbortedError(
      'NoTransitionFound',
      `No transition found from ${currentState} for event ${event.name}`,
    )

  let last: { readonly dependencies: readonly string[]; readonly context: Value } | undefined
  for (const transition of candidates) {
    const { dependencies } = transition
    if (last === undefined || !sameIds(last.dependencies, dependencies))
      last = { dependencies, context: stepContext(transaction, machine, event, dependencies) }
    if (holds(transaction, transition, last.context)) return { transition, context: last.context }
  }
  throw new TransactionAbortedError(
    'NoGuardMatched',
    `No guard matched from ${currentState} on ${event.name} (${candidates.length} guards tried)`,
  )
}

function holds(transaction: Transaction, { guard }: Transition, context: Value): boolean {
  const answer = runExpression(transaction, guard, context, 'GUARD')
  if (typeof answer !== 'boolean') throw evaluationFailed('GUARD', 'the guard gives no boolean')
  return answer
}

const sameIds = (left: readonly string[], right: readonly string[]): boolean =>
  left === right || (left.length === right.length && left.every((id, index) => id === right[index]))

function chargeEngine(transaction: Transaction, triggers: number, spawns: number): void {
  const { limits } = transaction
  transaction.gasUsed += limits.contextGas + triggers * limits.triggerGas + spawns * limits.spawnGas
  if (transaction.gasUsed > limits.gas) throw gasExhausted(transaction, 'EFFECT')
}
