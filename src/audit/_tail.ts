import { AuditDamagedError } from './errors.ts'
import { genesisHash, lineHash, maxLineBytes, readRecord } from './record.ts'

/** Where a chain goes on: after this many records, the last of which has this hash, at this length of the file. */
export type ChainEnd = { readonly seq: number; readonly head: string; readonly length: number }

/** How much of a file's end is looked at: an unfinished line, and the last whole one before it. */
export const tailBytes = 16 * maxLineBytes

const lineFeed = 0x0a

/**
 * Finds the last whole line. What follows it is the rest of a write that a crash cut off.
 * @param end the last bytes of a file of `length` bytes, at most `tailBytes`
 * @throws AuditDamagedError when there is none, or it is no record
 */
export function findChainEnd(path: string, end: Uint8Array, length: number): ChainEnd {
  const lastFeed = end.lastIndexOf(lineFeed)
  if (lastFeed < 0) {
    if (end.length < length) throw new AuditDamagedError(path)
    return { seq: 0, head: genesisHash, length: 0 }
  }
  const line = end.subarray(end.subarray(0, lastFeed).lastIndexOf(lineFeed) + 1, lastFeed)
  const record = readRecord(line)
  if (record === undefined) throw new AuditDamagedError(path)
  return { seq: record.seq, head: lineHash(line), length: length - end.length + lastFeed + 1 }
}
