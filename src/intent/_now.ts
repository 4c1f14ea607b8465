import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'

/**
 * The time of the database's clock as a part of a statement, epoch milliseconds: PostgreSQL is not asked for it first.
 * Bridges on several machines share that clock and no other.
 */
export const nowIn = async (database: Database): Promise<RawBuilder<number>> =>
  timeIn(database.engine, await ownNowMs(database))

/** What the statements of `timeIn` want to know beforehand: PostgreSQL takes its own time, and is not asked for it. */
export const ownNowMs = async (database: Database): Promise<number> =>
  database.engine === 'postgres' ? 0 : database.nowMs()

/** The same where that was asked already. */
export const timeIn = (engine: Database['engine'], nowMs: number): RawBuilder<number> =>
  engine === 'postgres' ? sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint` : sql<number>`${nowMs}`
