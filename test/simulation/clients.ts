import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonArray } from '../../src/core/json.ts'
import type { ToolOutcome } from '../../src/tools/tool.ts'
import { deadlineMs } from './bridge.ts'
import type { Chance } from './chance.ts'
import { createChance } from './chance.ts'
import type { Fleet } from './fleet.ts'
import type { Attempt, Journal, Wish } from './journal.ts'
import { gameOf } from './journal.ts'
import { rankOf } from './truth.ts'
import type { World } from './world.ts'

/** Somebody who plays, and what it does when no answer comes. */
export type Client = {
  readonly name: string
  readonly isAlone: boolean
  readonly chance: Chance
  /** How patient it is: the deadline of its calls, milliseconds. */
  readonly patienceMs: readonly number[]
  /** Chance that it gives a key of its own. */
  readonly keyed: number
  readonly hangsUp: number
  /** Chance that it sends the same keyed request twice at once. */
  readonly twins: number
  /** Chance that it asks once more under a key that was answered. */
  readonly asksAgain: number
}

export type Table = { readonly world: World; readonly fleet: Fleet; readonly journal: Journal; readonly floors: Floors }

/** What has been shown: by a process to anybody, and confirmed by any. */
export type Floors = {
  of(bridgeId: string, gameId: string | undefined): number
  note(bridgeId: string, outcome: ToolOutcome, isWrite: boolean): void
}

export function createFloors(): Floors {
  const shown = new Map<string, number>()
  const raise = (name: string, rank: number) => shown.set(name, Math.max(rank, shown.get(name) ?? 0))
  return {
    of: (bridgeId, gameId) => Math.max(shown.get(`${bridgeId} ${gameId}`) ?? 0, shown.get(`* ${gameId}`) ?? 0),
    note(bridgeId, outcome, isWrite) {
      if (!outcome.success) return
      const rank = rankOf(outcome.result)
      raise(`${bridgeId} ${outcome.result['gameId']}`, rank)
      if (isWrite) raise(`* ${outcome.result['gameId']}`, rank)
    },
  }
}

export function createClient(name: string, isAlone: boolean, chance: Chance): Client {
  return {
    name,
    isAlone,
    chance,
    patienceMs: chance.pick([[deadlineMs], [deadlineMs, 5_000], [600, 2_000, 8_000]]),
    keyed: chance.pick([0, 0.5, 1]),
    hangsUp: chance.pick([0, 0, 0.2]),
    twins: chance.pick([0, 0, 0.3]),
    asksAgain: chance.pick([0, 0.2]),
  }
}

/** Plays a game until its wishes are used up. */
export async function play(table: Table, client: Client, gameId: string): Promise<void> {
  const { chance } = client
  let view: JsonObject = {}
  for (let count = 0; count < table.world.climate.wishes; count++) {
    const { tool, args } = chooseNext(chance, gameId, view)
    const outcome = await fulfil(table, client, tool, args)
    if (outcome?.success) view = outcome.result
    else if (outcome !== undefined && 'board' in outcome.details) view = outcome.details
    await table.world.time.sleep(chance.between(0, 2_000))
  }
}

/** Makes a game; undefined when it never heard that there is one. */
export async function create(table: Table, client: Client): Promise<string | undefined> {
  for (let attempt = 0; attempt < 2; attempt++) {
    const outcome = await fulfil(table, client, 'ttt_create_game', {})
    if (outcome?.success) return String(outcome.result['gameId'])
  }
  return undefined
}

/** What a player would do in this state, most of the time. */
function chooseNext(chance: Chance, gameId: string, view: JsonObject): { tool: string; args: JsonObject } {
  const { machineState, turn, board } = view
  const tool = (name: string, args: JsonObject = {}) => ({ tool: name, args: { gameId, ...args } })
  if (machineState === undefined || chance.happens(0.15)) return tool('ttt_get_state')
  if (machineState === 'setup') return tool('ttt_start_game')
  if (machineState === 'finished') return tool('ttt_reset_board')
  if (machineState === 'cancelled') return tool('ttt_get_state')
  if (chance.happens(0.1)) return tool('ttt_reset_board')
  if (chance.happens(0.02)) return tool('ttt_cancel_game', { reason: 'enough' })
  const isOdd = chance.happens(0.1)
  const player = isOdd ? chance.pick(['X', 'O']) : (turn ?? 'X')
  const free = isJsonArray(board)
    ? board.flatMap((mark: JsonValue, cell) => (mark === null || isOdd ? [cell] : []))
    : []
  return tool('ttt_make_move', { player, cell: free.length > 0 ? chance.pick(free) : 4 })
}

const maxAttempts = 5

/** The same in every world: games of one name are then made by the same bytes, which need be signed only once. */
const keyOf = ({ name }: Client, { journal }: Table): string =>
  createChance(0, `${name} ${journal.wishes.length}`).uuid()

/** Asks until it knows, or for so long; gives the last answer. */
async function fulfil(table: Table, client: Client, tool: string, args: JsonObject): Promise<ToolOutcome | undefined> {
  const { chance } = client
  const key = tool !== 'ttt_get_state' && chance.happens(client.keyed) ? keyOf(client, table) : undefined
  const { isAlone, name: principal } = client
  const wish: Wish = { principal, tool, args, key, isAlone, attempts: [] }
  table.journal.wishes.push(wish)
  let outcome: ToolOutcome | undefined
  for (let count = 0; count < maxAttempts; count++) {
    const twins = key !== undefined && chance.happens(client.twins) ? 2 : 1
    const answers = await Promise.all(Array.from({ length: twins }, () => ask(table, client, wish)))
    outcome = answers.find((one) => one?.success) ?? answers[0]
    const isFinal = outcome?.success || outcome?.outcome === 'rejected'
    if (isFinal && key !== undefined && chance.happens(client.asksAgain)) await ask(table, client, wish)
    if (isFinal) return outcome
    await table.world.time.sleep(chance.between(10, 4_000))
  }
  return outcome
}

async function ask(
  { world, fleet, journal, floors }: Table,
  client: Client,
  wish: Wish,
): Promise<ToolOutcome | undefined> {
  const { chance } = client
  const bridge = await fleet.someBridge()
  const patienceMs = chance.pick(client.patienceMs)
  const gone = new AbortController()
  const attempt: Attempt = {
    wish,
    traceId: `${wish.principal}-${journal.wishes.indexOf(wish)}.${wish.attempts.length}`,
    bridgeId: bridge.id,
    startMs: world.time.nowMs(),
    deadlineMs: patienceMs,
    endMs: undefined,
    outcome: undefined,
    hungUp: false,
    floor: floors.of(bridge.id, String(wish.args['gameId'])),
  }
  wish.attempts.push(attempt)
  world.trace(
    `ask ${attempt.traceId} ${bridge.id} ${wish.tool} ${JSON.stringify(wish.args)} key ${wish.key?.slice(0, 8)} ${patienceMs}`,
  )
  if (chance.happens(client.hangsUp))
    world.time.after(chance.between(0, 3_000), () => {
      attempt.hungUp = attempt.endMs === undefined
      gone.abort(new Error('The caller hung up.'))
    })
  const { traceId } = attempt
  attempt.outcome = await bridge.call(wish.tool, wish.args, {
    traceId,
    principal: wish.principal,
    signal: gone.signal,
    deadlineMs: patienceMs,
    ...(wish.key === undefined ? {} : { idempotencyKey: wish.key }),
  })
  attempt.endMs = world.time.nowMs()
  if (attempt.outcome !== undefined && !attempt.hungUp)
    floors.note(bridge.id, attempt.outcome, wish.tool !== 'ttt_get_state')
  world.trace(`told ${traceId} ${told(attempt)}`)
  return attempt.hungUp ? undefined : attempt.outcome
}

function told(attempt: Attempt): string {
  const { outcome, hungUp } = attempt
  if (outcome === undefined) return 'nothing, it died'
  const said = outcome.success
    ? `done${outcome.replayed ? ' before' : ''} rank ${rankOf(outcome.result)} ${String(outcome.result['hash']).slice(0, 8)} game ${gameOf(attempt)}`
    : `${outcome.code} ${outcome.outcome} ${String(outcome.details['reason'] ?? '')}`
  return hungUp ? `to nobody: ${said}` : said
}
