import type { Transaction } from 'kysely'
import type { Clock } from '../core/clock.ts'
import { orAborted } from '../core/deadline.ts'
import type { BackOff } from '../core/retry.ts'
import { backOffMs } from '../core/retry.ts'
import type { Database } from '../db/database.ts'
import { StorageUnavailableError } from '../db/errors.ts'
import type { Schema } from '../db/schema.ts'
import { nowIn } from './_now.ts'
import type { GameLocks } from './intent.ts'

/** For one bridge alone: its own queue of each game keeps its writers apart. */
export const noLocks: GameLocks = { hold: async () => async () => undefined }

export type GameLocksDeps = {
  readonly database: Database
  readonly bridgeId: string
  readonly clock: Pick<Clock, 'sleep'>
  /** Numbers in [0, 1), to keep bridges that wait for one game apart. */
  readonly random: () => number
  /** Is this bridge's lease still good? Without it no game is taken. Always, unless told. */
  readonly isHeld?: () => boolean
}

/** Between two looks at a game that another bridge has. */
const wait: BackOff = { firstMs: 10, factor: 1.6, maxMs: 250, jitter: 0.5 }

/**
 * Locks of games as rows that all bridges on one database share: a bridge has a game until it gives it back or its
 * lease lapses. They keep bridges apart, not the writers inside one: a bridge queues those by itself, one at a time.
 */
export function createGameLocks(deps: GameLocksDeps): GameLocks {
  const { database, bridgeId: holder, clock, random, isHeld = () => true } = deps
  let holds = 0

  const take = async (gameId: string, hold: number): Promise<boolean> => {
    const now = await nowIn(database)
    const row = await database.write((transaction) =>
      transaction
        .insertInto('game_locks')
        .values({ game_id: gameId, holder, hold })
        .onConflict((conflict) =>
          conflict
            .column('game_id')
            .doUpdateSet({ holder, hold })
            .where(({ or, eb, not, exists, selectFrom }) =>
              or([
                eb('game_locks.holder', '=', holder),
                not(
                  exists(
                    selectFrom('bridges')
                      .select('bridges.id')
                      .whereRef('bridges.id', '=', 'game_locks.holder')
                      .where('until_ms', '>=', now),
                  ),
                ),
              ]),
            ),
        )
        .returning('game_id')
        .executeTakeFirst(),
    )
    return row !== undefined
  }

  const giveBack = async (gameId: string, hold: number): Promise<void> => {
    const free = (transaction: Transaction<Schema>) =>
      transaction
        .deleteFrom('game_locks')
        .where('game_id', '=', gameId)
        .where('holder', '=', holder)
        .where('hold', '=', hold) // not one that was taken since
        .execute()
    try {
      await database.write(free)
    } catch {
      database.later(free) // tried until it is stored: while we live, nobody else frees it
    }
  }

  return {
    async hold(gameId, signal) {
      const hold = ++holds
      const release = () => giveBack(gameId, hold)
      for (let look = 0; ; look++) {
        signal.throwIfAborted()
        if (!isHeld()) throw new StorageUnavailableError(new Error('The lease of this bridge has lapsed.'))
        if (await takeInTime(() => take(gameId, hold), release, signal)) return release
        await clock.sleep(backOffMs(look, wait, random), signal)
      }
    },
  }
}

/** Tries to take a lock. Where it fails or comes too late, it may have been taken: then it is given back. */
async function takeInTime(
  take: () => Promise<boolean>,
  release: () => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const taking = take()
  try {
    return await orAborted(taking, signal)
  } catch (error) {
    taking.then((isOurs) => (isOurs ? release() : undefined), release)
    throw error
  }
}
