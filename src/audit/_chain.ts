import type { ChainEnd } from './_tail.ts'
import type { AuditEntry, OwnEntry } from './record.ts'
import { encodeRecord, lineHash } from './record.ts'

/**
 * Records as lines, kept until they are on the disk: half a line may stand in the file after a failure, and after a
 * failed sync nobody knows what is on the disk. Then everything since the last good sync is written again.
 */
export type Chain = {
  add(at: string, entry: AuditEntry | OwnEntry): void
  /** The text that is not in the file yet; empty where all is. */
  unwritten(): string
  /** All that was added is in the file. */
  markWritten(): void
  /** All of it is on the disk. */
  markDurable(): void
  /** The file was cut back to what is on the disk. */
  rewind(): void
  /** How many records are not on the disk. */
  held(): number
  /** The newest record that is. */
  durable(): ChainEnd
}

/** A chain that goes on where a file ends. */
export function createChain(end: ChainEnd): Chain {
  let lines: string[] = []
  let written = 0 // how many of them are in the file
  let durable = end
  let newest: Pick<ChainEnd, 'seq' | 'head'> = end
  return {
    add(at, entry) {
      const seq = newest.seq + 1
      const line = encodeRecord({ seq, at, prev: newest.head }, entry)
      newest = { seq, head: lineHash(line) }
      lines.push(`${line}\n`)
    },
    unwritten: () => lines.slice(written).join(''),
    markWritten() {
      written = lines.length
    },
    markDurable() {
      const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0)
      durable = { seq: newest.seq, head: newest.head, length: durable.length + bytes }
      lines = []
      written = 0
    },
    rewind() {
      written = 0
    },
    held: () => lines.length,
    durable: () => durable,
  }
}
