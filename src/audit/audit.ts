import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { BaseError } from '../core/errors.ts'
import type { Log } from '../core/log.ts'
import { StorageUnavailableError } from '../db/errors.ts'
import type { OpenAuditFile } from './_file.ts'
import { openAuditFile } from './_file.ts'
import { lockAudit } from './_lock.ts'
import { findChainEnd, tailBytes } from './_tail.ts'
import type { AuditWriter } from './_writer.ts'
import { createAuditWriter } from './_writer.ts'
import { AuditUnwritableError } from './errors.ts'
import type { AuditEntry } from './record.ts'

/** Who had what done: a file to which lines are added, each holding the hash of the one before. */
export type Audit = {
  /** Takes an entry for the file and returns at once. What there is no room for is counted, and a record says so. */
  append(entry: AuditEntry): void
  /** @throws StorageUnavailableError while the file cannot be written: then nothing may be signed */
  assertWritable(): void
  /** Writes what waits, once more if writing fails, and gives the file free. */
  close(): Promise<void>
}

export type AuditOptions = {
  /** Made with 0600, its folder with 0700. For this process alone. */
  readonly file: string
  readonly clock: Clock
  /** Where the newest hash is told, so that cutting off the file's end shows. */
  readonly log: Log
  /** How often it is told, where it changed; a minute unless told. */
  readonly headEveryMs?: number
  /** How many entries may wait for the disk; 10,000 unless told. */
  readonly maxHeld?: number
  readonly openFile?: OpenAuditFile
}

/**
 * Opens an audit log, or begins one, and goes on in its chain. An unfinished last line is cut off, and a record says how
 * many bytes that were.
 * @throws AuditLockedError, AuditDamagedError, AuditUnwritableError
 */
export async function createAudit(options: AuditOptions): Promise<Audit> {
  const { file: path } = options
  let unlock: (() => void) | undefined
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    unlock = lockAudit(path)
    return toAudit(await openWriter(options), options, unlock)
  } catch (error) {
    unlock?.()
    throw error instanceof BaseError ? error : new AuditUnwritableError(path, error)
  }
}

async function openWriter({ file: path, clock, log, maxHeld = 10_000, openFile = openAuditFile }: AuditOptions) {
  const { file, length, end } = await openFile(path, tailBytes)
  try {
    const chainEnd = findChainEnd(path, end, length)
    const droppedBytes = length - chainEnd.length
    const writer = createAuditWriter({ file, end: chainEnd, clock, log, maxHeld })
    if (droppedBytes > 0) {
      await file.truncate(chainEnd.length)
      log.warn({ file: path, droppedBytes }, 'the end of the audit log was unfinished and is cut off')
      writer.append({ kind: 'repair', droppedBytes })
    }
    return writer
  } catch (error) {
    await file.close()
    throw error
  }
}

function toAudit(writer: AuditWriter, { log, headEveryMs = 60_000 }: AuditOptions, unlock: () => void): Audit {
  let told = ''
  const tellHead = (): void => {
    const { seq, head } = writer.durable()
    if (head !== told) log.info({ seq, head }, 'audit head')
    told = head
  }
  tellHead()
  // It holds no process up: the last head is told by `close`.
  const timer = setInterval(tellHead, headEveryMs).unref()
  return {
    append: writer.append,
    assertWritable() {
      const failure = writer.failure()
      if (failure !== undefined) throw new StorageUnavailableError(failure)
    },
    async close() {
      clearInterval(timer)
      await writer.close()
      tellHead()
      unlock()
    },
  }
}
