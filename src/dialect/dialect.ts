import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Message, VocabularyName } from '../fiber/messages.ts'
import type { EventReceipt, Fiber, FiberStatus, Invocation } from '../fiber/records.ts'

export type DialectName = 'workchain' | 'ottochain'

/** Are null members of objects part of the signed text? Older nodes keep them, newer ones drop them. */
export type NullRegime = 'keep' | 'drop'

/** The last thing that happened to a machine, as its record tells it. */
export type LastEvent = {
  readonly success: boolean
  /** Null where the record does not name it (a success in the workchain dialect). */
  readonly eventName: string | null
  readonly ordinal: number
  /** The failure's message; null on success. */
  readonly reason: string | null
}

/** A machine as a client reads it: what every dialect's record can tell. */
export type MachineView = {
  readonly fiberId: string
  readonly currentState: string
  readonly stateData: JsonObject
  readonly sequenceNumber: number
  readonly owners: readonly string[]
  readonly status: FiberStatus
  readonly creationOrdinal: number
  readonly latestUpdateOrdinal: number
  readonly lastEvent: LastEvent | null
  /** The definition as the wire has it, for comparing with the one that was sent. */
  readonly definition: JsonValue
}

/** A script as a client reads it. */
export type ScriptView = {
  readonly fiberId: string
  readonly stateData: JsonValue
  readonly sequenceNumber: number
  readonly owners: readonly string[]
  readonly status: FiberStatus
  readonly creationOrdinal: number
  readonly latestUpdateOrdinal: number
  readonly lastInvocation: Omit<Invocation, 'fiberId'> | null
  /** The program as the wire has it. */
  readonly scriptProgram: JsonValue
}

/** Answers of the ledger that the dialect shapes: everything its routes say about fibers. */
export type LedgerState = {
  readonly ordinal: number
  readonly fibers: ReadonlyMap<string, Fiber>
  /** Runs of scripts, newest first, by fiber, where they are remembered; else a record shows its newest one. */
  readonly invocations?: ReadonlyMap<string, readonly Invocation[]>
}

/** What happened to fibers in one snapshot, in order. */
export type SnapshotLog = { readonly receipts: readonly EventReceipt[]; readonly invocations: readonly Invocation[] }

/** One chain's words: our messages ⇄ its wire JSON, its records ⇄ ours, its paths. */
export type Dialect = {
  readonly name: DialectName
  /** `/data-application` or `/data-application/v1`. */
  readonly prefix: string
  readonly nulls: NullRegime
  /** The names that this chain's expressions use. */
  readonly vocabulary: VocabularyName
  /** Path segments of the fiber routes below the prefix. */
  readonly paths: { readonly machines: string; readonly scripts: string }

  /**
   * The complete wire message: every optional field written, ids lower case, sets without duplicates, expressions in
   * the chain's vocabulary and in normal form. What is signed is its canonical text, nulls as `nulls` says.
   * @throws MessageIncompleteError without a target sequence number where the dialect signs one
   */
  encode(message: Message): JsonObject
  /**
   * What a node makes of a posted `value`: first member only, unknown members dropped, defaults filled in.
   * `encode(decode(wire))` is the text that a node hashes.
   * @throws MessageUndecodableError naming the field
   */
  decode(wire: JsonValue): Message

  /** A record as the ledger's routes show it; `invocations` of a script, newest first, where they are remembered. */
  encodeFiber(fiber: Fiber, invocations?: readonly Invocation[]): JsonObject
  /** `{ stateMachines, scriptOracles | scripts }`, the body's `state` at the checkpoint route. */
  encodeCalculatedState(state: LedgerState): JsonObject
  /** The on-chain state: what the snapshot itself commits to. `log` is that of the newest snapshot alone. */
  encodeOnChain(state: LedgerState, log: SnapshotLog): JsonObject
  /** @throws RecordUnreadableError where the shape is not a machine's */
  readMachine(json: JsonValue): MachineView
  /** @throws RecordUnreadableError where the shape is not a script's */
  readScript(json: JsonValue): ScriptView
  /** One machine or script inside a calculated state, undefined when it is not there. */
  findFiber(calculatedState: JsonValue, kind: 'machine' | 'script', fiberId: string): JsonValue | undefined
}
