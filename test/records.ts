import { silentLog } from '../src/core/log.ts'
import type { Database } from '../src/db/database.ts'
import { openSqlite } from '../src/db/open-sqlite.ts'
import { openBridgeLease } from '../src/intent/bridge-lease.ts'
import { noLocks } from '../src/intent/game-locks.ts'
import type { KeyStore } from '../src/intent/intent.ts'
import { createIntentLog } from '../src/intent/intent-log.ts'
import { createKeyStore } from '../src/intent/key-store.ts'
import { randomId, systemClock } from '../src/system.ts'

/** A database in memory. */
export const openMemory = (): Promise<Database> => openSqlite({ path: ':memory:', log: silentLog })

/** What one bridge writes down, as the service opens it; a second bridge on the same database stands for a restart. */
export async function openRecords(given?: Database) {
  const database = given ?? (await openMemory())
  const bridgeId = randomId()
  const lease = await openBridgeLease({ database, bridgeId, clock: systemClock, log: silentLog })
  return {
    database,
    bridgeId,
    intents: createIntentLog({ database, bridgeId, isShared: false }),
    keys: createKeyStore({ database, bridgeId }),
    locks: noLocks,
    isShared: false,
    async close() {
      await lease.close()
      if (given === undefined) await database.close()
    },
  }
}

/** Request keys in a database in memory that opens with the first of them. */
export function memoryKeys(): KeyStore {
  let opened: Promise<KeyStore> | undefined
  const open = () => {
    opened ??= openRecords().then(({ keys }) => keys)
    return opened
  }
  return {
    claim: async (...args) => (await open()).claim(...args),
    settle: async (...args) => (await open()).settle(...args),
    release: async (...args) => (await open()).release(...args),
    leave: async (...args) => (await open()).leave(...args),
  }
}
