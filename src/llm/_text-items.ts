import { endOfBracket, readBrackets } from './_text-json.ts'
import { matchName } from './_text-names.ts'
import type { MarkOpening, Opening } from './_text-openings.ts'
import type { Run, Search, Stretch } from './_text-run.ts'
import { nothing, readRun, skip } from './_text-run.ts'

const anySeparators = /[\s,;]*/y
const lineSeparators = /(?:[^\S\n]|[,;])*/y

/** What models leave behind a call: brackets too many, closing marks, ends of a turn. */
const tail =
  /[,;]?(?:\s*(?:[}\]]|<\/tool_calls?>|<\/function(?:_call)?>|<\|\/tool_call\|>|\[\/TOOL_CALLS\]|<\|e(?:om|ot)_id\|>|<\|im_end\|>|<\/s>))*/y
const bareTail = new RegExp(`\`{0,2}${tail.source}`, 'y')
const closingFence = /\s*```/y
const lineRest = /[^\S\n]*/y

/** Reads what stands at an opening. The stretch ends behind the opening at least. */
export function readItem(text: string, opening: Opening, search: Search): Stretch {
  switch (opening.kind) {
    case 'foreign':
      return nothing(opening.close === undefined ? text.length : endAt(text, opening.close, opening.inside))
    case 'fence':
      return readFence(text, opening.inside, search)
    case 'mark':
      return readMark(text, opening, search)
    case 'bare':
      return readBare(text, opening.inside, search)
  }
}

/** A block counts only as a whole: beside other code, a call is an example. */
function readFence(text: string, inside: number, search: Search): Stretch {
  const close = text.indexOf('```', inside)
  const limit = close < 0 ? text.length : close
  const run = readRun(text, { from: inside, limit, separators: anySeparators, isMarked: false }, search)
  const after = skip(tail, text, run.end)
  if (close < 0) return isEmpty(run) ? nothing(limit) : { ...run, end: after }
  return text.slice(after, close).trim() === '' ? { ...run, end: close + 3 } : nothing(close + 3)
}

/** Alone on its lines: behind it the line ends. */
function readBare(text: string, inside: number, search: Search): Stretch {
  const run = readRun(text, { from: inside, limit: text.length, separators: lineSeparators, isMarked: false }, search)
  const after = skip(bareTail, text, run.end)
  const lineEnd = skip(lineRest, text, after)
  return lineEnd === text.length || text.charAt(lineEnd) === '\n' ? { ...run, end: after } : nothing(run.end)
}

const fenceInMark = /\s*(?:```[\w+-]{0,20}\s*)?/y
/** Mistral's newer form: `ttt_make_move[ARGS]{…}`. */
const nameBeforeObject = /([\w.-]{1,64})\s*(?:\[CALL_ID\]\w{1,64}\s*)?(?:\[ARGS\]\s*)?(?=\{)/y
const bareName = /[\w-]{1,64}/y
const closingMark = /<\/(?:tool_call|function)>/g

function readMark(text: string, opening: MarkOpening, search: Search): Stretch {
  const inside = skip(fenceInMark, text, opening.inside)
  const named = matchAt(nameBeforeObject, text, inside)
  const name = opening.name ?? named?.[1]
  const at = inside + (named?.[0].length ?? 0)
  const stretch = name === undefined ? readMarked(text, at, search) : readNamed(text, name, at, search)
  if (isEmpty(stretch)) return stretch
  const isFenced = opening.isFenced || text.slice(opening.inside, inside).includes('```')
  const inner = skip(tail, text, stretch.end)
  return { ...stretch, end: isFenced ? skip(tail, text, skip(closingFence, text, inner)) : inner }
}

/** Values behind a mark; or words: prose that speaks of the mark, a call in another language, or the end. */
function readMarked(text: string, at: number, search: Search): Stretch {
  if (at === text.length) return { ...nothing(at), broken: {} }
  const run: Run = { from: at, limit: text.length, separators: anySeparators, isMarked: true }
  const stretch = readRun(text, run, search)
  if (stretch.end > at) return stretch
  const [word = ''] = matchAt(bareName, text, at) ?? []
  return unreadable(text, word, at, search)
}

/** An object that is the arguments, the name being told before. */
function readNamed(text: string, name: string, at: number, search: Search): Stretch {
  if (text.charAt(at) !== '{') return unreadable(text, name, at, search)
  const end = endOfBracket(text, at)
  if (search.valuesLeft === 0) return nothing(end ?? text.length)
  search.valuesLeft -= 1
  const reading = end === undefined ? undefined : readBrackets(text.slice(at, end))
  if (end === undefined || reading === undefined) {
    const known = matchName(name, search.toolNames)?.name
    return { ...nothing(end ?? text.length), broken: known === undefined ? {} : { name: known } }
  }
  return { end, calls: [{ name, arguments: reading.value }], isRepaired: reading.isRepaired }
}

/** A tool of ours named in a form that is not read, such as Python's: broken as far as its closing mark. */
function unreadable(text: string, word: string, at: number, search: Search): Stretch {
  const name = word === '' ? undefined : matchName(word, search.toolNames)?.name
  if (name === undefined) return nothing(at)
  closingMark.lastIndex = at
  return { ...nothing(closingMark.exec(text)?.index ?? text.length), broken: { name } }
}

const isEmpty = ({ calls, broken }: Stretch): boolean => calls.length === 0 && broken === undefined

const endAt = (text: string, mark: string, from: number): number => {
  const at = text.indexOf(mark, from)
  return at < 0 ? text.length : at
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}
