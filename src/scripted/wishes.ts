import type { Mark } from '../tictactoe/game-view.ts'

/** One thing that a user asks for. */
export type Step =
  | { readonly kind: 'create' | 'start' | 'state' | 'reset' | 'cancel' }
  | { readonly kind: 'move'; readonly player: Mark | undefined; readonly cell: number }
  /** Play until the round is over: a new game, or the one that is known; `isAgain`: another round even if it is over. */
  | { readonly kind: 'play'; readonly rounds: number; readonly isNew: boolean; readonly isAgain: boolean }

/**
 * What a user's words ask for, in order; empty where they ask for nothing that a game knows.
 * @example readWishes('Create a game, start it and put X in the top left.') // create, start, move X to 0
 */
export function readWishes(text: string): readonly Step[] {
  const clauses = text.replace(uuid, ' ').split(/[.;!?,\n]+|\b(?:and|then)\b/i)
  const steps = clauses.flatMap(stepsOf)
  const play = steps.find((step) => step.kind === 'play')
  // Whoever plays creates and starts as needed, and what is asked after a game its last words answer.
  if (play) return [...steps.slice(0, steps.indexOf(play)).filter(({ kind }) => kind === 'reset'), play]
  const acts = steps.filter(({ kind }) => kind !== 'state')
  return acts.length > 0 ? acts : steps.slice(0, 1)
}

/** The mark that the user plays, where the user plays too. `texts`: what the user said, the newest first. */
export function usersMark(texts: readonly string[]): Mark | undefined {
  const newest = texts.find((text) => /\byourself\b|\bboth sides\b/i.test(text) || markIn(text) !== undefined)
  return newest === undefined ? undefined : markIn(newest)
}

function markIn(text: string): Mark | undefined {
  const own = /\b(?:i|me)(?:['’]m| am| play| will play| take| will be|['’]ll be)?(?: as)? ([xo])\b/i.exec(text)?.[1]
  if (own) return upper(own)
  if (/\byou(?:['’]re| are| play| will be)?(?: as)? x\b/i.test(text)) return 'O'
  return /\b(?:against|with|versus|vs) (?:me|you)\b|\blet['’]?s play\b|\byou play o\b/i.test(text) ? 'X' : undefined
}

const uuid = /\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/gi
const question = /^\s*(?:whose|who|what|how|which|where|is|did|has|show|tell|describe|read|look|see)\b/i
const aboutGame = /\b(?:state|status|board|turn|stand|stands|score|game|move|won|wins|winner|cells?|next)\b/i
const goingOn = /\b(?:continue|finish|go on|play on|rematch|again|another|next|this|that|same)\b/i
const oneMore = /\b(?:rematch|again|another|next)\b/i
const verbs = /\b(?:move|put|place|take|takes|set|mark|play|plays|choose|pick)\b/i

function stepsOf(clause: string): readonly Step[] {
  if (question.test(clause) && aboutGame.test(clause)) return [{ kind: 'state' }]
  if (/\b(?:cancel|abort|call off)\b/i.test(clause)) return [{ kind: 'cancel' }]
  if (/\b(?:reset|clear)\b/i.test(clause)) return [{ kind: 'reset' }]
  const move = moveOf(clause)
  if (move) return [move]
  if (/\b(?:play|continue|finish|go on|rematch|rounds?)\b/i.test(clause))
    return [{ kind: 'play', rounds: roundsOf(clause), isNew: !goingOn.test(clause), isAgain: oneMore.test(clause) }]
  const create = /\b(?:create|set up|new game|make (?:me )?a(?: \S+)? game)\b/i.test(clause)
  const start = /\b(?:start|begin)\b/i.test(clause)
  if (create || start)
    return [...(create ? [{ kind: 'create' } as const] : []), ...(start ? [{ kind: 'start' } as const] : [])]
  return /\b(?:state|status|board|turn|score)\b/i.test(clause) ? [{ kind: 'state' }] : []
}

function moveOf(clause: string): Step | undefined {
  const mark = clause.match(/(?<![\w'’])[xo](?![\w'’])/i)?.[0]
  const cell = cellOf(clause)
  if (cell === undefined || !(mark || verbs.test(clause))) return undefined
  return { kind: 'move', player: mark === undefined ? undefined : upper(mark), cell }
}

/** A cell by number, right or wrong, or by where it lies. */
function cellOf(clause: string): number | undefined {
  const text = clause.replace(/\b\d+ (?:rounds?|games?|times)\b/gi, '')
  const [, named] = text.match(/\b(?:cell|square|field|position|at|on|in|to|into|move|take)\s+#?(-?\d{1,3})\b/i) ?? []
  const number = named ?? text.match(/(?<![\w-])\d(?![\w-])/)?.[0]
  if (number !== undefined) return Number(number)
  if (!/\b(?:top|upper|bottom|lower|left|right|middle|mid|cent(?:re|er))\b/i.test(text)) return undefined
  const row = /\b(?:top|upper)\b/i.test(text) ? 0 : /\b(?:bottom|lower)\b/i.test(text) ? 2 : 1
  const column = /\bleft\b/i.test(text) ? 0 : /\bright\b/i.test(text) ? 2 : 1
  return 3 * row + column
}

const numbers: Readonly<Record<string, number>> = { two: 2, three: 3, four: 4, five: 5 }

/** At most 5: a turn is not for ever. */
function roundsOf(clause: string): number {
  const said = clause.match(/\b(\d{1,3}|two|three|four|five) (?:rounds|games)\b/i)?.[1]?.toLowerCase() ?? '1'
  return Math.min(5, Math.max(1, numbers[said] ?? Number(said)))
}

const upper = (mark: string): Mark => (mark.toLowerCase() === 'x' ? 'X' : 'O')
