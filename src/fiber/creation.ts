import type { JsonValue } from '../core/json.ts'
import type { EngineProof } from './lookup.ts'
import type { CreateScript, CreateStateMachine } from './messages.ts'
import type { MachineRecord, ScriptRecord } from './records.ts'
import { hashOf } from './seal.ts'
import type { Transaction } from './transaction.ts'

/** What a transaction starts from: the fibers, the snapshot, the limits and the compiled programs. */
export type Ledger = Pick<Transaction, 'fibers' | 'limits' | 'programs' | 'snapshot'>

/** A machine at the beginning of its life, owned by its signers. @see OttoChain `FiberCombiner.createStateMachineFiber` */
export const newMachine = (
  ledger: Ledger,
  { fiberId, definition, initialData, parentFiberId }: CreateStateMachine,
  proofs: readonly EngineProof[],
): MachineRecord => ({
  kind: 'machine',
  ...newFiber(ledger, fiberId, initialData, proofs),
  definition: ledger.programs.shareDefinition(definition),
  currentState: definition.initialState,
  lastReceipt: null,
  parentFiberId,
  childFiberIds: [],
})

/** A script that nobody has invoked yet. @see OttoChain `ScriptCombiner.createScript` */
export const newScript = (
  ledger: Ledger,
  { fiberId, vocabulary, scriptProgram, initialState, accessControl }: CreateScript,
  proofs: readonly EngineProof[],
): ScriptRecord => ({
  kind: 'script',
  ...newFiber(ledger, fiberId, initialState, proofs),
  vocabulary,
  scriptProgram: ledger.programs.share(scriptProgram),
  accessControl,
  lastInvocation: null,
})

/** A machine that takes no more events of its own. The sequence number stays: archiving is no step. */
export const archived = ({ snapshot }: Ledger, record: MachineRecord): MachineRecord => ({
  ...record,
  status: 'Archived',
  previousUpdateOrdinal: record.latestUpdateOrdinal,
  latestUpdateOrdinal: snapshot.ordinal,
})

const newFiber = (
  { snapshot: { ordinal } }: Ledger,
  fiberId: string,
  stateData: JsonValue,
  proofs: readonly EngineProof[],
) =>
  ({
    fiberId,
    status: 'Active',
    owners: [...new Set(proofs.map(({ address }) => address))],
    sequenceNumber: 0,
    creationOrdinal: ordinal,
    previousUpdateOrdinal: ordinal,
    latestUpdateOrdinal: ordinal,
    stateData,
    stateDataHash: hashOf(stateData),
  }) as const
