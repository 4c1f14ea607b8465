import type { Clock, NewId } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import { silentLog } from '../core/log.ts'
import type { Database, Write } from '../db/database.ts'
import { selectGroups, selectRows, selectTotals } from './_usage-queries.ts'
import { createUsageRings } from './_usage-rings.ts'
import { insertRows } from './_usage-rows.ts'
import type { SettlementRow } from './budget.ts'
import type { UsageLedger, UsageRow } from './usage.ts'

export type UsageLedgerDeps = {
  readonly database: Pick<Database, 'query' | 'write' | 'later'>
  readonly clock: Pick<Clock, 'nowMs'>
  readonly newId: NewId
  readonly log?: Log
}

/** A ledger, and the row of a call for the transaction that settles it. */
export type UsageBook = UsageLedger & {
  /** Counts the row at once; what comes back stores it. @see Reservation.settle */
  entry(row: Omit<UsageRow, 'id' | 'atMs'>): SettlementRow
}

/** Rows that wait for a commit. A disk that takes none for so long loses those that come then. */
const maxWaiting = 10_000
/** A note of the database may be given up; the next one takes along what waited for it. */
const renotedEvery = 500
const topUnlessTold = 1_000

/**
 * The usage of everything, row by row in the database, and by time in memory. Rows that may be lost go together with the
 * next commit, or before somebody reads.
 */
export function createUsageLedger({ database, clock, newId, log = silentLog }: UsageLedgerDeps): UsageBook {
  const rings = createUsageRings()
  let waiting: UsageRow[] = []
  let isOnItsWay = false

  const count = (row: Omit<UsageRow, 'id' | 'atMs'>): UsageRow => {
    const counted = { ...row, id: newId(), atMs: clock.nowMs() }
    rings.add(counted)
    return counted
  }

  const takeWaiting = (): readonly UsageRow[] => {
    const rows = waiting
    waiting = []
    return rows
  }

  /** Takes along what waits when it runs first. It may run again, and then stores the very same. */
  const storeWaiting = (): Write<unknown> => {
    let rows: readonly UsageRow[] | undefined
    return (transaction) => {
      if (rows === undefined) isOnItsWay = false
      rows ??= takeWaiting()
      return insertRows(transaction, rows)
    }
  }

  /** @throws StorageUnavailableError; what waited waits on */
  const flush = async (): Promise<void> => {
    const rows = takeWaiting()
    if (rows.length === 0) return
    try {
      await database.write((transaction) => insertRows(transaction, rows))
    } catch (error) {
      waiting = [...rows, ...waiting].slice(0, maxWaiting)
      throw error
    }
  }

  return {
    record(row) {
      const counted = count(row)
      if (waiting.length >= maxWaiting) return log.warn({ kind: row.kind }, 'a row of the usage was lost')
      waiting.push(counted)
      if (isOnItsWay && waiting.length % renotedEvery !== 0) return
      isOnItsWay = true
      database.later(storeWaiting())
    },
    entry(row) {
      const counted = count(row)
      return async (transaction) => (await insertRows(transaction, [counted])) > 0
    },
    async getUsage(scope, range) {
      await flush()
      return selectTotals(database.query, { scope, range })
    },
    async query({ by, scope, range, top = topUnlessTold }) {
      await flush()
      return selectGroups(database.query, by, { scope, range, top })
    },
    async *rows(range, scope) {
      await flush()
      yield* selectRows(database.query, { scope, range }, clock.nowMs())
    },
    recent: (unit) => rings.recent(unit, clock.nowMs()),
  }
}
