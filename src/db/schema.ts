import type { ColumnType, Generated } from 'kysely'

/** A number that both engines keep whole: SQLite's INTEGER, PostgreSQL's bigint. */
type Whole = number
/** JSON as text: both engines give back the very bytes that were put in. */
type JsonText = string

/** Every table, for both engines. Times are milliseconds since the Unix epoch. @see migrations.ts */
export type Schema = {
  intents: IntentTable
  request_keys: RequestKeyTable
  game_locks: GameLockTable
  bridges: BridgeTable
  approvals: ApprovalTable
  begun_writes: BegunWriteTable
  rate_counters: RateCounterTable
}

/** What was to be done on the ledger: one row a signed message (two for a new game), never changed but in its state. */
export type IntentTable = {
  /** Grows with every row: the order in which intents were prepared. */
  seq: Generated<Whole>
  id: string
  /** The bridge that follows it. */
  owner: string
  game_id: string
  /** The place it is meant for; at most one open row has it. */
  slot: string
  principal: string
  request_key: string | null
  /** What was asked for, in words that are the same when it is asked for again. */
  wish: string
  trace_id: string
  /** The signed messages in order, exactly as they are sent. */
  messages: JsonText
  /** Transaction hash of the last message. */
  hash: string
  state: 'submitting' | 'accepted' | 'confirmed' | 'rejected' | 'abandoned'
  sends: Whole
  last_sent_ms: Whole
  /** What is needed to judge its fate. */
  facts: JsonText
  created_ms: Whole
  settled_ms: Whole | null
  /** 1 once its outcome was told to somebody. */
  delivered: Whole
  /** Why it was rejected. */
  reason: JsonText | null
  /** The game as the ledger showed it when this was confirmed: nothing older is shown again. */
  script_sequence: Whole | null
  machine_id: string | null
  machine_sequence: Whole | null
}

/** A caller's own keys. `outcome` is null while the first request under the key is under way. */
export type RequestKeyTable = {
  principal: string
  key: string
  /** SHA-256 of tool and arguments, hex. */
  fingerprint: string
  owner: string
  outcome: JsonText | null
  created_ms: Whole
  settled_ms: Whole | null
}

/** Who writes in a game now, where several bridges share the database. */
export type GameLockTable = {
  game_id: string
  holder: string
  /** Counts the holder's own holds, so that giving back an earlier one late frees no later one. */
  hold: Whole
}

/** The bridges that run, each until it says so again. */
export type BridgeTable = { id: string; until_ms: Whole }

/** Writes that wait for a person, or that one has decided on. */
export type ApprovalTable = {
  /** Grows with every row: the order of asking. */
  seq: Generated<Whole>
  /** SHA-256 of `call`, hex: one row for each caller, tool and arguments. */
  digest: string
  id: string
  /** The whole call: principal, tool and arguments. */
  call: JsonText
  status: 'pending' | 'approved' | 'declined'
  asked_ms: Whole
  /** Until when it waits, or may be used. */
  until_ms: Whole
}

/** The newest approved write at each place: where its fate stayed open, the same call may go on. */
export type BegunWriteTable = {
  /** SHA-256 of the place, hex. */
  place: string
  /** SHA-256 of the call, hex. */
  call: string
  /** Names the run, so that a late end of an earlier one changes nothing. */
  run: string
  /** The bridge where it runs; null when it ended with its fate open. */
  runner: string | null
  /** Until when it may go on. */
  until_ms: Whole
}

/** Token buckets of callers, where several bridges share them. */
export type RateCounterTable = {
  principal: string
  kind: string
  tokens: ColumnType<number, number, number>
  at_ms: Whole
}
