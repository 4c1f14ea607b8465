import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { nowIn } from './_now.ts'

/** What has ended is kept for a day, and longer while it is among so many newest: repeats are answered from it. */
export const keptMs = 24 * 3_600_000
const keptRows = 100_000
/** Rows a commit: others write in between. */
const batchRows = 1_000
/** Commits a call; the next call goes on. */
const maxBatches = 200

/** Deletes intents that ended long ago. @throws StorageUnavailableError */
export async function pruneIntents(database: Database): Promise<void> {
  const now = await nowIn(database)
  await inBatches(
    database,
    sql`delete from intents where seq in (
      select seq from intents
      where seq < (select seq from intents order by seq desc limit 1 offset ${sql.lit(keptRows - 1)})
        and settled_ms < ${now} - ${sql.lit(keptMs)}
      order by seq limit ${sql.lit(batchRows)})`,
  )
}

/** Deletes keys answered long ago, and those that a bridge left open when it died long ago. */
export async function pruneKeys(database: Database): Promise<void> {
  const now = await nowIn(database)
  await inBatches(
    database,
    sql`delete from request_keys where (principal, key) in (
      select principal, key from request_keys
      where created_ms < ${now} - ${sql.lit(keptMs)} and (
        (settled_ms < ${now} - ${sql.lit(keptMs)} and created_ms <
          (select created_ms from request_keys order by created_ms desc limit 1 offset ${sql.lit(keptRows - 1)}))
        or (outcome is null and not exists
          (select 1 from bridges where bridges.id = request_keys.owner and until_ms >= ${now})))
      order by created_ms limit ${sql.lit(batchRows)})`,
  )
}

async function inBatches(database: Database, deletion: RawBuilder<unknown>): Promise<void> {
  for (let batch = 0; batch < maxBatches; batch++) {
    const { numAffectedRows = 0n } = await database.write((transaction) => deletion.execute(transaction))
    if (numAffectedRows < batchRows) return
  }
}
