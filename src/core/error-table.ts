/** What is known to have happened to the thing asked for; `rejected` and `not_submitted` are said only with proof. */
export type ErrorOutcome = 'not_submitted' | 'rejected' | 'unknown' | 'pending'

/** What a code means to a caller. `hint` is the next step in plain words, where the error brings none of its own. */
export type ErrorRow = { readonly outcome: ErrorOutcome; readonly retryable: boolean; readonly hint: string }

const refused = (hint: string): ErrorRow => ({ outcome: 'not_submitted', retryable: false, hint })
const notNow = (hint: string): ErrorRow => ({ outcome: 'not_submitted', retryable: true, hint })
const ruledOut = (hint: string): ErrorRow => ({ outcome: 'rejected', retryable: false, hint })

/**
 * Every code that reaches a caller. Codes never change meaning; texts may. `retryable` is about the same request: for
 * `unknown` and `pending` under the same idempotency key. Statuses are the edge's own: src/http/problem.ts.
 */
export const errorTable = {
  INVALID_JSON: refused('Send one plain JSON object in UTF-8, each member once.'),
  INVALID_REQUEST: refused('Send {"tool": name, "args": {…}} and nothing else.'),
  INVALID_ARGUMENTS: refused("Send exactly the arguments that the tool's schema names, with their types."),
  IDEMPOTENCY_KEY_INVALID: refused('Use 1 to 128 visible ASCII characters, one key a request, or send none.'),
  IDEMPOTENCY_KEY_REUSED: refused('This key stands for another request. Use a new key for a new request.'),
  UNSUPPORTED_MEDIA_TYPE: refused('Send the body as application/json in UTF-8, not compressed.'),
  PAYLOAD_TOO_LARGE: refused('Send a smaller request.'),
  NOT_FOUND: refused('Check the path: nothing is served there.'),
  METHOD_NOT_ALLOWED: refused('Use a method that the Allow header names.'),
  UNKNOWN_TOOL: refused('Use one of the names in availableTools, exactly as written.'),
  INVALID_MOVE: ruledOut('Read the board with ttt_get_state: play as the player whose turn it is, on an empty cell.'),
  STATE_ERROR: ruledOut('Read the game with ttt_get_state and use the tool that fits its state.'),
  GAME_NOT_FOUND: ruledOut('Create a game first with ttt_create_game and use the gameId it returns.'),
  GAME_BUSY: notNow('Another call on this game is running. Wait a second, then read the board.'),
  LEDGER_REFUSED: ruledOut('The ledger refused the message itself. An operator must look; do not repeat the call.'),
  ORACLE_ERROR: ruledOut('The game rules failed to run. Tell the user; do not repeat the call.'),
  LEDGER_UNREACHABLE: notNow('Nothing was played. Try again in a few seconds.'),
  CIRCUIT_OPEN: notNow('Nothing was played: the ledger failed too often just now. Wait as long as Retry-After says.'),
  OUTCOME_UNKNOWN: {
    outcome: 'unknown',
    retryable: true,
    hint: 'It may have been done. Send the same request again or read the board; play nothing else before.',
  },
  CONFIRMATION_PENDING: {
    outcome: 'pending',
    retryable: true,
    hint: 'It was accepted and is not visible yet. Read the board in a few seconds; play nothing else before.',
  },
  DEADLINE_EXCEEDED: notNow('Nothing was sent in time. Try again.'),
  WALLET_ERROR: refused('The wallet cannot sign this. An operator must look; do not repeat the call.'),
  STORAGE_UNAVAILABLE: notNow(
    'Nothing was played: it could not be written down first. Try again when Retry-After says.',
  ),
  APPROVAL_NEEDED: {
    outcome: 'not_submitted',
    retryable: true,
    hint: 'A person has to agree first. Ask for it; then send the same request again.',
  },
  APPROVAL_DECLINED: refused('A person said no. Do not ask again; tell the user.'),
  LLM_UNAVAILABLE: notNow(
    'Start the model server, or check its address and key (OLLAMA_URL, or OPENAI_URL and OPENAI_API_KEY); then ask again.',
  ),
  LLM_TIMEOUT: notNow('The model may still be loading. Ask again, or take a smaller one.'),
  LLM_BAD_RESPONSE: notNow('Ask again; if it stays so, another model may do better.'),
  LLM_STREAM_CUT: notNow('Read the board before asking again: what was played is on the ledger.'),
  LLM_REFUSED: refused('Change the request as the model server says.'),
  LLM_RATE_LIMIT: notNow('The model server wants fewer questions. Wait as long as Retry-After says, then ask again.'),
  LLM_AUTH: refused('An operator must look: the model server refuses the key of this service.'),
  LLM_CONTEXT_OVERFLOW: refused('Ask in fewer words, begin a new conversation, or take a model with a larger context.'),
  MODEL_NOT_FOUND: refused('Pull the model, or name one that GET /api/tags lists.'),
  PERMISSION_DENIED: refused('Do without it. What an agent may do stands in its file: tools, permissions and scopes.'),
  FEATURE_DISABLED: refused('Start the service with OTTO_ENABLED=true.'),
  KILL_SWITCH: refused('Everything that spends or signs is stopped. Reads go on; an administrator turns it off.'),
  BUDGET_EXCEEDED: refused('The budget is spent. Finish with what there is; an operator may raise it.'),
  PRICE_UNKNOWN: refused('Add the price of the model to .otto/prices.yml.'),
  AGENT_NOT_FOUND: refused('Use the name of an agent that GET /api/v1/agents lists.'),
  SESSION_NOT_FOUND: refused('Use the sessionId of an earlier answer; sessions are kept for seven days.'),
  ARTIFACT_NOT_FOUND: refused('Use a name that the list of the artifacts has.'),
  CHECKPOINT_CORRUPT: refused('The stored file was altered or is damaged; otto artifact verify tells which ones are.'),
  FILE_NOT_FOUND: refused('Use the path of a file in your folder, as grep lists them.'),
  TOOL_FAILED: notNow('Read what the tool says; the same call may work later.'),
  SCHEMA_ERROR: refused('Change the document at the paths that are named, or the schema.'),
  PROCESS_ERROR: notNow('The process that did it ended without an answer. Try again.'),
  FORBIDDEN: refused('An operator may allow it: by a scope of the token, or by OTTO_OLLAMA_ADMIN for managing models.'),
  OVERLOADED: notNow('The service is busy. Wait as long as Retry-After says, then try again.'),
  SHUTTING_DOWN: notNow('The service is stopping. Try again when it is back.'),
  RATE_LIMITED: notNow('Too many calls came. Wait as long as Retry-After says, then try again.'),
  UNAUTHENTICATED: refused('Send the token of this service as `Authorization: Bearer …`; an operator knows it.'),
  ORIGIN_NOT_ALLOWED: refused('Call from a page whose origin an operator listed in OTTO_ALLOWED_ORIGINS.'),
  HOST_NOT_ALLOWED: refused('Use localhost, or a host name that an operator listed in OTTO_ALLOWED_HOSTS.'),
  INTERNAL_ERROR: {
    outcome: 'unknown',
    retryable: true,
    hint: 'This is a fault of the service. Read the board before trying again.',
  },
} as const satisfies Readonly<Record<Uppercase<string>, ErrorRow>>

/** A code with a row in the table. */
export type ErrorCode = keyof typeof errorTable

/** Is it a code that may be shown to a caller? */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errorTable, code)
