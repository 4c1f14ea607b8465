import type { Database } from '../db/database.ts'
import { toReason } from './_kill-file.ts'

/** What an administrator switched: undefined while it is off. */
export type FoundRow = { readonly sinceMs: number; readonly reason: string | null }

const name = 'kill'

/** @throws StorageUnavailableError */
export async function findKillRow({ query }: Pick<Database, 'query'>): Promise<FoundRow | undefined> {
  const row = await query
    .selectFrom('switches')
    .select(['is_on', 'reason', 'at_ms'])
    .where('name', '=', name)
    .executeTakeFirst()
  return row?.is_on === 1 ? { sinceMs: row.at_ms, reason: toReason(row.reason) } : undefined
}

export type KillOrder = {
  readonly isOn: boolean
  readonly principal: string
  readonly reason: string
  readonly atMs: number
}

/** @throws StorageUnavailableError */
export async function writeKillRow({ write }: Pick<Database, 'write'>, order: KillOrder): Promise<void> {
  const { isOn, principal, reason, atMs } = order
  const values = { is_on: isOn ? 1 : 0, principal, reason, at_ms: atMs }
  await write((transaction) =>
    transaction
      .insertInto('switches')
      .values({ name, ...values })
      .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
      .execute(),
  )
}
