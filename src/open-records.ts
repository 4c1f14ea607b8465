import { kill, pid } from 'node:process'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Pass } from './core/crash-point.ts'
import { passOn } from './core/crash-point.ts'
import type { Database } from './db/database.ts'
import { openPostgres } from './db/open-postgres.ts'
import { openSqlite } from './db/open-sqlite.ts'
import { openBridgeLease } from './intent/bridge-lease.ts'
import { createGameLocks, noLocks } from './intent/game-locks.ts'
import type { GameLocks, IntentLog, KeyStore } from './intent/intent.ts'
import { createIntentLog } from './intent/intent-log.ts'
import { createKeyStore } from './intent/key-store.ts'
import { randomId, systemClock } from './system.ts'
import { readPrivateFile } from './wallet/private-files.ts'

/** What the service writes down about what it does, and this process's part in it. */
export type Records = {
  readonly database: Database
  /** This run of this process, among all that ever wrote here. */
  readonly bridgeId: string
  readonly intents: IntentLog
  readonly keys: KeyStore
  readonly locks: GameLocks
  /** Do other bridges write here too? */
  readonly isShared: boolean
  close(): Promise<void>
}

/** @throws DatabaseLockedError, DatabaseDamagedError, DatabaseNewerError, DatabaseUnusableError, WalletFileError */
export async function openRecords({ records }: Config, log: Logger): Promise<Records> {
  await using opened = new AsyncDisposableStack()
  const database = opened.adopt(await openDatabase(records, log), (open) => open.close())
  const bridgeId = randomId()
  const part = log.child({ part: 'records', bridgeId })
  const lease = opened.adopt(await openBridgeLease({ database, bridgeId, clock: systemClock, log: part }), (open) =>
    open.close(),
  )
  const isShared = database.engine === 'postgres'
  const { isHeld } = lease
  const running = opened.move()
  return {
    database,
    bridgeId,
    intents: createIntentLog({ database, bridgeId, isShared, isHeld }),
    keys: createKeyStore({ database, bridgeId }),
    locks: isShared
      ? createGameLocks({ database, bridgeId, clock: systemClock, random: Math.random, isHeld })
      : noLocks,
    isShared,
    close: () => running.disposeAsync(),
  }
}

/** The database that the settings name; also for commands that only look. */
export async function openDatabase(
  { dataDir, url, urlFile }: Config['records'],
  log: Logger,
  options: { readonly isMigrated?: boolean } = {},
): Promise<Database> {
  const part = log.child({ part: 'db' })
  const address = urlFile === undefined ? url : await readAddress(urlFile)
  if (address !== undefined) return openPostgres({ url: address, log: part, ...options })
  return openSqlite({ path: `${dataDir}/db/otto.sqlite`, log: part, ...options })
}

const readAddress = async (file: string): Promise<string> =>
  (await readPrivateFile(file, { maxBytes: 4_096, followLink: true })).toString('utf8').trim()

/** Ends this process at the n-th passing of one place, as the kernel would: nothing is flushed, nothing is told. */
export function crashAt({ crashPoint }: Pick<Config, 'crashPoint'>): Pass {
  if (crashPoint === undefined) return passOn
  const [place, count] = crashPoint
  let passed = 0
  return (point) => {
    if (point === place && ++passed === count) kill(pid, 'SIGKILL')
  }
}
