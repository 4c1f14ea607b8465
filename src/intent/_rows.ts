import type { Selectable } from 'kysely'
import { sql } from 'kysely'
import type { IntentTable } from '../db/schema.ts'
import type { Intent, LoggedIntent } from './intent.ts'

/** Written out, not bound: only so do both engines see that the index of open rows answers it. */
export const isOpen = sql<boolean>`state in ('submitting', 'accepted')`

/** A new intent's row, but for what the database itself knows: its number and the time. */
export const rowOf = ({ id, gameId, slot, principal, requestKey, wish, traceId, messages, facts }: Intent) => ({
  id,
  game_id: gameId,
  slot,
  principal,
  request_key: requestKey ?? null,
  wish,
  trace_id: traceId,
  messages: JSON.stringify(messages),
  hash: messages.at(-1)?.hash ?? '',
  facts: JSON.stringify(facts),
})

/** The inverse of `rowOf`. JSON of ours: what was put in was of these types. */
export const toLogged = (row: Selectable<IntentTable>): LoggedIntent => ({
  id: row.id,
  gameId: row.game_id,
  slot: row.slot,
  principal: row.principal,
  requestKey: row.request_key ?? undefined,
  wish: row.wish,
  traceId: row.trace_id,
  messages: JSON.parse(row.messages),
  facts: JSON.parse(row.facts),
  state: row.state,
  sends: row.sends,
  lastSentMs: row.last_sent_ms,
  createdMs: row.created_ms,
  isDelivered: row.delivered === 1,
  reason: row.reason === null ? undefined : JSON.parse(row.reason),
})
