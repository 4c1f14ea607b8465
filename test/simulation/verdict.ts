import type { JsonObject } from '../../src/core/json.ts'
import { isJsonObject } from '../../src/core/json.ts'
import type { LoggedIntent } from '../../src/intent/intent.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import type { Table } from './clients.ts'
import type { Attempt, Wish } from './journal.ts'
import { gameOf } from './journal.ts'
import { epochMs } from './time.ts'
import type { Applied, Truth } from './truth.ts'
import { nameOf, rankOf, stateText } from './truth.ts'

/** What a request may take beyond its deadline. */
const graceMs = 250
const words: readonly unknown[] = ['rejected', 'not_submitted', 'unknown', 'pending']

type Case = Pick<Table, 'world' | 'journal'>

/** Holds what callers were told against what really happened. @returns what was promised and not kept */
export function judge({ world, journal }: Case): readonly string[] {
  const { truth, database } = world
  const intents = database.intents()
  return journal.wishes
    .flatMap((wish) => [
      ...wish.attempts.flatMap((attempt) => judgeAttempt(attempt, truth, intents)),
      ...judgeKey(wish, intents, truth),
    ])
    .concat(judgeCounts(journal.wishes, truth))
}

function judgeAttempt(attempt: Attempt, truth: Truth, intents: readonly LoggedIntent[]): readonly string[] {
  const { outcome, traceId, startMs, endMs, hungUp, deadlineMs } = attempt
  if (endMs === undefined) return [`${traceId} never ended`]
  if (outcome === undefined) return []
  const found: string[] = []
  const takenMs = endMs - startMs
  if (!hungUp && takenMs > deadlineMs + graceMs) found.push(`${traceId} took ${takenMs} of ${deadlineMs} ms`)
  if (outcome.success) return [...found, ...judgeView(attempt, outcome.result, truth)]
  if (!words.includes(outcome.outcome)) found.push(`${traceId} has no outcome`)
  if (outcome.code === 'INTERNAL_ERROR') found.push(`${traceId} met a bug`)
  if (outcome.outcome === 'rejected' || outcome.outcome === 'not_submitted')
    for (const intent of intents.filter((one) => one.traceId === traceId))
      if (isAppliedAs(intent, intents, truth)) found.push(`${traceId} was told ${outcome.code}, and it was applied`)
  return found
}

/** A state that was shown must have been one, and none older than what had been shown before. */
function judgeView(attempt: Attempt, result: JsonObject, truth: Truth): readonly string[] {
  const { traceId, floor } = attempt
  const states = truth.statesOf(gameOf(attempt) ?? '')
  const found: string[] = []
  if (!states.some(({ text }) => text === stateText(result)))
    found.push(`${traceId} was shown what never was: ${stateText(result)}`)
  // A stored answer is told again as it was.
  const isRetold = attempt.outcome?.success === true && attempt.outcome.replayed === true
  if (!attempt.hungUp && !isRetold && rankOf(result) < floor)
    found.push(`${traceId} was shown rank ${rankOf(result)} after ${floor}`)
  return found
}

/** Was the last message of an intent applied, and by nobody else's sending of the very same? */
function isAppliedAs(intent: LoggedIntent, intents: readonly LoggedIntent[], truth: Truth): boolean {
  const last = intent.messages.at(-1)
  if (last === undefined || !truth.isApplied(last.message)) return false
  const name = nameOf(last.message)
  const isSame = (other: LoggedIntent) => other.messages.some(({ message }) => nameOf(message) === name)
  return !intents.some((other) => other.id !== intent.id && other.state === 'confirmed' && isSame(other))
}

/** Under one key there is one answer, once it is final; and no denial of what an earlier request did. */
function judgeKey(
  { key, principal, attempts }: Wish,
  intents: readonly LoggedIntent[],
  truth: Truth,
): readonly string[] {
  if (key === undefined) return []
  const own = intents.filter((intent) => intent.principal === principal && intent.requestKey === key)
  const done = own.filter((intent) => isAppliedAs(intent, intents, truth) || isConfirmed(intent, truth))
  const found: string[] = []
  // A new round is two intents, the machine's and its start: one of each may be.
  for (const type of ['TransitionStateMachine', 'CreateStateMachine']) {
    const last = done.map(({ messages }) => messages.at(-1)).filter((one) => one?.message.type === type)
    if (new Set(last.map((one) => one?.hash)).size > 1) found.push(`${key} was done twice`)
  }
  const heard = attempts.filter(({ outcome, hungUp }) => outcome !== undefined && !hungUp)
  const first = heard.find(({ outcome }) => outcome?.success)
  for (const { outcome, traceId, startMs } of heard) {
    if (outcome === undefined || outcome === first?.outcome) continue
    const isAfter = first !== undefined && startMs >= (first.endMs ?? 0)
    if (outcome.success && first?.outcome?.success && isOther(outcome.result, first.outcome.result))
      found.push(`${traceId} was told another success than ${first.traceId}`)
    if (outcome.success || outcome.code === 'STORAGE_UNAVAILABLE') continue
    const denies = outcome.outcome === 'rejected' || outcome.outcome === 'not_submitted'
    if (denies && isAfter) found.push(`${traceId} was told ${outcome.code} after ${first.traceId} succeeded`)
    else if (denies && done.some(({ createdMs }) => createdMs < startMs + epochMs))
      found.push(`${traceId} was told ${outcome.code} of what its key had begun, and it was applied`)
  }
  return found
}

const isConfirmed = ({ state, messages }: LoggedIntent, truth: Truth): boolean => {
  const last = messages.at(-1)
  return state === 'confirmed' && last !== undefined && truth.isApplied(last.message)
}

const isOther = (left: JsonObject, right: JsonObject): boolean =>
  left['gameId'] !== right['gameId'] || left['hash'] !== right['hash']

/** A thing that can be wished for in a game, and how often it was done there. */
type Effect = { readonly name: string; readonly isDone: (applied: Applied) => boolean }

/** Nothing was done more often than it was asked for. */
function judgeCounts(wishes: readonly Wish[], truth: Truth): readonly string[] {
  const found: string[] = []
  const allowed = new Map<string, { effect: Effect; most: number; least: number }>()
  for (const wish of wishes) {
    const effect = effectOf(wish)
    if (effect === undefined) continue
    const entry = allowed.get(effect.name) ?? { effect, most: 0, least: 0 }
    allowed.set(effect.name, entry)
    entry.most += wish.key !== undefined || (wish.isAlone && wish.tool !== 'ttt_create_game') ? 1 : wish.attempts.length
    if (wish.attempts.some(({ outcome }) => outcome?.success && outcome.replayed !== true)) entry.least += 1
  }
  for (const { effect, most, least } of allowed.values()) {
    const times = truth.applied.filter(effect.isDone).length
    if (times > most) found.push(`${effect.name}: done ${times} times, asked for ${most} times`)
    if (times < least) found.push(`${effect.name}: told done ${least} times, done ${times} times`)
  }
  const everAsked = new Set(allowed.keys())
  for (const { gameId, message } of truth.applied)
    if (message.type === 'TransitionStateMachine' && message.eventName === 'make_move') {
      const name = moveName(gameId, isJsonObject(message.payload) ? message.payload : {})
      if (!everAsked.has(name)) found.push(`${name}: done, and nobody asked for it`)
    }
  return found
}

const moveName = (gameId: string, { player, cell }: JsonObject): string =>
  canonicalize(['move', gameId, player ?? '', cell ?? ''])

function effectOf({ tool, args }: Wish): Effect | undefined {
  const gameId = String(args['gameId'])
  switch (tool) {
    case 'ttt_create_game':
      return { name: 'create', isDone: ({ message }) => message.type === 'CreateScript' }
    case 'ttt_reset_board':
      return { name: `reset ${gameId}`, isDone: (applied) => applied.gameId === gameId && isReset(applied) }
    case 'ttt_make_move': {
      const name = moveName(gameId, args)
      return { name, isDone: (applied) => isMove(applied) && moveName(applied.gameId, payloadOf(applied)) === name }
    }
    default:
      return undefined
  }
}

const payloadOf = ({ message }: Applied): JsonObject =>
  message.type === 'TransitionStateMachine' && isJsonObject(message.payload) ? message.payload : {}
const isMove = ({ message }: Applied) => message.type === 'TransitionStateMachine' && message.eventName === 'make_move'

/** An empty board within a round, or the machine of the next one. */
function isReset({ message }: Applied): boolean {
  if (message.type === 'TransitionStateMachine') return message.eventName === 'reset_board'
  if (message.type !== 'CreateStateMachine' || !isJsonObject(message.initialData)) return false
  return message.initialData['roundCount'] !== 0
}
