import type { JsonObject } from '../core/json.ts'
import type { GameView, Mark, PlayedMove } from '../tictactoe/game-view.ts'
import type { Claim, Standing, Wording } from './_claim.ts'
import { correctionText, openText } from './_claim-correction.ts'
import { gameWordings } from './_claim-games.ts'
import { isElsewhere, isHedged, isPutOff } from './_claim-hedges.ts'
import type { Match } from './_claim-match.ts'
import { moveWordings } from './_claim-moves.ts'
import type { Placing } from './_claim-places.ts'
import { standingWordings } from './_claim-standings.ts'
import type { Sentence } from './_claim-text.ts'
import { sentencesOf } from './_claim-text.ts'

/** A write that succeeded in this turn, replays included, and the game as its result showed it. */
export type ConfirmedWrite = { readonly tool: string; readonly args: JsonObject; readonly view: GameView }

/** What is known for sure when a model has had its say: what its words are held against. */
export type Facts = {
  /** In the order in which they happened. */
  readonly writes: readonly ConfirmedWrite[]
  /** The last write of this turn whose fate nobody knows yet: it can be neither confirmed nor denied. */
  readonly openWrite?: string
  /** The newest view of the conversation's game read in this turn; undefined when there is no game. */
  readonly view: GameView | undefined
  /** Tools of this service were offered in this turn. */
  readonly hasTools: boolean
}

/** What the user is told where a model's words and the ledger part. */
export type Correction = {
  readonly kind: 'move' | 'create' | 'start' | 'reset' | 'cancel' | 'status'
  readonly text: string
}

/**
 * The first thing that an answer tells as done, or as so, and the facts do not bear out; undefined where there is none.
 *
 * It reads English, the first 64 Ki characters, sentence by sentence, and knows a list of wordings: what is told in
 * another way, in another language, in a quotation, or hedged in any way passes. It was made to be silent rather than
 * wrong: a plain description of the board is not checked, a move that the history of a game of this turn holds is
 * honest whoever claims it, and so is any reading of a place that fits. Without tools and without a game there is
 * nothing to hold the words against. Linear in the text; never throws.
 * @example reviewClaims('I placed X in the centre.', { writes: [], view: undefined, hasTools: true })?.kind // 'move'
 */
export function reviewClaims(text: string, facts: Facts): Correction | undefined {
  if (!facts.hasTools && facts.view === undefined) return undefined
  for (const sentence of sentencesOf(text)) {
    const claim = isAboutAnother(sentence.text, facts) ? undefined : wrongClaim(sentence, facts)
    if (claim !== undefined) return toCorrection(claim, facts)
  }
  return undefined
}

const wordings = [...moveWordings, ...gameWordings, ...standingWordings]

function wrongClaim(sentence: Sentence, facts: Facts): Claim | undefined {
  for (const wording of wordings)
    for (const match of wording.find(sentence.text)) {
      const wrong = claimsOf(wording, sentence, match).find((claim) => !isBorneOut(claim, facts))
      if (wrong !== undefined) return wrong
    }
  return undefined
}

function claimsOf({ force, read }: Wording, sentence: Sentence, { start, end, groups }: Match): readonly Claim[] {
  if (isHedged(sentence, force, start, end)) return []
  const { text } = sentence
  const subject = groups['mark']
  const from = subject === undefined ? start : text.indexOf(subject, start) + subject.length
  return read(groups, text.slice(from)).filter((claim) => !isNotNow(claim, text, start))
}

function isNotNow({ kind }: Claim, text: string, start: number): boolean {
  if ((kind === 'move' || kind === 'status') && isElsewhere(text)) return true
  return kind === 'status' && isPutOff(text.slice(0, start))
}

/** It names a game by its id, and none of those at hand. */
function isAboutAnother(text: string, facts: Facts): boolean {
  const named = text.match(/\b[0-9a-f]{8}-[0-9a-f]{4}-/g) ?? []
  const known = viewsOf(facts).map(({ gameId }) => gameId.slice(0, 14))
  return known.length > 0 && named.length > 0 && !named.some((start) => known.includes(start))
}

/** Every view of this turn, the newest first: a text written between two calls may speak of any of them. */
const viewsOf = ({ writes, view }: Facts): readonly GameView[] => [
  ...(view === undefined ? [] : [view]),
  ...writes.map((write) => write.view).toReversed(),
]

function isBorneOut(claim: Claim, facts: Facts): boolean {
  switch (claim.kind) {
    case 'move':
      return isPlayed(claim.placing, claim.isRetold, facts)
    case 'status':
      return facts.view === undefined || stands(claim.standing, facts)
    case 'tool':
      return wrote(facts, claim.tool)
    default:
      return claim.isRetold ? facts.view === undefined || hasBeen(claim.kind, facts.view) : isDone(claim, facts)
  }
}

const wrote = ({ writes }: Facts, ...tools: readonly string[]): boolean =>
  writes.some(({ tool }) => tools.includes(tool))

function isPlayed({ player, cells }: Placing, isRetold: boolean, facts: Facts): boolean {
  const isOf = (mark: Mark) => player === undefined || player === mark
  const moves = viewsOf(facts).flatMap(({ moveHistory }) => moveHistory)
  if (cells.length > 0) return moves.some((move) => isOf(move.player) && cells.includes(move.cell))
  if (isRetold) return facts.view === undefined || moves.some((move) => isOf(move.player))
  if (movesMade(facts).some((move) => isOf(move.player))) return true
  return player !== undefined && facts.view?.moveHistory.at(-1)?.player === player
}

/** The moves that writes of this turn made. */
const movesMade = ({ writes }: Facts): readonly PlayedMove[] =>
  writes.flatMap(({ tool, args, view }) => {
    if (tool !== 'ttt_make_move') return []
    const made = view.moveHistory.find(({ player, cell }) => player === args['player'] && cell === args['cell'])
    return made === undefined ? view.moveHistory.slice(-1) : [made]
  })

function isDone({ kind, isNew }: Extract<Claim, { isNew: boolean }>, facts: Facts): boolean {
  const { view } = facts
  const isFresh = view !== undefined && view.moveCount === 0 && ['setup', 'playing'].includes(view.machineState)
  switch (kind) {
    case 'create':
      return (
        wrote(facts, 'ttt_create_game') || (isNew ? isFresh || wrote(facts, 'ttt_reset_board') : view !== undefined)
      )
    case 'start': {
      if (wrote(facts, 'ttt_start_game', 'ttt_reset_board')) return true
      if (isNew) return wrote(facts, 'ttt_create_game') || (isFresh && view?.machineState === 'playing')
      return view !== undefined && hasBeen('start', view)
    }
    case 'reset':
      return wrote(facts, 'ttt_reset_board') || (isFresh && view?.machineState === 'playing')
    case 'cancel':
      return wrote(facts, 'ttt_cancel_game') || (view !== undefined && hasBeen('cancel', view))
  }
}

/** What the state of a game says of its past. */
function hasBeen(kind: 'create' | 'start' | 'reset' | 'cancel', view: GameView): boolean {
  if (kind === 'create') return true
  if (kind === 'start') return view.machineState === 'playing' || view.machineState === 'finished' || view.moveCount > 0
  return kind === 'reset' ? view.roundCount > 0 : view.machineState === 'cancelled'
}

/** A game that was left in this turn may have stood in any way before. */
const leftAGame = (facts: Facts): boolean => wrote(facts, 'ttt_reset_board', 'ttt_create_game', 'ttt_cancel_game')

function stands(standing: Standing, facts: Facts): boolean {
  const views = viewsOf(facts)
  if (standing.is === 'turn') return isTurnOf(standing.of, facts)
  if (standing.is === 'running') return views.some(({ machineState }) => machineState === 'playing')
  return leftAGame(facts) || views.some((view) => hasEnded(standing, view))
}

function hasEnded(standing: Exclude<Standing, { is: 'turn' }>, { status, winner, machineState }: GameView): boolean {
  if (standing.is === 'won') return status === 'Won' && (standing.by === undefined || standing.by === winner)
  if (standing.is === 'draw') return status === 'Draw'
  return machineState === 'finished' || machineState === 'cancelled'
}

/** Also whoever moved in this turn: it was their turn when the text began. X begins, so it is said before a start. */
function isTurnOf(mark: Mark, facts: Facts): boolean {
  const isNext = viewsOf(facts).some((view) => view.turn === mark || (view.machineState === 'setup' && mark === 'X'))
  return isNext || movesMade(facts).some(({ player }) => player === mark)
}

const kindsOfTools: Readonly<Record<string, Correction['kind']>> = {
  ttt_create_game: 'create',
  ttt_start_game: 'start',
  ttt_make_move: 'move',
  ttt_reset_board: 'reset',
  ttt_cancel_game: 'cancel',
}

function toCorrection(claim: Claim, facts: Facts): Correction {
  const kind = claim.kind === 'tool' ? (kindsOfTools[claim.tool] ?? 'move') : claim.kind
  if (facts.openWrite !== undefined) return { kind, text: openText(facts.openWrite) }
  return { kind, text: correctionText(kind, movesMade(facts), facts.view) }
}
