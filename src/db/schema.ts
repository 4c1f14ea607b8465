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
  usage: UsageTable
  budget_scopes: BudgetScopeTable
  tasks: TaskTable
  switches: SwitchTable
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

/** What was spent, one row a call; never changed. Ids are empty where there is none: sums group by them. */
export type UsageTable = {
  /** Grows with every row. */
  seq: Generated<Whole>
  id: string
  at_ms: Whole
  kind: 'llm' | 'tool' | 'storage' | 'ledger'
  trace_id: string
  workflow_id: string
  task_id: string
  agent_id: string
  session_id: string
  tx_id: string
  tool: string
  provider: string
  model: string
  input_tokens: Whole
  output_tokens: Whole
  cached_tokens: Whole
  estimated_tokens: Whole
  /** Billionths of a dollar. */
  nano_usd: Whole
  ms: Whole
  bytes: Whole
  code: string
}

/** What is spent and held of a budget that outlives a process. What a dead process held stays held. */
export type BudgetScopeTable = {
  kind: string
  id: string
  /** A UTC day, `YYYY-MM-DD`, or `ever`. */
  period: string
  spent_tokens: Whole
  spent_nano_usd: Whole
  held_tokens: Whole
  held_nano_usd: Whole
  updated_ms: Whole
}

/** Units of work, from their beginning to their end. */
export type TaskTable = {
  seq: Generated<Whole>
  id: string
  session_id: string
  agent_id: string
  workflow_id: string
  trace_id: string
  principal: string
  status: 'PENDING' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED'
  /** The process that runs it. */
  owner: string
  created_ms: Whole
  ended_ms: Whole | null
  /** What came of it, as it was told. */
  result: JsonText | null
}

/** What an administrator has switched, for every process on this database. */
export type SwitchTable = {
  name: string
  is_on: Whole
  reason: string
  principal: string
  at_ms: Whole
}
