import type { Kysely, RawBuilder, Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Database } from '../db/database.ts'
import { StorageUnavailableError } from '../db/errors.ts'
import { prepared } from '../db/prepared.ts'
import type { IntentTable, Schema } from '../db/schema.ts'
import { nowIn, ownNowMs, timeIn } from './_now.ts'
import { pruneIntents, pruneKeys } from './_prune.ts'
import { isOpen, rowOf, toLogged } from './_rows.ts'
import type { IntentLog, Mark, Settlement } from './intent.ts'

export type IntentLogDeps = {
  readonly database: Database
  /** This process, by a name that no other run of any process has. */
  readonly bridgeId: string
  /** Do other bridges write here too (PostgreSQL only)? Then an intent needs the game's lock in the database. */
  readonly isShared: boolean
  /** Is this bridge's lease still good? Without it nothing new is prepared. Always, unless told. */
  readonly isHeld?: () => boolean
}

/** The log of intents in the service's own database. */
export function createIntentLog({ database, bridgeId, isShared, isHeld = () => true }: IntentLogDeps): IntentLog {
  /** Told here, though the note of it may not be stored yet. */
  const told = createBoundedMap<string, true>(10_000)

  const statements = createStatements(database)

  return {
    async prepare(intent) {
      if (!isHeld()) throw new StorageUnavailableError(new Error('The lease of this bridge has lapsed.'))
      const insert = statements.insert({ ...rowOf(intent), owner: bridgeId, now: await ownNowMs(database) })
      return database.write(async (transaction) => {
        if (isShared && !(await holdsGame(transaction, intent.gameId, bridgeId))) return false
        return (await transaction.executeQuery(insert)).numAffectedRows === 1n
      })
    },
    async sending(id) {
      const now = await nowIn(database)
      await database.write((transaction) =>
        transaction
          .updateTable('intents')
          .set({ sends: sql`sends + 1`, last_sent_ms: now })
          .where('id', '=', id)
          .execute(),
      )
    },
    accepted: (id) => database.later((transaction) => transaction.executeQuery(statements.accept({ id }))),
    async settle(id, settlement) {
      const settle = statements.settle({ ...endOf(settlement), id, now: await ownNowMs(database) })
      await database.write((transaction) => transaction.executeQuery(settle))
    },
    delivered(id) {
      told.set(id, true)
      database.later((transaction) => transaction.executeQuery(statements.deliver({ id })))
    },
    async owedIn(gameId) {
      // What `selectAll` of this table gives.
      const { rows } = (await database.query.executeQuery(statements.newestAndOpen({ gameId }))) as { rows: Row[] }
      const owed = rows.filter(({ id, state, delivered }, index) => {
        if (state === 'submitting' || state === 'accepted') return true
        return index === 0 && state === 'confirmed' && delivered === 0 && !told.get(id)
      })
      return owed.map(toLogged).reverse()
    },
    async underKey(principal, requestKey) {
      const row = await database.query
        .selectFrom('intents')
        .selectAll()
        .where('principal', '=', principal)
        .where('request_key', '=', requestKey)
        .orderBy('seq', 'desc')
        .limit(1)
        .executeTakeFirst()
      return row && toLogged(row)
    },
    markOf: (gameId) => newestMark(database.query, gameId),
    async adoptOpen(limit) {
      const now = await nowIn(database)
      const rows = await database.write((transaction) => adopt(transaction, { owner: bridgeId, limit, now, isShared }))
      return rows.sort((a, b) => a.seq - b.seq).map(toLogged)
    },
    async countOpen() {
      const row = await database.query
        .selectFrom('intents')
        .select(({ fn }) => [fn.countAll<number>().as('open'), fn.min('created_ms').as('oldest')])
        .where(isOpen)
        .executeTakeFirstOrThrow()
      return { open: row.open, oldestMs: row.oldest ?? undefined }
    },
    async prune() {
      await pruneIntents(database)
      await pruneKeys(database)
    },
  }
}

type Insertion = { readonly owner: string; readonly now: RawBuilder<number>; readonly isShared: boolean }

/** Has it the game's lock? If so, nobody takes it over before this transaction ends. */
async function holdsGame(transaction: Transaction<Schema>, gameId: string, holder: string): Promise<boolean> {
  const row = await transaction
    .selectFrom('game_locks')
    .select('holder')
    .where('game_id', '=', gameId)
    .where('holder', '=', holder)
    .forShare()
    .executeTakeFirst()
  return row !== undefined
}

/** The end of an intent, as its columns hold it. */
function endOf(settlement: Settlement) {
  const mark = settlement.state === 'confirmed' ? settlement.mark : undefined
  return {
    state: settlement.state,
    reason: settlement.state === 'rejected' ? JSON.stringify(settlement.reason) : null,
    script_sequence: mark?.scriptSequence ?? null,
    machine_id: mark?.machineId ?? null,
    machine_sequence: mark?.machineSequence ?? null,
  }
}

type Row = Selectable<IntentTable>
type NewRow = ReturnType<typeof rowOf> & { readonly owner: string; readonly now: number }
type End = ReturnType<typeof endOf> & { readonly id: string; readonly now: number }

/** The statements on the way of every move. */
function createStatements(database: Database) {
  const { query } = database
  const timeOf = (nowMs: number) => timeIn(database.engine, nowMs)
  return {
    /** Inserts nothing where an open row holds the slot. */
    insert: prepared<NewRow>((row) =>
      query
        .insertInto('intents')
        .values({
          id: row.id,
          owner: row.owner,
          game_id: row.game_id,
          slot: row.slot,
          principal: row.principal,
          request_key: row.request_key,
          wish: row.wish,
          trace_id: row.trace_id,
          messages: row.messages,
          hash: row.hash,
          facts: row.facts,
          state: 'submitting',
          sends: 1,
          last_sent_ms: timeOf(row.now),
          created_ms: timeOf(row.now),
          delivered: 0,
        })
        .onConflict((conflict) => conflict.doNothing()),
    ),
    accept: prepared<{ id: string }>(({ id }) =>
      query.updateTable('intents').set({ state: 'accepted' }).where('id', '=', id).where('state', '=', 'submitting'),
    ),
    /** Only what is open still: an end that is stored is the end. */
    settle: prepared<End>((end) =>
      query
        .updateTable('intents')
        .set({
          state: end.state,
          settled_ms: timeOf(end.now),
          reason: end.reason,
          script_sequence: end.script_sequence,
          machine_id: end.machine_id,
          machine_sequence: end.machine_sequence,
        })
        .where('id', '=', end.id)
        .where(isOpen),
    ),
    deliver: prepared<{ id: string }>(({ id }) =>
      query.updateTable('intents').set({ delivered: 1 }).where('id', '=', id),
    ),
    newestAndOpen: prepared<{ gameId: string }>(({ gameId }) => newestAndOpen(query, gameId)),
  }
}

/** The newest row of a game and its open ones, newest first. */
const newestAndOpen = (query: Kysely<Schema>, gameId: string) =>
  query
    .selectFrom('intents')
    .selectAll()
    .where('game_id', '=', gameId)
    .where(({ or, eb, selectFrom }) =>
      or([
        isOpen,
        eb(
          'seq',
          '=',
          selectFrom('intents as newest')
            .select(({ fn }) => fn.max('newest.seq').as('seq'))
            .where('newest.game_id', '=', gameId),
        ),
      ]),
    )
    .orderBy('seq', 'desc')

async function newestMark(query: Kysely<Schema>, gameId: string): Promise<Mark | undefined> {
  const row = await query
    .selectFrom('intents')
    .select(['script_sequence', 'machine_id', 'machine_sequence'])
    .where('game_id', '=', gameId)
    .where('machine_id', 'is not', null)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { script_sequence, machine_id, machine_sequence } = row
  if (script_sequence === null || machine_id === null || machine_sequence === null) return undefined
  return { scriptSequence: script_sequence, machineId: machine_id, machineSequence: machine_sequence }
}

type Adoption = Insertion & { readonly limit: number }

/** Takes the oldest open rows that nobody alive has, our own among them. */
const adopt = (transaction: Transaction<Schema>, { owner, now, limit, isShared }: Adoption) =>
  transaction
    .updateTable('intents')
    .set({ owner })
    .where('seq', 'in', ({ selectFrom }) =>
      selectFrom('intents')
        .select('seq')
        .where(isOpen)
        .where(({ or, eb, not, exists }) =>
          or([
            eb('owner', '=', owner),
            not(
              exists(
                selectFrom('bridges')
                  .select('bridges.id')
                  .whereRef('bridges.id', '=', 'intents.owner')
                  .where('until_ms', '>=', now),
              ),
            ),
          ]),
        )
        .orderBy('seq')
        .limit(limit)
        // Whoever is at a row now takes it: two bridges must not wait for each other.
        .$if(isShared, (query) => query.forUpdate().skipLocked()),
    )
    .returningAll()
    .execute()
