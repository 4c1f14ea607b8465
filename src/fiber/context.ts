import type { Value } from '../jlvm/value.ts'
import { fromJson } from '../jlvm/value.ts'
import type { EngineProof } from './lookup.ts'
import type { LiveInvocation, LiveMachine, LiveScript, Transaction } from './transaction.ts'
import { readFiber } from './transaction.ts'
import { vocabularies } from './vocabulary.ts'

/** An event as guards and effects see it. Proofs are empty where a trigger sent it. */
export type Event = { readonly name: string; readonly payload: Value; readonly proofs: Value }

type Entry = readonly [string, Value]

/**
 * What the guard and the effect of one transition read: the machine before the step, the event, the snapshot, its
 * relatives, and of all other fibers only the listed dependencies. An unknown dependency is left out.
 * @see OttoChain `ContextProvider.buildContext`
 */
export function stepContext(
  transaction: Transaction,
  machine: LiveMachine,
  event: Event,
  dependencies: readonly string[],
): Value {
  const machines: Entry[] = []
  const scripts: Entry[] = []
  for (const id of dependencies) {
    const fiber = readFiber(transaction, id)
    if (fiber?.kind === 'machine') machines.push([id, machineView(fiber)])
    if (fiber?.kind === 'script') scripts.push([id, scriptView(fiber, usesOldNames(machine))])
  }
  return new Map<string, Value>([
    ...sharedEntries(transaction, machine, event),
    ['proofs', event.proofs],
    ['machines', new Map(machines)],
    [vocabularyOf(machine).scripts, new Map(scripts)],
  ])
}

/** What the expressions of a spawn read: the machine after its step, without proofs and other fibers. */
export const spawnContext = (transaction: Transaction, machine: LiveMachine, event: Event): Value =>
  new Map<string, Value>(sharedEntries(transaction, machine, event))

/** The proofs of a message as guards and effects see them, in the order of the proofs. */
export const proofsValue = (proofs: readonly EngineProof[]): Value =>
  proofs.map(
    ({ address, id, signature }) =>
      new Map<string, Value>([
        ['address', address],
        ['id', id],
        ['signature', signature],
      ]),
  )

/** What a script program reads. @see OttoChain `ContextProvider.buildOracleContext` */
export const scriptContext = ({ record, data }: LiveScript, method: string, args: Value): Value =>
  new Map<string, Value>([
    ['method', method],
    ['args', args],
    ...vocabularies[record.vocabulary].scriptState.map((key): Entry => [key, data]),
  ])

const vocabularyOf = ({ record }: LiveMachine) => vocabularies[record.definition.vocabulary]
const usesOldNames = ({ record }: LiveMachine): boolean => record.definition.vocabulary === 'workchain'

function sharedEntries(transaction: Transaction, machine: LiveMachine, event: Event): Entry[] {
  const { record, data } = machine
  const { snapshot } = transaction
  return [
    ['state', data],
    ['event', event.payload],
    [vocabularyOf(machine).eventName, event.name],
    ['machineId', record.fiberId],
    ['currentStateId', record.currentState],
    ['sequenceNumber', BigInt(record.sequenceNumber)],
    ['$ordinal', BigInt(snapshot.ordinal)],
    ['$lastSnapshotHash', snapshot.lastSnapshotHash],
    ['$epochProgress', BigInt(snapshot.epochProgress)],
    ['parent', parentView(transaction, record.parentFiberId)],
    ['children', childrenView(transaction, record.childFiberIds)],
  ]
}

function parentView(transaction: Transaction, id: string | null): Value {
  const parent = id === null ? undefined : readFiber(transaction, id)
  return parent?.kind === 'machine' ? new Map([...machineView(parent), ['machineId', parent.record.fiberId]]) : null
}

function childrenView(transaction: Transaction, ids: readonly string[]): Value {
  const children = new Map<string, Value>()
  for (const id of ids) {
    const child = readFiber(transaction, id)
    if (child?.kind === 'machine') children.set(id, machineView(child))
  }
  return children
}

const machineView = ({ record, data }: LiveMachine): ReadonlyMap<string, Value> =>
  new Map<string, Value>([
    ['state', data],
    ['currentStateId', record.currentState],
    ['sequenceNumber', BigInt(record.sequenceNumber)],
  ])

function scriptView({ record, data, invocation }: LiveScript, oldNames: boolean): Value {
  const last = invocation && invocationView(invocation)
  const sequenceNumber = BigInt(record.sequenceNumber)
  const view = new Map<string, Value>([
    ['state', data],
    ['status', record.status],
    ['sequenceNumber', sequenceNumber],
    ['lastInvocation', last],
  ])
  // The Workchain era kept a log; a record keeps the last run, so the log shows that one.
  return oldNames
    ? view
        .set('stateData', data)
        .set('invocationCount', sequenceNumber)
        .set('invocationLog', last === null ? [] : [last])
    : view
}

const invocationView = (invocation: LiveInvocation): Value =>
  new Map<string, Value>([
    ['method', invocation.method],
    ['args', invocation.args],
    ['result', invocation.result],
    ['gasUsed', fromJson(invocation.gasUsed)],
    ['invokedAt', fromJson(invocation.invokedAt)],
    ['invokedBy', invocation.invokedBy],
  ])
