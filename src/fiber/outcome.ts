import type { Phase } from './errors.ts'
import type { Problem } from './problem.ts'
import type { EmittedEvent, EventReceipt, FailureReason, Fiber, Invocation } from './records.ts'

/** What a message did to the ledger. */
export type Outcome = Committed | Aborted | Rejected

/** Everything happened at once: the records to store, and what the addressed fiber says about it. */
export type Committed = {
  readonly outcome: 'committed'
  readonly changed: readonly Fiber[]
  /** Of the addressed machine, where an event was processed. */
  readonly receipt: EventReceipt | null
  /** Of the addressed script, where one was invoked. */
  readonly invocation: Invocation | null
  /** All events of the transaction in order, those of triggered machines among them. */
  readonly emitted: readonly EmittedEvent[]
  /** What a node would have dropped in silence. */
  readonly warnings: readonly string[]
}

/** It was let through and failed: only the addressed machine changes, by a receipt; an invocation leaves no trace. */
export type Aborted = {
  readonly outcome: 'aborted'
  readonly changed: readonly Fiber[]
  readonly reason: FailureReason
  readonly message: string
  readonly phase: Phase | null
  readonly warnings: readonly string[]
}

/** It was not let through: nothing is stored. */
export type Rejected = { readonly outcome: 'rejected'; readonly problems: readonly Problem[] }
