import type { Brain } from '../tictactoe/brains.ts'
import type { Mark } from '../tictactoe/game-view.ts'
import type { Call, Conversation, Exchange } from './conversation.ts'
import type { Reading } from './reading.ts'
import type { Step } from './wishes.ts'
import { usersMark } from './wishes.ts'

/** Where things stand in this turn. */
type Standing = {
  readonly exchanges: readonly Exchange[]
  /** What a tool last said of a game in this turn. */
  readonly latest: Reading | undefined
  readonly gameId: string | undefined
  /** The user's own mark, in a game of two. */
  readonly usersMark: Mark | undefined
  readonly think: Brain
}

const toolOf = {
  create: 'ttt_create_game',
  start: 'ttt_start_game',
  move: 'ttt_make_move',
  state: 'ttt_get_state',
  reset: 'ttt_reset_board',
  cancel: 'ttt_cancel_game',
} as const

/** The next call that the wishes need, by what the tools have said so far; undefined when there is none. */
export function nextCall(steps: readonly Step[], conversation: Conversation, think: Brain): Call | undefined {
  const { exchanges } = conversation
  const latest = exchanges.findLast(({ reading }) => !reading.isRefusal && reading.machineState !== undefined)?.reading
  const standing: Standing = {
    exchanges,
    latest,
    gameId: latest?.gameId ?? conversation.gameId,
    usersMark: usersMark(conversation.userTexts),
    think,
  }
  const last = exchanges.at(-1)
  if (last?.reading.isRefusal) return afterRefusal(steps, standing, last.reading)
  // What was asked for and refused once is told, with the board as it was read since.
  const isTold = last?.call.name === toolOf.state && exchanges.some(({ reading }) => reading.isRefusal)
  return isTold && !isPlaying(steps) ? undefined : following(steps, standing)
}

const isPlaying = (steps: readonly Step[]): boolean => steps.some(({ kind }) => kind === 'play')

/** After which codes it makes sense to send the call again as it should be, and after which to look first. */
const reactions: Readonly<Record<string, 'again' | 'look'>> = {
  INVALID_ARGUMENTS: 'again',
  UNKNOWN_TOOL: 'again',
  INVALID_MOVE: 'look',
  STATE_ERROR: 'look',
  GAME_BUSY: 'look',
  CONFIRMATION_PENDING: 'look',
  OUTCOME_UNKNOWN: 'look',
}

/** One reaction to the first refusal of a turn, none to the second. */
function afterRefusal(steps: readonly Step[], standing: Standing, { code = '' }: Reading): Call | undefined {
  const refusals = standing.exchanges.filter(({ reading }) => reading.isRefusal).length
  const reaction = reactions[code]
  if (refusals > 1 || reaction === undefined) return undefined
  return reaction === 'again' ? following(steps, standing) : onGame('state', standing)
}

/** The first step that no successful call has done yet. */
function following(steps: readonly Step[], standing: Standing): Call | undefined {
  let rest = standing.exchanges.filter(({ reading }) => !reading.isRefusal)
  for (const step of steps) {
    if (step.kind === 'play') return play(step, standing)
    const done = rest.findIndex(({ call }) => call.name === toolOf[step.kind])
    if (done < 0) return callFor(step, standing)
    rest = rest.slice(done + 1)
  }
  return steps.at(-1)?.kind === 'move' ? reply(standing) : undefined
}

function callFor(step: Exclude<Step, { kind: 'play' }>, standing: Standing): Call | undefined {
  if (step.kind === 'create') return { name: toolOf.create, args: {} }
  if (step.kind === 'start') return onGame('start', standing) ?? { name: toolOf.create, args: {} }
  if (step.kind === 'move') return moveFor(step, standing)
  return onGame(step.kind, standing)
}

const onGame = (kind: keyof typeof toolOf, { gameId }: Standing): Call | undefined =>
  gameId === undefined ? undefined : { name: toolOf[kind], args: { gameId } }

/** Whoever says no mark means whose turn it is; that has to be read first. */
function moveFor({ player, cell }: { player: Mark | undefined; cell: number }, standing: Standing): Call | undefined {
  const { latest, gameId } = standing
  if (gameId === undefined) return undefined
  if (player === undefined && latest === undefined) return onGame('state', standing)
  const mover = player ?? latest?.turn
  return mover === undefined ? undefined : { name: toolOf.move, args: { gameId, player: mover, cell } }
}

/** In a game of two the script moves when its turn has come. */
const reply = (standing: Standing): Call | undefined =>
  standing.usersMark && standing.latest?.turn !== standing.usersMark ? ownMove(standing) : undefined

function ownMove({ latest, gameId, think }: Standing): Call | undefined {
  if (gameId === undefined || !latest?.board || !latest.turn) return undefined
  const cell = think({ board: latest.board, turn: latest.turn })
  return { name: toolOf.move, args: { gameId, player: latest.turn, cell } }
}

function play(step: Extract<Step, { kind: 'play' }>, standing: Standing): Call | undefined {
  const { latest, exchanges, gameId } = standing
  if (latest === undefined)
    return step.isNew || gameId === undefined ? { name: toolOf.create, args: {} } : onGame('state', standing)
  if (latest.machineState === 'setup') return onGame('start', standing)
  if (latest.turn) return latest.turn === standing.usersMark ? undefined : ownMove(standing)
  const first = exchanges.find(({ reading }) => reading.machineState !== undefined)?.reading
  const resets = first?.machineState !== 'finished' ? step.rounds - 1 : step.isAgain ? step.rounds : 0
  const done = exchanges.filter(({ call, reading }) => call.name === toolOf.reset && !reading.isRefusal).length
  return latest.machineState === 'finished' && done < resets ? onGame('reset', standing) : undefined
}
