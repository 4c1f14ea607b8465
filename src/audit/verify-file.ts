import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { AuditUnwritableError } from './errors.ts'
import type { ReadRecord } from './record.ts'
import { genesisHash, lineHash, maxLineBytes, readRecord } from './record.ts'

/** What a log holds, as far as it is unbroken. */
export type AuditSummary = {
  readonly records: number
  /** Hash of the last record, 64 zeros where there is none. */
  readonly head: string
  /** Times of the first and the last record, RFC 3339. */
  readonly firstAt: string | undefined
  readonly lastAt: string | undefined
  /** How many records of each kind. */
  readonly kinds: ReadonlyMap<string, number>
  /** The sequence number of the record with the hash that was asked for. */
  readonly foundAt: number | undefined
}

/** Where a log breaks, counted from 1, and what is wrong there. */
export type AuditBreak = { readonly line: number; readonly fault: string }

/** `broken` is undefined for a log whose every record stands where it was written, as it was written. */
export type AuditVerdict = { readonly summary: AuditSummary; readonly broken: AuditBreak | undefined }

/**
 * Reads a log line by line, whatever its size, to its end or to the first line that is not as it must be. What was cut
 * off at a line's end does not show in the file: ask for a hash that the normal log tells of.
 * @param wanted hash of a record to look for
 * @throws AuditUnwritableError for a file that cannot be read
 */
export async function verifyAudit(path: string, wanted?: string): Promise<AuditVerdict> {
  const walk = createWalk(wanted)
  let handle: FileHandle
  try {
    handle = await open(path, 'r')
  } catch (error) {
    throw new AuditUnwritableError(path, error)
  }
  try {
    for await (const { bytes, isWhole } of linesOf(handle)) {
      const fault = isWhole ? walk.take(bytes) : unfinished(bytes)
      if (fault !== undefined) return { summary: walk.summary(), broken: { line: walk.summary().records + 1, fault } }
    }
    return { summary: walk.summary(), broken: undefined }
  } finally {
    await handle.close()
  }
}

const unfinished = (bytes: Uint8Array): string =>
  bytes.length > maxLineBytes
    ? 'the line is longer than any record'
    : `the line is unfinished: ${bytes.length} bytes without a line feed`

type Line = { readonly bytes: Uint8Array; readonly isWhole: boolean }

const chunkBytes = 256 * 1024
/** A service that runs may be in the middle of a write. */
const patienceMs = 250

/** The lines of a file; one that is not whole is the last. */
async function* linesOf(handle: FileHandle): AsyncGenerator<Line> {
  let rest: Uint8Array = new Uint8Array()
  const chunk = new Uint8Array(chunkBytes)
  for (let at = 0, isPatient = true; ; ) {
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, at)
    if (bytesRead === 0 && (rest.length === 0 || !isPatient)) break
    if (bytesRead === 0) await sleep(patienceMs)
    isPatient = bytesRead > 0
    at += bytesRead
    const text = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
    let start = 0
    for (let end = text.indexOf(0x0a); end >= 0; end = text.indexOf(0x0a, start)) {
      yield { bytes: text.subarray(start, end), isWhole: true }
      start = end + 1
    }
    rest = text.subarray(start)
    if (rest.length > maxLineBytes) break
  }
  if (rest.length > 0) yield { bytes: rest, isWhole: false }
}

/** Takes whole lines in order; gives what is wrong with one. */
function createWalk(wanted: string | undefined) {
  const kinds = new Map<string, number>()
  let [records, head] = [0, genesisHash]
  let firstAt: string | undefined
  let lastAt: string | undefined
  let foundAt: number | undefined
  return {
    take(line: Uint8Array): string | undefined {
      const record = readRecord(line)
      if (record === undefined) return 'the line was changed: its checksum does not fit'
      const fault = faultOf(record, records + 1, head)
      if (fault !== undefined) return fault
      records += 1
      head = lineHash(line)
      if (head === wanted) foundAt = record.seq
      firstAt ??= record.at
      lastAt = record.at
      kinds.set(record.kind, (kinds.get(record.kind) ?? 0) + 1)
      return undefined
    },
    summary: (): AuditSummary => ({ records, head, firstAt, lastAt, kinds, foundAt }),
  }
}

function faultOf({ seq, prev }: ReadRecord, expected: number, head: string): string | undefined {
  if (seq > expected) return `record ${expected} is missing: this is record ${seq}`
  if (seq < expected) return `record ${seq} stands here again, or out of its order: record ${expected} belongs here`
  return prev === head ? undefined : `record ${seq} follows another record than the one before it`
}
