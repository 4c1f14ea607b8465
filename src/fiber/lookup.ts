import type { Fiber } from './records.ts'

/** The fibers of a ledger by id, in lower case. A `Map` fits. */
export type FiberLookup = { get(id: string): Fiber | undefined }

/** One signature under a message, with the address that its key gives. */
export type EngineProof = { readonly id: string; readonly signature: string; readonly address: string }

/** The snapshot that a message becomes part of, and the hash of the one before. */
export type SnapshotContext = {
  readonly ordinal: number
  readonly lastSnapshotHash: string
  readonly epochProgress: number
}
