import type { LedgerImage } from './image.ts'
import type { SnapshotLine } from './segment.ts'

/** Where snapshots last. */
export type Store = {
  /**
   * Resolves when the snapshot is durable, in the order of the calls.
   * @throws LedgerUnwritableError when the store closes and its disk refuses
   */
  append(line: SnapshotLine): Promise<void>
  /** Is the log so long that starting from it would take a while? */
  isCheckpointDue(): boolean
  /** Ends the segment at `image` and saves the image. Never throws: without a checkpoint the log is still enough. */
  checkpoint(image: LedgerImage): Promise<void>
  /** Is the disk refusing right now? It is tried again all the time. */
  isFailing(): boolean
  /** Calls back when it writes again. */
  onWritable(listener: () => void): void
  close(): Promise<void>
}

/** A store that forgets: everything is durable at once and gone at the end. For tests and demonstrations. */
export const createMemoryStore = (): Store => ({
  append: async () => undefined,
  isCheckpointDue: () => false,
  checkpoint: async () => undefined,
  isFailing: () => false,
  onWritable: () => undefined,
  close: async () => undefined,
})
