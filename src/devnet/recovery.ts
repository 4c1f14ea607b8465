import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { checkpointOrdinal, parseCheckpoint } from './checkpoint.ts'
import { LedgerDamagedError } from './errors.ts'
import type { LedgerImage } from './image.ts'
import { emptyImage } from './image.ts'
import type { Segment, SnapshotLine } from './segment.ts'
import { parseSegment, segmentBase, segmentName } from './segment.ts'

/** A snapshot and where in the log it stands. */
export type LoggedSnapshot = { readonly snapshot: SnapshotLine; readonly file: string; readonly line: number }

/** What the files of a ledger hold. */
export type Recovered = {
  /** The newest whole checkpoint, the empty state where none was made yet, undefined where there is no ledger yet. */
  readonly image: LedgerImage | undefined
  /** The snapshots after it, in order and without a gap. */
  readonly lines: readonly LoggedSnapshot[]
  /** The segment to go on in, undefined where a new one must be begun. */
  readonly segment: { readonly path: string; readonly base: number; readonly length: number } | undefined
  /** Names of checkpoints that could not be read; an older one was taken. */
  readonly skipped: readonly string[]
}

/**
 * Reads a ledger's folder. Unfinished checkpoints and a segment without a whole first line are deleted.
 * @throws LedgerDamagedError, LedgerForeignError
 */
export async function recover(folder: string, dialect: string): Promise<Recovered> {
  const names = (await readdir(folder)).sort()
  for (const name of names) if (name.endsWith('.tmp')) await rm(join(folder, name))
  const { image, skipped } = await newestCheckpoint(folder, names, dialect)
  const start = image?.ordinal ?? 0
  const bases = names.map(segmentBase).filter((base) => base !== undefined && base >= start) as number[]
  const segments = await readSegments(folder, bases, dialect)
  const [first, last] = [segments[0], segments.at(-1)]
  assertComplete(names, image, segments)
  return {
    image: image ?? (first && emptyImage(first.header.hash)),
    lines: segments.flatMap(({ header, lines }) =>
      lines.map((snapshot, index) => ({ snapshot, file: segmentName(header.base), line: index + 2 })),
    ),
    segment: last && { path: join(folder, segmentName(last.header.base)), base: last.header.base, length: last.length },
    skipped,
  }
}

async function newestCheckpoint(folder: string, names: readonly string[], dialect: string) {
  const skipped: string[] = []
  const found = names.filter((name) => checkpointOrdinal(name) !== undefined).reverse()
  let failure: unknown
  for (const name of found) {
    try {
      return { image: parseCheckpoint(await readFile(join(folder, name)), name, dialect), skipped }
    } catch (error) {
      if (!(error instanceof LedgerDamagedError)) throw error
      failure ??= error
      skipped.push(name)
    }
  }
  // The log before the oldest checkpoint is gone, unless that log begins at the beginning.
  if (failure !== undefined && !names.includes(segmentName(0))) throw failure
  return { image: undefined, skipped }
}

async function readSegments(folder: string, bases: readonly number[], dialect: string): Promise<readonly Segment[]> {
  const segments: Segment[] = []
  for (const [index, base] of bases.entries()) {
    const name = segmentName(base)
    const bytes = await readFile(join(folder, name))
    const segment = parseSegment(bytes, name, dialect)
    const isLast = index === bases.length - 1
    if (!isLast && segment?.length !== bytes.length)
      throw new LedgerDamagedError({ file: name, line: (segment?.lines.length ?? 0) + 2, fact: 'its end is missing' })
    if (segment !== undefined) segments.push(segment)
    else await rm(join(folder, name)) // the process ended before it had its first line
  }
  return segments
}

/** @throws LedgerDamagedError when a segment does not begin where the one before, or the checkpoint, ends */
function assertComplete(names: readonly string[], image: LedgerImage | undefined, segments: readonly Segment[]): void {
  let end = image && { ordinal: image.ordinal, hash: image.hash }
  for (const { header, lines } of segments) {
    const file = segmentName(header.base)
    if (header.base !== (end?.ordinal ?? 0) || header.hash !== (end?.hash ?? header.hash))
      throw new LedgerDamagedError({ file, line: 1, fact: `it does not follow snapshot ${end?.ordinal ?? 0}` })
    const last = lines.at(-1) ?? { ordinal: header.base, hash: header.hash }
    end = { ordinal: last.ordinal, hash: last.hash }
  }
  const isNew = names.every((name) => segmentBase(name) === undefined || segmentBase(name) === 0)
  if (segments.length === 0 && (image !== undefined || !isNew))
    throw new LedgerDamagedError({ file: names.at(-1) ?? '', line: 1, fact: 'the log after it is missing' })
}
