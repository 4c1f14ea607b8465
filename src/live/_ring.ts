import type { LiveRecord, Sent } from './live.ts'

/** A record by its number. */
export type Entry = { readonly sequence: number; readonly gameId: string | null; readonly sent: Sent }

/** The last records, by numbers that only grow within one run of the process. */
export type Ring = {
  /** Numbers a record and keeps it. */
  add(make: (id: string) => LiveRecord): Entry
  /** The number of the newest record. */
  newest(): number
  /** Leaves a number out: ids before it resume nothing that begins with it. @returns that number */
  skip(): number
  idOf(sequence: number): string
  /**
   * What came after an id, undefined where that cannot be known: of another run, forgotten, or before `since`; or where
   * it is more text than a reader takes at once.
   */
  after(id: string, since: number, isWanted: (entry: Entry) => boolean): readonly Entry[] | undefined
}

/** Half of what makes a reader too slow. */
const maxReplayChars = 131_072

/** @param boot names this run of the process; no `-` in it */
export function createRing({ boot, size }: { readonly boot: string; readonly size: number }): Ring {
  const entries = new Map<number, Entry>()
  let newest = 0

  const idOf = (sequence: number): string => `${boot}-${sequence}`

  const sequenceOf = (id: string): number | undefined => {
    const [, named, digits] = /^([^-]{1,64})-([0-9]{1,15})$/.exec(id) ?? []
    return named === boot ? Number(digits) : undefined
  }
  const forgetOld = (): void => {
    entries.delete(newest - size)
  }
  return {
    idOf,
    newest: () => newest,
    add(make) {
      newest += 1
      const record = make(idOf(newest))
      const { id, type, gameId } = record
      const entry = { sequence: newest, gameId, sent: { id, type, json: JSON.stringify(record) } }
      entries.set(newest, entry)
      forgetOld()
      return entry
    },
    skip() {
      newest += 1
      forgetOld()
      return newest
    },
    after(id, since, isWanted) {
      const sequence = sequenceOf(id)
      if (sequence === undefined || sequence > newest || sequence < Math.max(since, newest - size)) return undefined
      const missed: Entry[] = []
      let chars = 0
      for (let next = sequence + 1; next <= newest; next++) {
        const entry = entries.get(next)
        if (entry === undefined || !isWanted(entry)) continue
        chars += entry.sent.json.length
        if (chars > maxReplayChars) return undefined
        missed.push(entry)
      }
      return missed
    },
  }
}
