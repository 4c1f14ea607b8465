import { sql } from 'kysely'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { Database } from '../db/database.ts'
import { nowIn } from './_now.ts'

/** Tells the other bridges that this one runs: what it has under way is its own as long as the lease holds. */
export type BridgeLease = {
  /** False when the lease may have lapsed: others may take over what is ours, so nothing new may be begun. */
  isHeld(): boolean
  /** Gives it up, so that the others need not wait for it to lapse. Never throws. */
  close(): Promise<void>
}

export type BridgeLeaseDeps = {
  readonly database: Database
  readonly bridgeId: string
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly log: Log
  /** How long it lasts without being renewed; 10 s unless told. */
  readonly leaseMs?: number
  /** Time between two renewals; 2 s unless told. */
  readonly renewMs?: number
}

/**
 * Opens the lease of this bridge. On SQLite the file's lock is the lease: whoever else is named there is gone, and
 * nothing has to be renewed.
 * @throws StorageUnavailableError
 */
export function openBridgeLease(deps: BridgeLeaseDeps): Promise<BridgeLease> {
  return deps.database.engine === 'sqlite' ? openAlone(deps) : openShared(deps)
}

async function openAlone({ database, bridgeId, log }: BridgeLeaseDeps): Promise<BridgeLease> {
  await database.write(async (transaction) => {
    await transaction.deleteFrom('bridges').execute()
    await transaction.insertInto('bridges').values({ id: bridgeId, until_ms: forEver }).execute()
  })
  let isHeld = true
  return {
    isHeld: () => isHeld,
    async close() {
      isHeld = false
      await giveUp(database, bridgeId, log)
    },
  }
}

const forEver = Number.MAX_SAFE_INTEGER

async function openShared(deps: BridgeLeaseDeps): Promise<BridgeLease> {
  const { database, bridgeId, clock, log, leaseMs = 10_000, renewMs = 2_000 } = deps
  // By our clock it starts before the question, by the database's after it: ours ends first.
  let renewedMs = clock.monotonicMs()
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let renewing: Promise<void> | undefined
  await renew(database, bridgeId, leaseMs)
  await forgetDead(database)

  const renewOnce = async (): Promise<void> => {
    const startedMs = clock.monotonicMs()
    try {
      await renew(database, bridgeId, leaseMs)
      renewedMs = startedMs
    } catch (error) {
      log.warn({ err: error, bridgeId }, 'the lease of this bridge was not renewed')
    }
    if (!isClosed) schedule()
  }
  const schedule = (): void => {
    timer = setTimeout(() => {
      renewing = renewOnce()
    }, renewMs).unref()
  }
  schedule()
  return {
    isHeld: () => !isClosed && clock.monotonicMs() - renewedMs < leaseMs,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await renewing // else it could come after the row is gone, and bring it back
      await giveUp(database, bridgeId, log)
    },
  }
}

async function renew(database: Database, id: string, leaseMs: number): Promise<void> {
  const until = sql<number>`${await nowIn(database)} + ${sql.lit(leaseMs)}`
  await database.write((transaction) =>
    transaction
      .insertInto('bridges')
      .values({ id, until_ms: until })
      .onConflict((conflict) => conflict.column('id').doUpdateSet({ until_ms: until }))
      .execute(),
  )
}

/** Rows of bridges that died long ago, so that there are never more than started within a day. */
async function forgetDead(database: Database): Promise<void> {
  const now = await nowIn(database)
  const longAgo = sql<number>`${now} - ${sql.lit(24 * 3_600_000)}`
  await database.write((transaction) => transaction.deleteFrom('bridges').where('until_ms', '<', longAgo).execute())
}

async function giveUp(database: Database, id: string, log: Log): Promise<void> {
  try {
    await database.write((transaction) => transaction.deleteFrom('bridges').where('id', '=', id).execute())
  } catch (error) {
    log.warn({ err: error, bridgeId: id }, 'the lease of this bridge was not given up; it will lapse')
  }
}
