import type { CreateTableBuilder, Kysely } from 'kysely'
import { sql } from 'kysely'
import type { Migration } from 'kysely/migration'
import type { Database } from './database.ts'

type Engine = Database['engine']

/** Forward only: a migration that was released is never changed, a mistake is mended by the next one. */
export const migrationsFor = (engine: Engine): Readonly<Record<string, Migration>> => ({
  '001-intents': { up: (db) => createIntents(db, engine) },
  '002-agents': { up: (db) => createAgentTables(db, engine) },
})

// Kysely's own type for migrations: they run on schemas that are not today's.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Any = Kysely<any>

async function createIntents(db: Any, engine: Engine): Promise<void> {
  const whole = engine === 'sqlite' ? 'integer' : 'bigint'
  const counting = engine === 'sqlite' ? 'integer' : 'bigserial'
  await db.schema
    .createTable('intents')
    .addColumn('seq', counting, (column) =>
      engine === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('game_id', 'text', (column) => column.notNull())
    .addColumn('slot', 'text', (column) => column.notNull())
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('request_key', 'text')
    .addColumn('wish', 'text', (column) => column.notNull())
    .addColumn('trace_id', 'text', (column) => column.notNull())
    .addColumn('messages', 'text', (column) => column.notNull())
    .addColumn('hash', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('sends', whole, (column) => column.notNull())
    .addColumn('last_sent_ms', whole, (column) => column.notNull())
    .addColumn('facts', 'text', (column) => column.notNull())
    .addColumn('created_ms', whole, (column) => column.notNull())
    .addColumn('settled_ms', whole)
    .addColumn('delivered', whole, (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('script_sequence', whole)
    .addColumn('machine_id', 'text')
    .addColumn('machine_sequence', whole)
    .execute()
  await db.schema.createIndex('intents_of_game').on('intents').columns(['game_id', 'seq']).execute()
  await db.schema.createIndex('intents_of_key').on('intents').columns(['principal', 'request_key', 'seq']).execute()
  // Two events for one place, both of which may still be played, is the one thing that must not be.
  await sql`create unique index open_slots on intents (slot) where state in ('submitting', 'accepted')`.execute(db)
  await db.schema
    .createTable('request_keys')
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('fingerprint', 'text', (column) => column.notNull())
    .addColumn('owner', 'text', (column) => column.notNull())
    .addColumn('outcome', 'text')
    .addColumn('created_ms', whole, (column) => column.notNull())
    .addColumn('settled_ms', whole)
    .addPrimaryKeyConstraint('request_keys_pk', ['principal', 'key'])
    .execute()
  await db.schema.createIndex('request_keys_by_age').on('request_keys').column('created_ms').execute()
  await db.schema
    .createTable('game_locks')
    .addColumn('game_id', 'text', (column) => column.primaryKey())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('hold', whole, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('bridges')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('until_ms', whole, (column) => column.notNull())
    .execute()
  await createApprovals(db, engine)
  await db.schema
    .createTable('rate_counters')
    .addColumn('principal', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('tokens', 'double precision', (column) => column.notNull())
    .addColumn('at_ms', whole, (column) => column.notNull())
    .addPrimaryKeyConstraint('rate_counters_pk', ['principal', 'kind'])
    .execute()
}

/** By digests: PostgreSQL's indexes hold no row above 2,704 bytes, and a call may be longer. */
async function createApprovals(db: Any, engine: Engine): Promise<void> {
  const whole = engine === 'sqlite' ? 'integer' : 'bigint'
  await db.schema
    .createTable('approvals')
    .addColumn('seq', engine === 'sqlite' ? 'integer' : 'bigserial', (column) =>
      engine === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )
    .addColumn('digest', 'text', (column) => column.notNull().unique())
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('call', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('asked_ms', whole, (column) => column.notNull())
    .addColumn('until_ms', whole, (column) => column.notNull())
    .execute()
  await db.schema
    .createTable('begun_writes')
    .addColumn('place', 'text', (column) => column.primaryKey())
    .addColumn('call', 'text', (column) => column.notNull())
    .addColumn('run', 'text', (column) => column.notNull())
    .addColumn('runner', 'text')
    .addColumn('until_ms', whole, (column) => column.notNull())
    .execute()
}

async function createAgentTables(db: Any, engine: Engine): Promise<void> {
  const whole = engine === 'sqlite' ? 'integer' : 'bigint'
  await createCounted(db, engine, 'usage')
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .addColumn('at_ms', whole, (column) => column.notNull())
    .$call((table) => withColumns(table, usageTexts, 'text'))
    .$call((table) => withColumns(table, usageNumbers, whole))
    .execute()
  await db.schema.createIndex('usage_by_age').on('usage').column('at_ms').execute()
  await db.schema.createIndex('usage_of_agent').on('usage').columns(['agent_id', 'at_ms']).execute()
  await db.schema.createIndex('usage_of_session').on('usage').columns(['session_id', 'at_ms']).execute()
  await db.schema
    .createTable('budget_scopes')
    .$call((table) => withColumns(table, ['kind', 'id', 'period'], 'text'))
    .$call((table) =>
      withColumns(table, ['spent_tokens', 'spent_nano_usd', 'held_tokens', 'held_nano_usd', 'updated_ms'], whole),
    )
    .addPrimaryKeyConstraint('budget_scopes_pk', ['kind', 'id', 'period'])
    .execute()
  await createCounted(db, engine, 'tasks')
    .addColumn('id', 'text', (column) => column.notNull().unique())
    .$call((table) =>
      withColumns(table, ['session_id', 'agent_id', 'workflow_id', 'trace_id', 'principal', 'status', 'owner'], 'text'),
    )
    .addColumn('created_ms', whole, (column) => column.notNull())
    .addColumn('ended_ms', whole)
    .addColumn('result', 'text')
    .execute()
  await db.schema.createIndex('tasks_of_session').on('tasks').columns(['session_id', 'seq']).execute()
  await db.schema
    .createTable('switches')
    .addColumn('name', 'text', (column) => column.primaryKey())
    .$call((table) => withColumns(table, ['reason', 'principal'], 'text'))
    .$call((table) => withColumns(table, ['is_on', 'at_ms'], whole))
    .execute()
}

const usageTexts = [
  'kind',
  'trace_id',
  'workflow_id',
  'task_id',
  'agent_id',
  'session_id',
  'tx_id',
  'tool',
  'provider',
  'model',
  'code',
]
const usageNumbers = ['input_tokens', 'output_tokens', 'cached_tokens', 'estimated_tokens', 'nano_usd', 'ms', 'bytes']

/** A table whose rows are numbered in the order of their coming. */
const createCounted = (db: Any, engine: Engine, name: string) =>
  db.schema
    .createTable(name)
    .addColumn('seq', engine === 'sqlite' ? 'integer' : 'bigserial', (column) =>
      engine === 'sqlite' ? column.primaryKey().autoIncrement() : column.primaryKey(),
    )

const withColumns = (
  table: CreateTableBuilder<string, string>,
  names: readonly string[],
  type: 'text' | 'integer' | 'bigint',
): CreateTableBuilder<string, string> =>
  names.reduce((wider, name) => wider.addColumn(name, type, (column) => column.notNull()), table)
