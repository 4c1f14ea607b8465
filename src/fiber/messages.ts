import type { JsonValue } from '../core/json.ts'

/** The names an expression was written with: today's, or those of the Workchain era. @see ./vocabulary.ts */
export type VocabularyName = 'current' | 'workchain'

/** One state of a machine. `isFinal` is stored and never enforced: a final state is final because nothing leaves it. */
export type State = { readonly id: string; readonly isFinal: boolean; readonly metadata: JsonValue }

/** One edge. `guard` and `effect` are JSON-Logic expressions; `dependencies` are UUIDs of fibers they may read. */
export type Transition = {
  readonly from: string
  readonly to: string
  readonly eventName: string
  readonly guard: JsonValue
  readonly effect: JsonValue
  readonly dependencies: readonly string[]
}

/** A state machine: states by id, where it begins, and its transitions in order (the first that matches wins). */
export type Definition = {
  readonly vocabulary: VocabularyName
  readonly states: { readonly [id: string]: State }
  readonly initialState: string
  readonly transitions: readonly Transition[]
  readonly metadata: JsonValue
}

/** Who may invoke a script. */
export type AccessControl =
  | { readonly type: 'Public' }
  | { readonly type: 'Whitelist'; readonly addresses: readonly string[] }
  | { readonly type: 'FiberOwned'; readonly fiberId: string }

export type CreateStateMachine = {
  readonly type: 'CreateStateMachine'
  readonly fiberId: string
  readonly definition: Definition
  readonly initialData: JsonValue
  readonly parentFiberId: string | null
}

/** An event for a machine. A dialect carries the key or the target sequence number; the other is null. */
export type TransitionStateMachine = {
  readonly type: 'TransitionStateMachine'
  readonly fiberId: string
  readonly eventName: string
  readonly payload: JsonValue
  readonly targetSequenceNumber: number | null
  readonly idempotencyKey: string | null
}

export type ArchiveStateMachine = {
  readonly type: 'ArchiveStateMachine'
  readonly fiberId: string
  readonly targetSequenceNumber: number | null
}

export type CreateScript = {
  readonly type: 'CreateScript'
  readonly fiberId: string
  readonly vocabulary: VocabularyName
  readonly scriptProgram: JsonValue
  readonly initialState: JsonValue
  readonly accessControl: AccessControl
}

export type InvokeScript = {
  readonly type: 'InvokeScript'
  readonly fiberId: string
  readonly method: string
  readonly args: JsonValue
  readonly targetSequenceNumber: number | null
}

/** Everything that can be asked of the ledger, in today's words whatever the dialect. */
export type Message = CreateStateMachine | TransitionStateMachine | ArchiveStateMachine | CreateScript | InvokeScript
