import { toLatin } from './_claim-signs.ts'
import { anyOf } from './_claim-words.ts'

/** More than this of an answer is not read. */
const maxChars = 65_536
/** A longer sentence is read in pieces of this size, so that no pattern ever sees more. */
const maxSentence = 600

/** A sentence of an answer in plain lower case and the signs of _claim-signs.ts: no markup, single blanks. */
export type Sentence = {
  readonly text: string
  readonly isQuestion: boolean
  /** It stands under a thought experiment, a story, another game: nothing in it is told as done. */
  readonly isImagined: boolean
  /** It stands under rules, strategy, options: what `X plays` there is no report. */
  readonly isGeneral: boolean
  /** The sentence after it, or ''. */
  readonly next: string
}

/** Opens a thought experiment, a story or talk of another game; holds for the rest of the paragraph. */
const imagined = anyOf(`
  suppos(?:e|ing)|imagin(?:e|ing)|pretend|hypothetical(?:ly)?|for (?:example|instance)|examples?|let's say|
  say that|what if|consider(?:ing)?|predict(?:s|ion|ions)?|(?:one|this|main|another|best|critical) line|
  lines? of play|simulat(?:e|es|ed|ing|ion)|story|tale|once upon|poem|haiku|limerick|joke|song|riddle|fiction|
  dream(?:t|ed)?|chess|checkers|draughts|connect (?:four|4)|poker|sudoku|football|soccer|tennis|sample|demo|
  illustration|scenario
`)
/** Opens talk about the game as such; holds for the rest of the paragraph. */
const general = anyOf(String.raw`
  in general|general(?:ly)?|usually|typical(?:ly)?|normally|often|always|in theory|theory|
  strateg(?:y|ies|ic|ically)|tactics?|tips?|rules?|how to|
  how (?:it|this|that|the game|tic[- ]tac[- ]toe) (?:works?|is played|could go|might go)|options?|ideas?|
  plans?|suggest(?:s|ion|ions)?|recommend(?:s|ation|ations)?|possib(?:le|ly|ility|ilities)|best play|
  perfect play|optimal|openings?|in tic[- ]tac[- ]toe|variations?|analysis|threat(?:s|en|ens)?|candidates?|
  choices?|whoever|steps?|do this|best (?:reply|answer|response|move)|ready(?=\?)|
  ^(?:resetting|placing|playing|taking|starting|creating|cancell?ing|blocking|choosing|picking|moving)|
  the goal|the aim|the object|a player|each player|players
`)
/** Makes a sentence no report by itself; under a heading with a colon it holds for what the heading opens. */
const modal = anyOf(`
  if|could|would|might|may|should|can|shall|will|unless|whether|when|whenever|i'll|we'll|i'd|we'd|you'd|next|
  want|going to|let's|let me|otherwise|in that case|either way
`)
const carriesOn =
  /^(?:and )?(?:then|after that|afterwards|from there|that way|this way|next,|eventually|later|finally)\b/

/**
 * The sentences of an answer that may state something: without code blocks, quotations, struck-out text and what
 * stands before `</think>`. Linear in the text, of which 64 Ki characters are read.
 */
export function sentencesOf(answer: string): readonly Sentence[] {
  const lines = withoutCode(plainText(answer)).map(toLine)
  const found: Sentence[] = []
  let scope = noScope
  for (const line of lines) {
    scope = enter(scope, line)
    for (const text of splitSentences(line.text)) {
      const isModal = modal.test(text) || (carriesOn.test(text) && scope.isModal)
      scope = { ...scope, ...widen(scope, text), isModal }
      const { isImagined } = scope
      const isGeneral = scope.isGeneral || scope.isListed || (isModal && carriesOn.test(text))
      found.push({ text, isQuestion: /\?\W*$/.test(text), isImagined, isGeneral, next: '' })
    }
    scope = leave(scope, line)
  }
  return found.map((sentence, index) => ({ ...sentence, next: found[index + 1]?.text ?? '' }))
}

type Scope = {
  readonly isImagined: boolean
  readonly isGeneral: boolean
  /** Under a line like `You could play:`. */
  readonly isListed: boolean
  readonly isModal: boolean
  /** A line with a colon, or a heading, keeps its scope over a blank line. */
  readonly isOpen: boolean
  readonly hasItems: boolean
}
const noScope: Scope = {
  isImagined: false,
  isGeneral: false,
  isListed: false,
  isModal: false,
  isOpen: false,
  hasItems: false,
}

type Line = { readonly text: string; readonly isItem: boolean; readonly opens: boolean; readonly isBlank: boolean }

function enter(scope: Scope, { isBlank, isItem, opens }: Line): Scope {
  if (isBlank) return scope.isOpen ? scope : noScope
  if (opens && !isItem) return noScope
  // The first line after the list that is no item begins something else.
  return scope.hasItems && !isItem ? noScope : { ...scope, hasItems: scope.hasItems || isItem }
}

const leave = (scope: Scope, { isBlank, opens, text }: Line): Scope => {
  if (isBlank) return scope
  return { ...scope, isOpen: opens || scope.isOpen, isListed: scope.isListed || (opens && modal.test(text)) }
}

const widen = (scope: Scope, text: string): Pick<Scope, 'isImagined' | 'isGeneral'> => ({
  isImagined: scope.isImagined || imagined.test(text),
  isGeneral: scope.isGeneral || general.test(text),
})

/** Spelled one way. */
function plainText(answer: string): string {
  const said = answer.slice(0, maxChars).split('</think>').at(-1) ?? ''
  return toLatin(said.normalize('NFKC').slice(0, maxChars).toLowerCase())
    .replace(/[-=]{1,2}>/g, '»')
    .replace(/\be\.g\.,?/g, 'for example')
    .replace(/\bi\.e\.,?/g, 'that is')
    .replace(/\bvs\./g, 'vs')
}

/** The lines outside of fenced and quoted blocks. */
function withoutCode(text: string): readonly string[] {
  let fence: string | undefined
  return text.split('\n').flatMap((line) => {
    const mark = /^ {0,8}(```|~~~)/.exec(line)?.[1]
    if (fence !== undefined) {
      if (mark === fence) fence = undefined
      return []
    }
    // A fence that closes on its own line is inline code.
    if (mark !== undefined && line.indexOf(mark, line.indexOf(mark) + 3) < 0) fence = mark
    return fence !== undefined || /^ {0,8}>/.test(line) ? [] : [line]
  })
}

function toLine(raw: string): Line {
  const isItem = /^[ \t]{0,40}(?:[-*+·¯]|\d{1,2}[.)])[ \t]/.test(raw)
  const isHeading = /^ {0,3}#{1,6} /.test(raw)
  const text = plainLine(raw)
  return { text, isItem, opens: isHeading || text.endsWith(':'), isBlank: text === '' }
}

/** Marks drawn as emoji become letters, ticks at the start of a line become `done:`. */
const plainLine = (raw: string): string =>
  raw
    .replace(/^[ \t]{0,40}(?:[-*+·¯]|\d{1,2}[.)]|#{1,6})[ \t]/, '')
    .replace(/~~[^~]{1,400}~~/g, ' ')
    .replace(/"[^"]{1,400}"/g, (quoted) =>
      quoted.trim().split(/\s+/).length > 2 ? ' it ' : quoted.replaceAll('"', ''),
    )
    .replace(/[*`"[\]]/g, '')
    .replace(/(?<![a-z0-9])_+|_+(?![a-z0-9])/g, '')
    .replace(/'([xo])'/g, '$1')
    .replace(/^[^a-z0-9ß-öø-ÿ]{0,8}¹|^(?=[^.!?]{1,200}¹\W{0,8}$)/, 'done: ')
    .replace(/^([^a-z0-9ß-öø-ÿ]{0,8})²(?! ?(?:wins|won|has|plays|played|moves|moved|takes|took|placed|»))/, '$1')
    .replaceAll('²', ' x ')
    .replaceAll('³', ' o ')
    .replace(/[¹¼©®]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

const splitSentences = (line: string): readonly string[] =>
  line
    .split(/(?<=[.!?][)']?) /)
    .flatMap((sentence) => piecesOf(sentence.trim()))
    .filter((sentence) => sentence !== '')

const piecesOf = (sentence: string): readonly string[] =>
  Array.from({ length: Math.ceil(sentence.length / maxSentence) }, (_, index) =>
    sentence.slice(index * maxSentence, (index + 1) * maxSentence),
  )
