import { access } from 'node:fs/promises'
import { pino } from 'pino'
import type { Config } from '../config.ts'
import type { Database } from '../db/database.ts'
import { listMigrations } from '../db/migrate.ts'
import { openSqlite } from '../db/open-sqlite.ts'
import { openKillSwitch } from '../open-kill-switch.ts'
import { openDatabase } from '../open-records.ts'
import type { KillState } from '../policy/kill-switch.ts'
import { publishNothing } from '../telemetry/event.ts'

const log = pino({ level: 'silent' })

/**
 * How the switch would stand if the service started now: by the environment of this command, the file, and the database,
 * where there is one. Nothing is made or changed.
 * @throws DatabaseLockedError and its siblings, StorageUnavailableError, when the database cannot be asked
 */
export async function readState(config: Config): Promise<KillState> {
  await using opened = new AsyncDisposableStack()
  const database = opened.adopt(await openStored(config.records), (open) => open.close())
  const kill = opened.adopt(await openKillSwitch(config, { database, publish: publishNothing, log }), (open) =>
    open.close(),
  )
  return kill.state()
}

/** One in memory stands for a database that is not there yet, or that no service of this version has opened. */
async function openStored(records: Config['records']): Promise<Database> {
  const isThere = records.url !== undefined || records.urlFile !== undefined || (await hasFile(records.dataDir))
  if (isThere) {
    const database = await openDatabase(records, log, { isMigrated: false })
    const migrations = await listMigrations(database.query, database.engine)
    if (migrations.every(({ ranAt }) => ranAt !== undefined)) return database
    await database.close()
  }
  return openSqlite({ path: ':memory:', log })
}

const hasFile = (dataDir: string): Promise<boolean> =>
  access(`${dataDir}/db/otto.sqlite`).then(
    () => true,
    () => false,
  )
