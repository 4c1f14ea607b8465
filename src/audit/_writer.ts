import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { createChain } from './_chain.ts'
import type { AuditFile } from './_file.ts'
import { createRunner } from './_runner.ts'
import type { ChainEnd } from './_tail.ts'
import type { AuditEntry, OwnEntry } from './record.ts'

/** Adds entries to a file in the order of their coming; whatever waits goes out in one write. */
export type AuditWriter = {
  append(entry: AuditEntry | OwnEntry): void
  /** Why nothing can be written now; undefined while it can. */
  failure(): unknown
  /** The newest record that is on the disk. */
  durable(): ChainEnd
  close(): Promise<void>
}

export type AuditWriterDeps = {
  readonly file: AuditFile
  /** Where the file ends. */
  readonly end: ChainEnd
  readonly clock: Clock
  readonly log: Log
  readonly maxHeld: number
}

type Waiting = { readonly at: string; readonly entry: AuditEntry | OwnEntry }

const syncEveryMs = 1_000

/** @param maxHeld how many entries may wait for the disk: one write and one sync a second take as many as came */
export function createAuditWriter({ file, end, clock, log, maxHeld }: AuditWriterDeps): AuditWriter {
  const closing = new AbortController()
  const chain = createChain(end)
  const waiting: Waiting[] = []
  const due = { lost: 0, isSync: false, isArmed: false }
  const held = () => waiting.length + chain.held()
  const hasWork = () => waiting.length > 0 || due.lost > 0 || (due.isSync && chain.held() > 0)
  const runner = createRunner({ step: persist, hasWork, closing: closing.signal, clock, log })
  const isFailing = () => runner.failure() !== undefined
  const now = () => new Date(clock.nowMs()).toISOString()

  async function persist(): Promise<void> {
    if (isFailing()) {
      await file.truncate(chain.durable().length)
      chain.rewind()
    }
    for (const { at, entry } of waiting.splice(0)) chain.add(at, entry)
    if (due.lost > 0 && held() < maxHeld) {
      chain.add(now(), { kind: 'gap', lost: due.lost })
      due.lost = 0
    }
    const text = chain.unwritten()
    if (text !== '') await file.append(Buffer.from(text, 'utf8'))
    chain.markWritten()
    // Sooner than after a second only where the room for what comes would run out.
    const mayWait = !isFailing() && !due.isSync && !closing.signal.aborted
    if (mayWait && chain.held() <= maxHeld / 2) return armSync()
    await file.sync()
    chain.markDurable()
    due.isSync = false
  }

  function armSync(): void {
    if (due.isArmed || chain.held() === 0) return
    due.isArmed = true
    clock.sleep(syncEveryMs, closing.signal).then(
      () => {
        Object.assign(due, { isArmed: false, isSync: true })
        runner.wake()
      },
      () => {}, // closing syncs by itself
    )
  }

  return {
    append(entry) {
      if (closing.signal.aborted) return
      if (held() >= maxHeld) due.lost += 1
      else waiting.push({ at: now(), entry })
      runner.wake()
    },
    failure: () => runner.failure() ?? (held() >= maxHeld ? new Error('Too much waits to be written.') : undefined),
    durable: chain.durable,
    async close() {
      closing.abort()
      due.isSync = true
      runner.wake()
      await runner.settled()
      const records = held() + due.lost
      if (records > 0) log.error({ err: runner.failure(), records }, 'records of the audit log are lost')
      await file.close()
    },
  }
}
