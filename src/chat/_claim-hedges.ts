import type { Wording } from './_claim.ts'
import type { Sentence } from './_claim-text.ts'
import { anyOf } from './_claim-words.ts'

/** Before a claim in its sentence, these make it a plan, a question, a wish, or somebody's words. */
const before = anyOf(`
  if|could|would|might|may|should|shall|will|won't|i'll|we'll|you'll|it'll|i'd|we'd|you'd|unless|whether|when|
  whenever|once|until|till|every time|each time|as soon as|in case|let's|let me|let us|
  want(?:s|ed)? (?:me )?to|wish|hope|hoping|going to|about to|need to|have to|in order to|try|please|suggest|
  said|say|says that i|claimed (?:that|to|i)|told you (?:that )?(?:i|x|o)|thought|believed|assumed|
  apologi[sz]e for (?:saying|claiming)|mistaken|mistakenly|wrong|wrongly|incorrectly|falsely|
  you (?:asked|wrote|mentioned|claim|think|told|mean|believe|requested)|asked (?:me|whether)|as though|
  yesterday|last (?:week|month|year|night|summer)|years? ago|days? ago|otherwise|in that case|either way|
  either|must|answer (?:yes|no)|say (?:yes|go)|(?:confirm|approve|agree) and|needs? to|even though|
  rather than|instead of|as planned|planned|planning|plan is|can(?:not|'t)?
`)
/** Directly before a claim these date something else by it, as in `after I have placed X`. */
const dated = anyOf(
  `
  after|before|until|till|by the time|without|unless|once|
  (?:hash|signature|time|ordinal|copy|trace|details|proof|id) of
`,
  { tail: ' $' },
)
/** Phrases that hold such words and hedge nothing. */
const harmless = anyOf(
  `
  (?:as|like|just as) you (?:can (?:now )?see|asked|requested|wanted|wished|said|told me|suggested|mentioned)|
  you can (?:now )?see (?:that|how|on the board)|if you look at the board|when you asked|
  as (?:requested|asked|promised|planned|suggested|instructed|told)|per your request|at your request|let me tell you|
  i(?:'m| am) happy to (?:say|report|tell you|confirm)(?: that)?|
  you(?:'ll| will) (?:see|notice|be happy to hear)(?: that)?|good news|you asked for it|said and done|
  i can (?:confirm|report|tell you)(?: that)?|i(?:'d| would) like to (?:report|tell you|inform you|confirm)(?: that)?|
  please note(?: that)?|let me confirm(?: that)?|no sooner said than done|i must say|you said .{1,40}?, so|
  you asked .{1,60}?, so
`,
  { flags: 'g' },
)
/** Before a claim in its clause. */
const negations = anyOf(String.raw`
  not|\w{2,12}n't|never|no|nothing|none|nobody|neither|nor|without|unable|fail(?:s|ed|ing|ure)?|cannot|
  refus(?:es?|ed|al)|reject(?:s|ed)?|error|denied|den(?:y|ies)|tried|attempt(?:ed)?|trying|almost|nearly|
  far from|hardly|barely|avoid(?:ed)?|prevent(?:ed|s)?|pretend(?:ed)?|seem(?:s|ed)?|appear(?:s|ed)?|unclear|
  unknown|unsure|uncertain|maybe|perhaps|possibly|probably|likely
`)
/** Behind a claim, up to the end of its clause. */
const conditions = anyOf(
  `
  if|whenever|unless|every time|each time|as soon as|depending|provided|assuming|on your (?:word|command|go)|
  only (?:when|after|once)|yes or no
`,
  { head: '^[^,;¯]*?\\b' },
)
const generalConditions =
  /^[^,;¯]*?\b(?:when|once|after (?:each|every|that)|before (?:each|every)|by (?:calling|default)|per)\b/
const turnsAround = /\b(?:but|however|although|though|yet|only to|except|unfortunately|sadly|still|while|;)\s/
const failures = anyOf(String.raw`
  fail(?:s|ed|ure)?|refus(?:es?|ed|al)|reject(?:s|ed)?|not|\w{2,12}n't|error|taken|unable|invalid|never|
  denied|nothing|illegal|occupied|wrong|pending|unknown|unclear|mistake|lost|no
`)
/** The outcome is open, and said to be. */
const open = anyOf(`
  not (?:yet )?(?:visible|confirmed|shown|final|there)|pending|awaiting|
  waiting for (?:the )?(?:confirmation|ledger|snapshot)|isn't (?:visible|confirmed)|hasn't|not yet|unknown|
  unclear|cannot (?:tell|say)|can't (?:tell|say)|don't know|as far as i (?:know|can tell)
`)
const takesBack = anyOf(
  String.raw`
  but|however|unfortunately|sadly|wait|sorry|actually|oops|no\b|correction|scratch that|my mistake|apologies|
  that(?:'s| is| was) (?:not|wrong|a mistake|incorrect|untrue|false)|
  this (?:is|was) (?:not|wrong|incorrect|a mistake)|it was refused|the ledger refused|
  the (?:tool|service) refused
`,
  { head: '^', tail: '' },
)
/** Moves and endings of other games. */
const elsewhere = anyOf(String.raw`
  (?:last|previous|earlier|other|another|first|second|third|different|old|next|practice|friend's) (?:game|round|match|time)s?|
  round (?:\d|one|two|three)|(?:in|of|for) (?:game|round) (?:\d|one|two|three)|on paper|
  in (?:real life|my head)|world champion
`)
/** Directly before a claim on the standing. */
const notYet = anyOf(
  String.raw`
  before|after|until|till|then|was|were|did|does|is|are|so that|that way|means that|let|lets|letting|make|
  makes|making|watch|help|helps|because then|from|on|during|for|of|skip|end|ends|see|way|how|why|who|say|says|
  think|guess|or|where|which|so as|(?:after|before) [^,]{1,60},|
  after (?:an?|the|this|that|your|my|our|you|i|we|each|every)\b.{0,80}
`,
  { tail: '\\s?$' },
)

/**
 * Is a match no report after all: a plan, a question, a condition, a negation, a quotation, another game, or taken back
 * in the same breath? Where in doubt: yes.
 */
export function isHedged(sentence: Sentence, force: Wording['force'], start: number, end: number): boolean {
  const { text } = sentence
  if (sentence.isImagined || (force === 'narrated' && sentence.isGeneral)) return true
  const [head, tail] = [text.slice(0, start).replace(harmless, ' '), text.slice(end)]
  if (before.test(head) || dated.test(head) || negations.test(clauseBefore(head))) return true
  if (conditions.test(tail) || (force === 'narrated' && generalConditions.test(tail))) return true
  return isTakenBack(tail, sentence.next) || open.test(text) || (sentence.isQuestion && isAsked(text, end))
}

/** Does a sentence speak of other games than the one at hand? */
export const isElsewhere = (text: string): boolean => elsewhere.test(text)

/** Does what stands before a word on the standing put it off to another time? */
export const isPutOff = (head: string): boolean => notYet.test(head)

const clauseBefore = (head: string): string => head.split(/[,;:¯]|\b(?:but|so|and|then)\b/).at(-1) ?? ''

function isTakenBack(tail: string, next: string): boolean {
  const back = tail.search(turnsAround)
  return (back >= 0 && failures.test(tail.slice(back))) || (takesBack.test(next) && failures.test(next))
}

/** `I placed X in the centre, what now?` asks only in its last clause. */
function isAsked(text: string, end: number): boolean {
  const comma = Math.max(text.lastIndexOf(','), text.lastIndexOf(' ¯ '), text.lastIndexOf(' - '))
  const asksOwn = /^(?:(?:ok|okay|great|sure|done|alright|as you asked|as requested)[,!:]? )?(?:i|we|otto)\b/.test(text)
  return (
    !asksOwn ||
    comma < end ||
    /[,¯-] (?:right|ok|okay|correct|isn't|didn't|did|no|yes|huh|wasn't|was)\b[^,]*$/.test(text)
  )
}
