import { isUuid } from '../core/uuid.ts'
import type { Value } from '../jlvm/value.ts'
import { isList, toJson } from '../jlvm/value.ts'
import { isAddress } from '../signing/address.ts'
import type { Event } from './context.ts'
import { spawnContext } from './context.ts'
import { TransactionAbortedError } from './errors.ts'
import type { FailureReason, MachineRecord } from './records.ts'
import { hashOf } from './seal.ts'
import type { SpawnDirective } from './spawn-directive.ts'
import { assertStorable } from './storable.ts'
import type { LiveMachine, Transaction } from './transaction.ts'
import { runExpression, writeFiber } from './transaction.ts'

type Plan = { readonly directive: SpawnDirective; readonly childId: string; readonly owners: readonly string[] }

/**
 * Adds the children of a step to the working copy and to their parent's list: each in the initial state of its
 * definition, at sequence number 0, active. Definitions of children are not validated.
 * @throws TransactionAbortedError for the first directive whose id or owners are unusable, then for an id that occurs
 * twice or is taken
 * @see OttoChain `SpawnValidator`, `SpawnProcessor`
 */
export function spawnChildren(
  transaction: Transaction,
  parent: LiveMachine,
  event: Event,
  directives: readonly SpawnDirective[],
): void {
  if (directives.length === 0) return
  const context = spawnContext(transaction, parent, event)
  const plans = directives.map((directive) => planOf(transaction, parent.record, directive, context))
  assertFresh(transaction, plans)
  const children = plans.map((plan) => bear(transaction, parent.record, plan, context))
  const childFiberIds = [...parent.record.childFiberIds, ...plans.map(({ childId }) => childId)]
  writeFiber(transaction, { ...parent, record: { ...parent.record, childFiberIds } })
  for (const child of children) writeFiber(transaction, child)
}

function planOf(transaction: Transaction, parent: MachineRecord, directive: SpawnDirective, context: Value): Plan {
  const childId = runExpression(transaction, directive.childId, context, 'SPAWN')
  if (typeof childId !== 'string' || !isUuid(childId))
    throw refused('InvalidChildIdFormat', 'The id of a child is not a UUID.')
  const owners =
    directive.owners === undefined
      ? parent.owners
      : readOwners(runExpression(transaction, directive.owners, context, 'SPAWN'))
  return { directive, childId: childId.toLowerCase(), owners }
}

function readOwners(owners: Value): readonly string[] {
  if (!isList(owners)) throw refused('InvalidOwnersExpression', 'The owners of a child are not an array of addresses.')
  const addresses = owners.map((owner) => {
    if (typeof owner !== 'string' || !isAddress(owner))
      throw refused('InvalidOwnerAddress', 'An owner of a child is not an address.')
    return owner
  })
  return [...new Set(addresses)]
}

function assertFresh({ fibers }: Transaction, plans: readonly Plan[]): void {
  const ids = new Set<string>()
  for (const { childId } of plans) {
    if (ids.has(childId)) throw refused('DuplicateChildId', `Two children of one step have the id ${childId}.`)
    ids.add(childId)
  }
  const taken = ids.values().find((id) => fibers.get(id) !== undefined)
  if (taken !== undefined) throw refused('ChildIdCollision', `A fiber with the id ${taken} exists already.`)
}

function bear(transaction: Transaction, parent: MachineRecord, plan: Plan, context: Value): LiveMachine {
  const { childId, directive, owners } = plan
  const data = runExpression(transaction, directive.initialData, context, 'SPAWN')
  assertStorable(data, transaction.limits, 'SPAWN')
  const { ordinal } = transaction.snapshot
  const stateData = toJson(data)
  return {
    kind: 'machine',
    data,
    record: {
      kind: 'machine',
      fiberId: childId,
      status: 'Active',
      owners,
      sequenceNumber: 0,
      creationOrdinal: ordinal,
      previousUpdateOrdinal: ordinal,
      latestUpdateOrdinal: ordinal,
      stateData,
      stateDataHash: hashOf(stateData),
      definition: transaction.programs.shareDefinition(directive.definition),
      currentState: directive.definition.initialState,
      lastReceipt: null,
      parentFiberId: parent.fiberId,
      childFiberIds: [],
    },
  }
}

const refused = (reason: FailureReason, message: string): TransactionAbortedError =>
  new TransactionAbortedError(reason, message, { phase: 'SPAWN' })
