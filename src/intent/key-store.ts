import type { Selectable, Transaction } from 'kysely'
import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { StorageUnavailableError } from '../db/errors.ts'
import type { RequestKeyTable, Schema } from '../db/schema.ts'
import { nowIn } from './_now.ts'
import { keptMs } from './_prune.ts'
import type { KeyClaim, KeyStore } from './intent.ts'

export type KeyStoreDeps = {
  readonly database: Database
  /** This process. Two claims of its own for one key are the same claim: it keeps its callers apart by itself. */
  readonly bridgeId: string
}

/** No bridge has this name, so it is as good as one that is gone. */
const nobody = ''

/** Request keys in the service's own database. */
export function createKeyStore({ database, bridgeId }: KeyStoreDeps): KeyStore {
  return {
    async claim(principal, key, fingerprint) {
      const nowMs = await database.nowMs()
      return database.write((transaction) =>
        claim(transaction, { principal, key, fingerprint, owner: bridgeId, nowMs }),
      )
    },
    async settle(principal, key, outcome) {
      const now = await nowIn(database)
      await database.write((transaction) =>
        transaction
          .updateTable('request_keys')
          .set({ outcome: JSON.stringify(outcome), settled_ms: now })
          .where('principal', '=', principal)
          .where('key', '=', key)
          .where('outcome', 'is', null) // what was told once is told again, whoever comes later
          .execute(),
      )
    },
    async release(principal, key) {
      await database.write((transaction) =>
        transaction
          .deleteFrom('request_keys')
          .where('principal', '=', principal)
          .where('key', '=', key)
          .where('owner', '=', bridgeId)
          .where('outcome', 'is', null)
          .execute(),
      )
    },
    async leave(principal, key) {
      await database.write((transaction) =>
        transaction
          .updateTable('request_keys')
          .set({ owner: nobody })
          .where('principal', '=', principal)
          .where('key', '=', key)
          .where('owner', '=', bridgeId)
          .where('outcome', 'is', null)
          .execute(),
      )
    },
  }
}

type Claim = Pick<RequestKeyTable, 'principal' | 'key' | 'fingerprint' | 'owner'> & { readonly nowMs: number }

/** A row may go between two looks at it, so it is looked at again, but not for ever. */
const maxLooks = 5

async function claim(transaction: Transaction<Schema>, wanted: Claim): Promise<KeyClaim> {
  for (let look = 0; look < maxLooks; look++) {
    if (await insertKey(transaction, wanted)) return { kind: 'ours', isTakenOver: false }
    const row = await transaction
      .selectFrom('request_keys')
      .selectAll()
      .where('principal', '=', wanted.principal)
      .where('key', '=', wanted.key)
      .executeTakeFirst()
    const claimed = row && (await claimFrom(transaction, wanted, row))
    if (claimed !== undefined) return claimed
  }
  throw new StorageUnavailableError(new Error('A request key changed hands too often.'))
}

/** @returns undefined when the row was not there any more as it was read */
async function claimFrom(
  transaction: Transaction<Schema>,
  wanted: Claim,
  row: Selectable<RequestKeyTable>,
): Promise<KeyClaim | undefined> {
  const isExpired = row.settled_ms !== null && row.settled_ms < wanted.nowMs - keptMs
  if (isExpired) return (await takeRow(transaction, wanted, row)) ? { kind: 'ours', isTakenOver: false } : undefined
  if (row.fingerprint !== wanted.fingerprint) return { kind: 'other' }
  if (row.outcome !== null) return { kind: 'final', outcome: JSON.parse(row.outcome) }
  if (row.owner !== wanted.owner && (await isAlive(transaction, row.owner, wanted.nowMs))) return { kind: 'running' }
  return (await takeRow(transaction, wanted, row)) ? { kind: 'ours', isTakenOver: true } : undefined
}

async function insertKey(transaction: Transaction<Schema>, { nowMs, ...row }: Claim): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('request_keys')
    .values({ ...row, outcome: null, created_ms: nowMs, settled_ms: null })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

/** Makes a row ours, as new, if it still is as it was read. */
async function takeRow(
  transaction: Transaction<Schema>,
  { principal, key, fingerprint, owner, nowMs }: Claim,
  was: Selectable<RequestKeyTable>,
): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('request_keys')
    .set({ fingerprint, owner, outcome: null, created_ms: nowMs, settled_ms: null })
    .where('principal', '=', principal)
    .where('key', '=', key)
    .where('owner', '=', was.owner)
    .where('created_ms', '=', was.created_ms)
    .where(was.settled_ms === null ? sql<boolean>`settled_ms is null` : sql<boolean>`settled_ms = ${was.settled_ms}`)
    .executeTakeFirstOrThrow()
  return numUpdatedRows === 1n
}

const isAlive = async (transaction: Transaction<Schema>, id: string, nowMs: number): Promise<boolean> =>
  undefined !==
  (await transaction
    .selectFrom('bridges')
    .select('id')
    .where('id', '=', id)
    .where('until_ms', '>=', nowMs)
    .executeTakeFirst())
