import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { BaseError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { encodeCheckedLine } from './checked-line.ts'
import { checkpointName, checkpointOrdinal } from './checkpoint.ts'
import { LedgerUnwritableError } from './errors.ts'
import type { LedgerImage } from './image.ts'
import { lockFile } from './lock.ts'
import type { OpenLogFile } from './log-file.ts'
import { syncDirectory } from './log-file.ts'
import type { OpenLog } from './log-writer.ts'
import { createLogWriter } from './log-writer.ts'
import type { Recovered } from './recovery.ts'
import { recover } from './recovery.ts'
import type { SegmentHeader } from './segment.ts'
import { ledgerFormat, segmentBase, segmentName } from './segment.ts'
import type { Store } from './store.ts'
import { writeCheckpoint } from './write-checkpoint.ts'

export type DiskStoreOptions = {
  /** The ledger's own folder; made with 0700 when absent. */
  readonly folder: string
  readonly dialect: string
  /** Hash of the state before the first snapshot, should the ledger be new. */
  readonly genesisHash: string
  /** A checkpoint is due after this many snapshots, or 16 MiB of log. */
  readonly checkpointEvery: number
  readonly openFile: OpenLogFile
  readonly clock: Clock
  readonly log: Log
}

const maxSegmentBytes = 16 * 1024 * 1024

/**
 * Opens a folder as a store, and gives what it already holds. The folder is locked until `close`.
 * @throws LedgerLockedError, LedgerForeignError, LedgerDamagedError, LedgerUnwritableError
 */
export async function openDiskStore(options: DiskStoreOptions): Promise<{ store: Store; recovered: Recovered }> {
  const { folder, dialect, log } = options
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const unlock = lockFile(join(folder, 'ledger.lock'))
    try {
      const recovered = await recover(folder, dialect)
      for (const file of recovered.skipped) log.warn({ file }, 'checkpoint is damaged, an older one is used')
      return { store: await createDiskStore(options, recovered, unlock), recovered }
    } catch (error) {
      unlock()
      throw error
    }
  } catch (error) {
    throw error instanceof BaseError ? error : new LedgerUnwritableError(folder, error)
  }
}

async function createDiskStore(options: DiskStoreOptions, recovered: Recovered, unlock: () => void): Promise<Store> {
  const { folder, dialect, openFile, checkpointEvery, clock, log } = options
  const { segment } = recovered
  let base = segment?.base ?? 0
  const start =
    segment === undefined ? await beginSegment(options, 0, options.genesisHash) : await resume(segment, openFile)
  let newest = recovered.lines.at(-1)?.snapshot.ordinal ?? base
  let bytes = start.length
  let saving = Promise.resolve()
  const listeners: (() => void)[] = []
  const writer = createLogWriter(start, { clock, onChange })

  function onChange(failure: unknown): void {
    if (failure === undefined) log.info({}, 'ledger can be written again')
    else log.error({ err: failure }, 'ledger cannot be written')
    if (failure === undefined) for (const listener of listeners) listener()
  }

  async function save(image: LedgerImage, segmentBegun: Promise<void>): Promise<void> {
    try {
      await segmentBegun
      await writeCheckpoint(join(folder, checkpointName(image.ordinal)), image, { dialect, openFile })
      await dropOld(folder)
    } catch (error) {
      log.warn({ err: error }, 'checkpoint could not be written')
    }
  }

  return {
    append(line) {
      const text = encodeCheckedLine(line)
      newest = line.ordinal
      bytes += text.length
      return writer.append(text)
    },
    isCheckpointDue: () => newest - base >= checkpointEvery || bytes >= maxSegmentBytes,
    checkpoint(image) {
      if (image.ordinal === base) return saving // nothing happened since the last one
      base = image.ordinal
      bytes = 0
      const segmentBegun = writer.switchTo(() => beginSegment(options, image.ordinal, image.hash))
      segmentBegun.catch(() => undefined) // seen by `save`, perhaps a while later
      saving = saving.then(() => save(image, segmentBegun))
      return saving
    },
    isFailing: writer.isFailing,
    onWritable: (listener) => void listeners.push(listener),
    async close() {
      await writer.close() // first: a checkpoint waits for its segment, which a full disk may keep back for ever
      await saving
      unlock()
    },
  }
}

/** Creates a segment with its first line on the disk, and its name too. An unfinished try is overwritten. */
async function beginSegment(
  { folder, dialect, openFile }: Pick<DiskStoreOptions, 'folder' | 'dialect' | 'openFile'>,
  base: number,
  hash: string,
): Promise<OpenLog> {
  const path = join(folder, segmentName(base))
  const header = { format: ledgerFormat, dialect, base, hash } satisfies SegmentHeader
  const bytes = Buffer.from(encodeCheckedLine(header), 'utf8')
  const file = await openFile(path)
  await file.truncate(0)
  await file.write(bytes, 0)
  await file.sync()
  await syncDirectory(folder)
  return { path, file, length: bytes.length }
}

/** Opens the segment that was being written, cut back to what is whole. */
async function resume({ path, length }: { path: string; length: number }, openFile: OpenLogFile): Promise<OpenLog> {
  const file = await openFile(path)
  await file.truncate(length)
  await file.sync()
  return { path, file, length }
}

/** Keeps the two newest checkpoints and the segments from the older of them on. */
async function dropOld(folder: string): Promise<void> {
  const names = await readdir(folder)
  const ordinals = names.map(checkpointOrdinal).filter((ordinal) => ordinal !== undefined)
  const keptFrom = ordinals.toSorted((a, b) => b - a)[1] ?? 0
  for (const name of names) {
    const ordinal = checkpointOrdinal(name) ?? segmentBase(name)
    if (ordinal !== undefined && ordinal < keptFrom) await rm(join(folder, name))
  }
}
