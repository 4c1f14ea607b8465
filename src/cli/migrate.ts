import { pino } from 'pino'
import { parseConfig } from '../config.ts'
import { listMigrations } from '../db/migrate.ts'
import { openDatabase } from '../open-records.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto migrate up
otto migrate status

up brings the tables of the service's own database to this version's; status only says which changes were made, and when.
It is the database that DATABASE_URL names, or else the file in OTTO_DATA_DIR. The service does the same at its start: up
is for who wants it done before, by a user with more rights. Changes go forward only.`

/** `otto migrate`: the tables of the service's own database. */
export const migrateCommand: Command = {
  name: 'migrate',
  summary: "bring the service's own database to this version, or say how far it is",
  usage,
  async run([action, ...rest], context) {
    if ((action === 'up' || action === 'status') && rest.length === 0) return migrateDatabase(action === 'up', context)
    context.err(`otto migrate: name one of up and status\n\n${usage}`)
    return 2
  },
}

async function migrateDatabase(isMigrated: boolean, { env, out }: CommandContext): Promise<number> {
  const { records, log } = parseConfig(env)
  const database = await openDatabase(records, pino({ level: log.level }), { isMigrated })
  try {
    for (const { name, ranAt } of await listMigrations(database.query, database.engine))
      out(`${name.padEnd(20)} ${ranAt === undefined ? 'not yet' : ranAt.toISOString()}`)
    return 0
  } finally {
    await database.close()
  }
}
