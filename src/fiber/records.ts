import type { JsonValue } from '../core/json.ts'
import type { AccessControl, Definition, VocabularyName } from './messages.ts'

export type FiberStatus = 'Active' | 'Archived' | 'Failed'

/** Why a committed-or-aborted transaction failed. @see the engine's failure table */
export type FailureReason =
  | 'NoTransitionFound'
  | 'NoGuardMatched'
  | 'EvaluationError'
  | 'CycleDetected'
  | 'AccessDenied'
  | 'TriggerTargetNotFound'
  | 'GasExhaustedFailure'
  | 'FiberInputMismatch'
  | 'FiberNotFound'
  | 'FiberNotActive'
  | 'DepthExceeded'
  | 'OracleInvocationFailed'
  | 'CallerResolutionFailed'
  | 'StateSizeTooLarge'
  | 'InvalidChildIdFormat'
  | 'DuplicateChildId'
  | 'ChildIdCollision'
  | 'InvalidOwnersExpression'
  | 'InvalidOwnerAddress'

export type EmittedEvent = { readonly name: string; readonly data: JsonValue; readonly destination: string | null }

/** What the last event of a machine led to. A failure keeps the sequence number and says why. */
export type EventReceipt = {
  readonly fiberId: string
  readonly sequenceNumber: number
  readonly eventName: string
  readonly ordinal: number
  readonly fromState: string
  readonly toState: string
  readonly success: boolean
  readonly gasUsed: number
  readonly triggersFired: number
  readonly errorMessage: string | null
  /** The reason code, null on success. Not on the wire of a real node: there only the message stands. */
  readonly reason: FailureReason | null
  readonly sourceFiberId: string | null
  readonly emittedEvents: readonly EmittedEvent[]
}

/** One run of a script. `invokedBy` is an address, `invokedAt` an ordinal. */
export type Invocation = {
  readonly fiberId: string
  readonly method: string
  readonly args: JsonValue
  readonly result: JsonValue
  readonly gasUsed: number
  readonly invokedAt: number
  readonly invokedBy: string
}

type FiberRecord = {
  readonly fiberId: string
  readonly status: FiberStatus
  /** Addresses of the signers of the creating message, in the order of their key ids. */
  readonly owners: readonly string[]
  /** 0 at creation, one more for each committed step. */
  readonly sequenceNumber: number
  readonly creationOrdinal: number
  readonly previousUpdateOrdinal: number
  readonly latestUpdateOrdinal: number
  /** SHA-256, hex, of the plain canonical JSON of the state data. */
  readonly stateDataHash: string
}

export type MachineRecord = FiberRecord & {
  readonly kind: 'machine'
  readonly definition: Definition
  readonly currentState: string
  /** A map, but for a child that was spawned with something else: such a machine can take no step. */
  readonly stateData: JsonValue
  readonly lastReceipt: EventReceipt | null
  readonly parentFiberId: string | null
  readonly childFiberIds: readonly string[]
}

export type ScriptRecord = FiberRecord & {
  readonly kind: 'script'
  readonly vocabulary: VocabularyName
  readonly scriptProgram: JsonValue
  readonly stateData: JsonValue
  readonly accessControl: AccessControl
  readonly lastInvocation: Invocation | null
}

/** One fiber as the ledger holds it. Records are values: a step makes new ones. */
export type Fiber = MachineRecord | ScriptRecord
