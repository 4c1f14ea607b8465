import type { BoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Database } from '../db/database.ts'
import type { Bound } from './_bounds.ts'
import { minus, nothing, plus } from './_bounds.ts'
import type { Stored } from './_stored-scopes.ts'
import { settleRoom } from './_stored-scopes.ts'
import type { Amount, Reservation, SettlementRow } from './budget.ts'

export type ReservationParts = {
  readonly database: Pick<Database, 'engine' | 'query' | 'write' | 'later'>
  readonly clock: Pick<Clock, 'nowMs'>
  readonly log: Log
  /** How scopes of the database stood when this process last saw them. */
  readonly seen: BoundedMap<string, Stored>
}

/** What is held, and where. */
export type Held = {
  readonly own: readonly Stored[]
  readonly lasting: readonly Bound[]
  readonly reserved: Amount
  readonly outputTokens: number
}

/** Room that was taken on every bound; it is given back, or spent, once. */
export function createReservation(parts: ReservationParts, held: Held): Reservation {
  const { own, reserved, outputTokens } = held
  let isOver = false
  const close = async (asked: Amount, row: SettlementRow | undefined): Promise<void> => {
    if (isOver) return
    isOver = true
    const spent = { tokens: atMost(asked.tokens, reserved.tokens), nanoUsd: atMost(asked.nanoUsd, reserved.nanoUsd) }
    for (const { tally } of own) {
      tally.held = minus(tally.held, reserved)
      tally.spent = plus(tally.spent, spent)
    }
    await store(parts, held, spent, row)
  }
  return {
    outputTokens,
    reserved,
    isLasting: held.lasting.length > 0,
    settle: (spent, row) => close(spent, row),
    release: (row) => close(nothing, row),
  }
}

/** A whole number from 0 to what was reserved; what is no number is taken as all of it. */
const atMost = (spent: number, reserved: number): number =>
  Number.isNaN(spent) ? reserved : Math.min(reserved, Math.max(0, Math.ceil(spent)))

/**
 * One transaction for the settlement and the row of the call, so that the sum of the rows and what the scopes say do not
 * part. Without a row nothing tells whether an earlier try was stored, so it is not tried again: the hold stays.
 */
async function store(
  { database, clock, log, seen }: ReservationParts,
  { lasting, reserved }: Held,
  spent: Amount,
  row: SettlementRow | undefined,
): Promise<void> {
  if (lasting.length === 0) return row === undefined ? undefined : database.later(row)
  const settle = settleRoom(database.engine, lasting, { reserved, spent, nowMs: clock.nowMs() }, row)
  try {
    await database.write(settle)
  } catch (error) {
    log.warn({ err: error }, 'what a call did not need of its budget could not be given back yet')
    if (row !== undefined) database.later(settle)
    return
  }
  for (const { key } of lasting) {
    const known = seen.get(key)
    if (known === undefined) continue
    known.tally.held = minus(known.tally.held, reserved)
    known.tally.spent = plus(known.tally.spent, spent)
  }
}
