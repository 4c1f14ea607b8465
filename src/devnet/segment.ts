import { basename } from 'node:path'
import type { JsonObject } from '../core/json.ts'
import type { Signed } from '../signing/signed.ts'
import { decodeCheckedLine } from './checked-line.ts'
import { LedgerDamagedError, LedgerForeignError } from './errors.ts'

/** Version of the files' format; another one is never guessed at. */
export const ledgerFormat = 1

/** The first line of a segment: it holds the snapshots after `base`, whose hash is `hash`. */
export type SegmentHeader = {
  readonly format: number
  readonly dialect: string
  readonly base: number
  readonly hash: string
}

/** One snapshot as the log holds it: what was executed, in order, and the hash that replaying must give again. */
export type SnapshotLine = {
  readonly ordinal: number
  readonly hash: string
  readonly previous: string
  /** The newest ordinal that was on the disk when this line was made: proof that everything up to it was whole. */
  readonly durable: number
  /** Wire messages, re-encoded, with their proofs. */
  readonly updates: readonly Signed<JsonObject>[]
}

/** A segment as read: `length` is where its last whole line ends, in bytes. */
export type Segment = {
  readonly header: SegmentHeader
  readonly lines: readonly SnapshotLine[]
  readonly length: number
}

/** Segments sort by name as by base: `segment-0000000000002000.log`. */
export const segmentName = (base: number): string => `segment-${String(base).padStart(16, '0')}.log`

/** The base in a segment's file name, undefined for other files. */
export function segmentBase(name: string): number | undefined {
  const digits = /^segment-(\d{16})\.log$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/**
 * Reads a segment. A torn end is left out: it was never synced, so nobody saw it. Undefined when not even the header
 * is whole, which happens when the process ended while it began the segment.
 * @throws LedgerDamagedError for any other byte that is not as it was written
 * @throws LedgerForeignError for a segment of another dialect or format
 */
export function parseSegment(bytes: Uint8Array, path: string, dialect: string): Segment | undefined {
  const first = splitLine(bytes, 0)
  if (first === undefined) return undefined
  const header = decodeCheckedLine(first.line)
  if (header === undefined) throw damaged(path, 1, 'its checksum does not fit')
  assertOurs(header, path, dialect)
  // Its checksum holds and its format is ours: it is what our writer wrote.
  return readLines(bytes, first.end, path, header as SegmentHeader)
}

function readLines(bytes: Uint8Array, start: number, path: string, header: SegmentHeader): Segment {
  const lines: SnapshotLine[] = []
  let { base: ordinal, hash } = header
  for (let at = start; at < bytes.length; ) {
    const next = splitLine(bytes, at)
    // As above: our writer's line.
    const line = next && (decodeCheckedLine(next.line) as SnapshotLine | undefined)
    if (next === undefined || line === undefined) {
      if (isTorn(bytes, at, ordinal + 1)) return { header, lines, length: at }
      throw damaged(path, lines.length + 2, 'its checksum does not fit')
    }
    if (line.ordinal !== ordinal + 1 || line.previous !== hash)
      throw damaged(path, lines.length + 2, `it does not follow snapshot ${ordinal}`)
    lines.push(line)
    ordinal = line.ordinal
    hash = line.hash
    at = next.end
  }
  return { header, lines, length: bytes.length }
}

const lineFeed = 0x0a

function splitLine(bytes: Uint8Array, start: number): { line: Uint8Array; end: number } | undefined {
  const end = bytes.indexOf(lineFeed, start)
  return end < 0 ? undefined : { line: bytes.subarray(start, end), end: end + 1 }
}

/**
 * Is what begins here the rest of a write that never finished? Then a kill left a line without its end, or a power cut
 * left blocks of zeros. It is not when a later line proves that this one was durable, nor when the line is whole but
 * for changed bytes: an unfinished write does not look like that.
 */
function isTorn(bytes: Uint8Array, start: number, ordinal: number): boolean {
  for (let at = start, next = splitLine(bytes, at); next !== undefined; at = next.end, next = splitLine(bytes, at)) {
    const line = decodeCheckedLine(next.line) as SnapshotLine | undefined // our writer's, as above
    if (line !== undefined && line.durable >= ordinal) return false
  }
  const rest = bytes.subarray(start)
  if (rest.includes(lineFeed)) return rest.includes(0)
  return decodeCheckedLine(rest.subarray(0, -1)) === undefined // else its line feed alone was changed
}

function assertOurs(header: JsonObject, file: string, dialect: string): void {
  const found = `${header['dialect']} in format ${header['format']}`
  const expected = `${dialect} in format ${ledgerFormat}`
  if (found !== expected) throw new LedgerForeignError({ file: basename(file), found, expected })
}

const damaged = (path: string, line: number, fact: string) =>
  new LedgerDamagedError({ file: basename(path), line, fact })
