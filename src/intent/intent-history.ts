import type { RawBuilder } from 'kysely'
import { sql } from 'kysely'
import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { createTurns } from '../core/turns.ts'
import type { Database } from '../db/database.ts'
import type { IntentState } from './intent.ts'

/** An intent that the ledger or the rules refused after it was prepared. `reason` is the error as a caller was told. */
export type RejectedIntent = {
  readonly gameId: string
  readonly slot: string
  readonly traceId: string
  /** Of its last message. */
  readonly hash: string
  /** When its end was stored, epoch milliseconds. */
  readonly atMs: number
  readonly reason: JsonObject
}

/** What a message was for: its game, and the fiber that it is about. */
export type FoundIntent = { readonly gameId: string; readonly fiberId: string; readonly state: IntentState }

/** How many messages one key signed on one UTC day, `YYYY-MM-DD`. `id` is the public key as proofs name it. */
export type SignedCount = { readonly day: string; readonly id: string; readonly count: number }

/** What the log of intents tells of the past, as far as it is kept. Nothing here writes. @throws StorageUnavailableError */
export type IntentHistory = {
  /** Of the newest 10,000 intents those that were rejected, at most `limit`, those prepared last first. */
  rejected(limit: number): Promise<readonly RejectedIntent[]>
  /** Of the newest 10,000 intents the one whose last message has this hash. */
  withHash(hash: string): Promise<FoundIntent | undefined>
  /** What was signed in intents prepared since then, newest day first. @throws the signal's reason when it fires first */
  signedSince(sinceMs: number, signal: AbortSignal): Promise<readonly SignedCount[]>
}

/** Rows that one statement looks at: no index knows what is asked here, and SQLite holds the event loop meanwhile. */
const rowsAtOnce = 500
const newestRows = 10_000
/** The wall clock that times rows may have gone back between two of them. */
const slackMs = 24 * 3_600_000

/** JSON of ours: what was put in was of this type. */
const Stored = z.array(z.object({ message: z.object({ fiberId: z.string() }) }))

/** The history of the intents that a database holds. */
export function createIntentHistory(database: Database): IntentHistory {
  const { query } = database
  const turns = createTurns(1)

  /** Parts of the table, newest first. */
  async function* parts(maxRows: number): AsyncGenerator<Part> {
    const { newest, oldest } = await query
      .selectFrom('intents')
      .select(({ fn }) => [fn.max<number | null>('seq').as('newest'), fn.min<number | null>('seq').as('oldest')])
      .executeTakeFirstOrThrow()
    const end = Math.max(oldest ?? 1, (newest ?? 0) - maxRows + 1)
    for (let to = newest ?? 0; to >= end; to -= rowsAtOnce) {
      await turns.take()
      yield { from: Math.max(to - rowsAtOnce + 1, end), to }
    }
  }

  return {
    async rejected(limit) {
      const found: RejectedIntent[] = []
      for await (const { from, to } of parts(newestRows)) {
        const rows = await query
          .selectFrom('intents')
          .select(['game_id', 'slot', 'trace_id', 'hash', 'settled_ms', 'reason'])
          .where('seq', '>=', from)
          .where('seq', '<=', to)
          .where('state', '=', 'rejected')
          .orderBy('seq', 'desc')
          .limit(limit)
          .execute()
        found.push(...rows.map(toRejected))
        if (found.length >= limit) break
      }
      return found.slice(0, limit)
    },
    async withHash(hash) {
      for await (const { from, to } of parts(newestRows)) {
        const row = await query
          .selectFrom('intents')
          .select(['game_id', 'messages', 'state'])
          .where('seq', '>=', from)
          .where('seq', '<=', to)
          .where('hash', '=', hash)
          .orderBy('seq', 'desc')
          .limit(1)
          .executeTakeFirst()
        const fiberId = row && Stored.parse(JSON.parse(row.messages)).at(-1)?.message.fiberId
        if (row !== undefined && fiberId !== undefined) return { gameId: row.game_id, fiberId, state: row.state }
      }
      return undefined
    },
    async signedSince(sinceMs, signal) {
      const counts = new Map<string, SignedCount>()
      for await (const part of parts(Number.POSITIVE_INFINITY)) {
        signal.throwIfAborted()
        if (await isBefore(database, part, sinceMs - slackMs)) break
        const { rows } = await countSigned[database.engine](part, sinceMs).execute(query)
        for (const { day, id, count } of rows) {
          const key = `${day} ${id}`
          counts.set(key, { day, id, count: (counts.get(key)?.count ?? 0) + count })
        }
      }
      return [...counts.values()].sort((one, other) => (one.day < other.day ? 1 : one.day > other.day ? -1 : 0))
    },
  }
}

/** Rows by number, both ends among them. */
type Part = { readonly from: number; readonly to: number }

type RejectedRow = Pick<RejectedIntent, 'slot' | 'hash'> & {
  readonly game_id: string
  readonly trace_id: string
  readonly settled_ms: number | null
  readonly reason: string | null
}

const toRejected = ({ game_id, slot, trace_id, hash, settled_ms, reason }: RejectedRow): RejectedIntent => ({
  gameId: game_id,
  slot,
  traceId: trace_id,
  hash,
  atMs: settled_ms ?? 0,
  reason: reason === null ? {} : JSON.parse(reason),
})

/** Was everything in a part prepared before? An empty part says nothing. */
async function isBefore({ query }: Database, { from, to }: Part, ms: number): Promise<boolean> {
  const { newestMs } = await query
    .selectFrom('intents')
    .select(({ fn }) => fn.max<number | null>('created_ms').as('newestMs'))
    .where('seq', '>=', from)
    .where('seq', '<=', to)
    .executeTakeFirstOrThrow()
  return newestMs !== null && newestMs < ms
}

type CountSigned = (part: Part, sinceMs: number) => RawBuilder<SignedCount>

/**
 * In the database's own words for JSON: what it holds is long, and only the ids of the proofs are wanted. PostgreSQL
 * takes no text with U+0000 apart, so that is left out there; an escaped backslash before `u0000` is another thing.
 */
const countSigned: { readonly [engine in Database['engine']]: CountSigned } = {
  sqlite: ({ from, to }, sinceMs) => sql`
    select strftime('%Y-%m-%d', created_ms / 1000, 'unixepoch') as day, proof.value ->> '$.id' as id, count(*) as count
    from intents, json_each(intents.messages) as message, json_each(message.value, '$.envelope.proofs') as proof
    where seq between ${from} and ${to} and created_ms >= ${sinceMs}
    group by 1, 2`,
  postgres: ({ from, to }, sinceMs) => sql`
    select to_char(to_timestamp(created_ms / 1000.0) at time zone 'UTC', 'YYYY-MM-DD') as day, proof ->> 'id' as id,
      count(*) as count
    from intents, json_array_elements((case when strpos(messages, '\\u0000') = 0 then messages
        else regexp_replace(messages, '(\\\\\\\\)|\\\\u0000', '\\1', 'g') end)::json) as message,
      json_array_elements(message -> 'envelope' -> 'proofs') as proof
    where seq between ${from} and ${to} and created_ms >= ${sinceMs}
    group by 1, 2`,
}
