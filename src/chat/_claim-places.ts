import type { Mark } from '../tictactoe/game-view.ts'
import type { Finder, Reader } from './_claim-match.ts'
import { finder, followed, oneOf, reader } from './_claim-match.ts'
import { anyOf } from './_claim-words.ts'

/** A mark and where it went, as a sentence names them. */
export type Placing = {
  readonly player: Mark | undefined
  /** Every reading of the place, so `cell 5, the centre` is 4 or 5; empty: none is named. */
  readonly cells: readonly number[]
}

const noun = '(?:cell|square|spot|position|slot|field|tile|space|box|place)'
const middle = '(?:middle|mid|cent(?:er|re|ral))'
const vertical = `(?:top|upper|bottom|lower|${middle})`
const horizontal = `(?:left|right|${middle})`
const ordinal = '(?:first|second|third|1st|2nd|3rd)'
const digit = '(?:[0-9]|zero|one|two|three|four|five|six|seven|eight|nine)'
/** What may follow a bare number or `the middle`, where `in 4 moves` and `the middle path` name no cell. */
const placeEnd = reader(
  ` ?(?:$|[,;:!?)(¯»-]|\\.(?!\\d)|(?:${noun}|and|with|for|as|to|so|but|on|in|at|of the (?:board|grid)|now|then|next|again|by|here|is|was|has|this|because|since|while|which|after|before|first|would|today|instead)\\b)`,
)
/** A place with the end of a name behind it. */
const closed =
  (place: Reader): Reader =>
  (text, at) => {
    const match = place(text, at)
    return match && placeEnd(text, match.end) && match
  }

/** One place of the board in words or numbers. */
export const placeAt: Reader = oneOf(
  reader(`row ?(?:number )?${digit},? ?(?:and |& )?col(?:umn)? ?(?:number )?${digit}`),
  reader(`col(?:umn)? ?(?:number )?${digit},? ?(?:and |& |of )?row ?(?:number )?${digit}`),
  reader(`(?:${vertical}|${ordinal}) row,? ?(?:and |the |in the ){0,2}(?:${horizontal}|${ordinal}) col(?:umn)?`),
  reader(`(?:${horizontal}|${ordinal})(?: ${noun}| column| side| end)? (?:of|in) the (?:${vertical}|${ordinal}) row`),
  closed(reader(`(?:${vertical}|${ordinal}) row,? ?(?:on the )?${horizontal}\\b`)),
  reader('\\(\\d ?, ?\\d\\)'),
  reader(`(?:${noun} ?(?:number|no\\.?|#|index|is|:|id)? ?|number |index |# ?)[(#]?${digit}\\b(?!\\.\\d)`),
  closed(reader("(?:at|in|on|to|onto|into|») ?[0-9]\\b(?!')")),
  closed(
    reader("(?<=\\b(?:played|plays|took|takes|taken|chose|picked|marked|claimed|grabbed|moved|placed) )[0-9]\\b(?!')"),
  ),
  reader(`${vertical}[- ]?${horizontal}\\b(?: (?:corner|edge))?`),
  reader(`(?:left|right)[- ]${vertical}\\b(?: (?:corner|edge))?`),
  reader('(?:top|bottom|left|right|upper|lower)[- ](?:edge|side)\\b'),
  closed(reader('(?:middle|cent(?:er|re))\\b(?! (?:of (?!the (?:board|grid))|stage|row|col))')),
  reader(`central ${noun}`),
)

/** `X`, `player O`, `playerX`, an `X's`. */
export const mark = `(?:player ?)?[xo]\\b(?![-/.]\\w)`

/** Where a place or a mark can begin; a text has few such words, and a place is read in a dozen ways. */
const nameStart = finder(
  new RegExp(
    `(?<!\\w)(?=row|col|top|upper|bottom|lower|mid|cent|left|right|first|second|third|number|index|at|in|on|to|${noun}|[\\d(#»]|player|[xo]\\b)`,
    'g',
  ),
)
const names = followed(nameStart, oneOf(placeAt, reader(`(?<mark>${mark})`)))

/** The places of a text that begin with a word or a digit, where `next` is said of them. */
export const findPlaces = (next: Reader): Finder => followed(nameStart, reader('\\b'), placeAt, next)

/** Between two pairs of one list: `X in the centre and O in the corner`. */
const listed =
  /^(?:'s)?[ ,;&]{0,3}(?:and|then|and then|while|with)?[ ,]{0,2}(?:the|an?|my|your|our|player)?(?: mark| piece)? ?$/
/** Between two names of one place: `cell 4 (the centre)`. */
const alias =
  /^[ ,()\-¯:=/]{0,4}(?:or|and|aka|i\.e\.|that is|the|at|in|is|cell|square|position|which is|on|also known as|index){0,1}(?: the)?[ ,()\-¯:]{0,3}$/
/** Between a place and its mark: `cell 4 with an X`. */
const owned = /^[ ,()]{0,2}(?:with|for|as|by|to|«|=|:)?[ ,(]{0,2}(?:an?|the|your|my|player)?[ (]{0,2}$/
/** Where a sentence goes on to something else than the placing. */
const turn = anyOf(
  String.raw`
  [ (](?:player ?)?[xo](?:'s turn| to (?:move|play|go)| is (?:next|up)| (?:goes|plays|moves) next| wins| won| has won)\b|
  [ ](?!you (?:at|in|on)\b|\w+ move\b)(?:because|since|so|which|blocking|leaving|threatening|making|giving|creating|
  setting|winning|completing|forming|while|where|whereas|instead|rather|next to|opposite|beside|near|between|against|
  after|before|from|if|when|unless|until|as (?:you|it|this|that|the)|but|however|though|although|than|vs|versus|
  and (?:it|now|you|your|the|that|this|we|i|blocked|is|won|wins)\b|you|your turn|it's)\b|
  [ ]to (?!the\b|cell|square|position|spot|field|slot|cent|mid|top|upper|bottom|lower|left|right|row|col|\d|\(|#)
`,
  { head: '', tail: '' },
)

/** The placings that a stretch of a sentence names; `player` is known from what came before it. */
export function placingsIn(stretch: string, player?: Mark): readonly Placing[] {
  const ending = stretch.search(turn)
  const text = ending < 0 ? stretch : stretch.slice(0, ending)
  const found: { player: Mark | undefined; cells: number[] }[] = [{ player, cells: [] }]
  let last = 0
  for (const { start, end, groups } of names(text)) {
    const [between, word] = [text.slice(last, start), text.slice(start, end)]
    const took = groups['mark'] === undefined ? addPlace(found, between, word) : addMark(found, between, markIn(word))
    if (!took) break
    last = end
  }
  return found
}

type Draft = { player: Mark | undefined; cells: number[] }

function addMark(found: Draft[], between: string, player: Mark): boolean {
  const latest = found.at(-1)
  if (latest === undefined) return false
  if (latest.cells.length === 0) {
    if (/[,;!?]|\band\b/.test(between)) return false
    latest.player ??= player
    return latest.player === player
  }
  if (latest.player === undefined && owned.test(between)) latest.player = player
  else if (listed.test(between)) found.push({ player, cells: [] })
  else return false
  return true
}

function addPlace(found: Draft[], between: string, word: string): boolean {
  const latest = found.at(-1)
  if (latest === undefined || (latest.cells.length > 0 && !alias.test(between))) return false
  latest.cells.push(...cellsNamed(word))
  return true
}

/** The mark that a text of the form `mark` names. */
export const markIn = (text: string): Mark => (text.endsWith('x') ? 'X' : 'O')

const number = new RegExp(`\\d(?!st|nd|rd)|\\b${digit}\\b`, 'g')
const wordsForDigits = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine']

/** Cells 0 to 8 that a text of the form `place` can mean; 9 is none of them and stays, as it cannot be true. */
export function cellsNamed(text: string): readonly number[] {
  const numbers = (text.match(number) ?? []).map((word) =>
    wordsForDigits.includes(word) ? wordsForDigits.indexOf(word) : Number(word),
  )
  const [first, second] = numbers
  if (first !== undefined && second !== undefined)
    return gridCells(/^col/.test(text) ? [second, first] : [first, second])
  if (first !== undefined) return [first]
  return [3 * rowNamed(text) + columnNamed(text)]
}

/** Rows and columns are counted from one, or from zero by some. */
const gridCells = ([row, column]: readonly [number, number]): readonly number[] =>
  [1, 0].flatMap((base) => {
    const [y, x] = [row - base, column - base]
    return y >= 0 && y < 3 && x >= 0 && x < 3 ? [3 * y + x] : []
  })

function rowNamed(text: string): number {
  if (/\b(?:top|upper)|(?:first|1st) row/.test(text)) return 0
  return /\b(?:bottom|lower)|(?:third|3rd) row/.test(text) ? 2 : 1
}

function columnNamed(text: string): number {
  if (/left|(?:first|1st)(?! row)/.test(text)) return 0
  return /right|(?:third|3rd)(?! row)/.test(text) ? 2 : 1
}
