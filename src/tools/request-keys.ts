import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import { RequestKeyReusedError } from './errors.ts'
import type { ToolOutcome } from './tool.ts'

/** What a run gives: its answer, and whether that answer may be given again for the same key. */
export type KeyedRun = { readonly outcome: ToolOutcome; readonly isFinal: boolean }

/** Answers of requests that carried a key: a repeat gets the first answer, joins a running one, or is refused. */
export type RequestKeys = {
  /** @throws RequestKeyReusedError when the key stands for another request */
  run(
    key: string,
    fingerprint: string,
    work: () => Promise<KeyedRun>,
  ): Promise<{ outcome: ToolOutcome; again: boolean }>
}

type Entry = { readonly fingerprint: string; readonly answer: Promise<KeyedRun>; settledMs: number | undefined }

const KEEP_MS = 24 * 60 * 60 * 1000

/** Held in memory: a restart forgets the keys, and the slots of the ledger still keep a move from being played twice. */
export function createRequestKeys({ clock, maxKeys = 100_000 }: { clock: Clock; maxKeys?: number }): RequestKeys {
  const entries = createBoundedMap<string, Entry>(maxKeys)

  const standing = (key: string): Entry | undefined => {
    const entry = entries.get(key)
    const isOld = entry?.settledMs !== undefined && clock.monotonicMs() - entry.settledMs > KEEP_MS
    return isOld ? undefined : entry
  }

  return {
    async run(key, fingerprint, work) {
      const earlier = standing(key)
      if (earlier !== undefined) {
        if (earlier.fingerprint !== fingerprint) throw new RequestKeyReusedError()
        return { outcome: (await earlier.answer).outcome, again: true }
      }
      const entry: Entry = { fingerprint, answer: work(), settledMs: undefined }
      entries.set(key, entry)
      const { outcome, isFinal } = await entry.answer
      entry.settledMs = clock.monotonicMs()
      if (!isFinal) entries.delete(key)
      return { outcome, again: false }
    },
  }
}
