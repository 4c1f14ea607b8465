import type { Kysely } from 'kysely'
import { sql } from 'kysely'
import { Migrator } from 'kysely/migration'
import { findCause } from '../core/errors.ts'
import type { Database } from './database.ts'
import { DatabaseNewerError, StorageUnavailableError } from './errors.ts'
import { migrationsFor } from './migrations.ts'
import type { Schema } from './schema.ts'

type Engine = Database['engine']

/** A migration and when it ran; undefined: not yet. */
export type MigrationRun = { readonly name: string; readonly ranAt: Date | undefined }

/** Every migration that this version knows, in order. @throws DatabaseNewerError; StorageUnavailableError */
export async function listMigrations(query: Kysely<Schema>, engine: Engine): Promise<readonly MigrationRun[]> {
  const known = Object.keys(migrationsFor(engine)).sort()
  const ran = new Map((await readRuns(query, engine)).map(({ name, timestamp }) => [name, new Date(timestamp)]))
  for (const name of ran.keys()) if (!known.includes(name)) throw new DatabaseNewerError(name)
  return known.map((name) => ({ name, ranAt: ran.get(name) }))
}

/**
 * Runs what has not run yet, all in one transaction. On PostgreSQL one process at a time, by an advisory lock.
 * @throws DatabaseNewerError; StorageUnavailableError
 */
export async function migrate(query: Kysely<Schema>, engine: Engine): Promise<void> {
  const provider = { getMigrations: async () => migrationsFor(engine) }
  const { error } = await new Migrator({ db: query, provider }).migrateToLatest()
  if (error === undefined) return
  await listMigrations(query, engine) // says it better where another, newer process was quicker
  throw findCause(error, StorageUnavailableError) ?? error
}

async function readRuns(query: Kysely<Schema>, engine: Engine) {
  const table = 'kysely_migration'
  const isThere =
    engine === 'sqlite'
      ? sql<{ there: number }>`select count(*) as there from sqlite_master where name = ${table}`
      : sql<{ there: number }>`select case when to_regclass(${table}) is null then 0 else 1 end as there`
  const { rows } = await isThere.execute(query)
  if (rows[0]?.there !== 1) return []
  const runs = sql<{ name: string; timestamp: string }>`select name, timestamp from ${sql.table(table)}`
  return (await runs.execute(query)).rows
}
