import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import { createKillSwitch } from './policy/create-kill-switch.ts'
import type { KillSwitch } from './policy/kill-switch.ts'
import { systemClock } from './system.ts'
import type { Publish } from './telemetry/event.ts'

type Deps = { readonly database: Database; readonly publish: Publish; readonly log: Logger }

/**
 * The switch as the settings, the file KILL in the data folder and the database have it.
 * @throws StorageUnavailableError
 */
export const openKillSwitch = ({ kill }: Pick<Config, 'kill'>, { database, publish, log }: Deps): Promise<KillSwitch> =>
  createKillSwitch({
    isOnByEnvironment: kill.isOn,
    file: kill.file,
    database,
    clock: systemClock,
    publish,
    log: log.child({ part: 'kill-switch' }),
  })
