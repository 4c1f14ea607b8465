import type { Transaction } from 'kysely'
import type { Log } from '../../src/core/log.ts'
import type { Database, Write } from '../../src/db/database.ts'
import type { Schema } from '../../src/db/schema.ts'

/** A database of a test, and another handle on the same records where the engine allows two. */
export type TestDatabase = { readonly database: Database; readonly other: Database; close(): Promise<void> }

/** Puts a row into a table that needs no others. */
export const insert =
  (gameId: string, hold = 0): Write<string> =>
  async (transaction: Transaction<Schema>) => {
    await transaction.insertInto('game_locks').values({ game_id: gameId, holder: 'h', hold }).execute()
    return gameId
  }

/** What `insert` has stored whose name begins so. */
export async function stored({ query }: Database, prefix: string): Promise<string[]> {
  const rows = await query.selectFrom('game_locks').select('game_id').where('game_id', 'like', `${prefix}%`).execute()
  return rows.map(({ game_id }) => game_id)
}

/** A name that no other test uses: they share a database. */
export const fresh = (): string => `${crypto.randomUUID()}/`

/** Keeps what is logged. */
export function recordingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = []
  const keep = (level: string) => (fields: object, message: string) =>
    void lines.push(
      `${level}: ${message} ${JSON.stringify(fields, (_, value) => (value instanceof Error ? String(value) : value))}`,
    )
  return { lines, info: keep('info'), warn: keep('warn'), error: keep('error') }
}

/** Until it is so, or ten seconds are over. */
export async function eventually<T>(look: () => Promise<T>, isThere: (found: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const found = await look()
    if (isThere(found) || tries >= 500) return found
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
