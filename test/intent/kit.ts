import type { SignedMessage } from '../../src/chain/chain.ts'
import type { Log } from '../../src/core/log.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { openPostgres } from '../../src/db/open-postgres.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import type { BridgeLease } from '../../src/intent/bridge-lease.ts'
import { openBridgeLease } from '../../src/intent/bridge-lease.ts'
import { createGameLocks, noLocks } from '../../src/intent/game-locks.ts'
import type { GameLocks, Intent, IntentLog, KeyStore } from '../../src/intent/intent.ts'
import { createIntentLog } from '../../src/intent/intent-log.ts'
import { createKeyStore } from '../../src/intent/key-store.ts'
import { systemClock } from '../../src/system.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'

/** Everything of one bridge that outlives it. */
export type Bridge = {
  readonly id: string
  readonly database: Database
  readonly lease: BridgeLease
  readonly log: IntentLog
  readonly keys: KeyStore
  readonly locks: GameLocks
  /** Takes the lock of a game, where several bridges share the database; without it nothing is prepared there. */
  own(gameId: string): Promise<() => Promise<void>>
}

/** A database, and as many bridges on it as wanted. */
export type World = {
  /** The first, or one more; with a lease that lapses at once it counts as dead. */
  bridge(options?: { leaseMs?: number; renewMs?: number; log?: Log }): Promise<Bridge>
  readonly database: Database
  close(): Promise<void>
}

export type Engine = { readonly name: string; readonly isMissing: boolean; open(): Promise<World> }

export const engines: readonly Engine[] = [
  {
    name: 'SQLite',
    isMissing: false,
    async open() {
      const database = await openSqlite({ path: ':memory:', log: silentLog })
      return worldOf(database, () => database.close())
    },
  },
  {
    name: postgresName,
    isMissing: !hasPostgres,
    async open() {
      const { url, drop } = await createPostgresDatabase()
      const database = await openPostgres({ url, log: silentLog })
      return worldOf(database, async () => {
        await database.close()
        await drop()
      })
    },
  },
]

function worldOf(database: Database, close: () => Promise<void>): World {
  const leases: BridgeLease[] = []
  const isShared = database.engine === 'postgres'
  return {
    database,
    async bridge({ log: lines = silentLog, ...times } = {}) {
      const id = crypto.randomUUID()
      const clock = systemClock
      const lease = await openBridgeLease({ database, bridgeId: id, clock, log: lines, ...times })
      leases.push(lease)
      const { isHeld } = lease
      const locks = isShared ? createGameLocks({ database, bridgeId: id, clock, random: Math.random, isHeld }) : noLocks
      return {
        id,
        database,
        lease,
        locks,
        log: createIntentLog({ database, bridgeId: id, isShared, isHeld }),
        keys: createKeyStore({ database, bridgeId: id }),
        own: (gameId) => locks.hold(gameId, AbortSignal.timeout(10_000)),
      }
    },
    async close() {
      await Promise.all(leases.map((lease) => lease.close()))
      await close()
    },
  }
}

/** Kills a bridge as far as the others can see: its lease is over, and it does not know. */
export async function lapse({ database, id }: Bridge): Promise<void> {
  await database.write((transaction) => transaction.deleteFrom('bridges').where('id', '=', id).execute())
}

/** Makes everything stored look so much older. */
export async function age(database: Database, byMs: number): Promise<void> {
  await database.write(async (transaction) => {
    await transaction
      .updateTable('intents')
      .set(({ eb }) => ({ created_ms: eb('created_ms', '-', byMs), settled_ms: eb('settled_ms', '-', byMs) }))
      .execute()
    await transaction
      .updateTable('request_keys')
      .set(({ eb }) => ({ created_ms: eb('created_ms', '-', byMs), settled_ms: eb('settled_ms', '-', byMs) }))
      .execute()
  })
}

/** An intent that is nobody else's. */
export function intentOf(given: Partial<Intent> = {}): Intent {
  const id = crypto.randomUUID()
  // What the log keeps is only ever given back, so its inside does not matter here.
  const message = { kind: 'x', fiberId: id, text: 'ß "\u{1f600}\\' } as unknown as SignedMessage['message']
  const envelope = { value: { b: 1, a: [null, 1e21] }, proofs: [] } as unknown as SignedMessage['envelope']
  return {
    id,
    gameId: `game ${id}`,
    slot: `slot ${id}`,
    principal: 'p',
    requestKey: undefined,
    wish: 'X to 4',
    traceId: 't',
    messages: [{ message, hash: `hash ${id}`, envelope }],
    facts: { round: 1 },
    ...given,
  }
}
