import type { Claim, Wording } from './_claim.ts'
import { adverbs, beginning, ours, retelling, stop } from './_claim.ts'
import type { Finder, Groups, Reader } from './_claim-match.ts'
import { finder, followed, inTurn, oneOf, reader } from './_claim-match.ts'
import { findPlaces, mark, markIn, placeAt, placingsIn } from './_claim-places.ts'
import { joined } from './_claim-words.ts'

/** Words between a verb and its object that change nothing. */
const filler = reader(
  joined(`
  (?:an?|the|my|your|our|their|this|that|it|another|player|first|next|second|third|opening|winning|blocking|
  final|last|mark|marks|piece|symbol|token|letter|for|to|at|in|on|onto|into|with|down|both|legal|valid|big|
  nice|requested|of|up|you|over|out|right|corner)[ ]
`),
)
const noMove = '(?! (?:suggestion|list|proposal|plan|history|idea|count|order|for the worse))'
/** `X took over`, `I took X` (as my side): without a place these verbs say nothing about a move. */
const takeVerbs =
  'took|taken|claimed|gone|went|responded|replied|answered|countered|blocked|chose|chosen|picked|selected|grabbed|captured|set|filled|occupied|opened|played|moved'
const putVerbs = 'placed|put|dropped|added|marked|drawn|drew|inserted|positioned'
const recordVerbs =
  'made|recorded|registered|executed|completed|performed|played|placed|put|entered|processed|finished|taken|took|logged|saved|done|committed'
const pastVerbs =
  'played|moved|took|taken|placed|put|claimed|responded|replied|answered|countered|blocked|marked|chose|picked|grabbed|captured|dropped|opened|went|gone|landed|filled'
const presentVerbs =
  'plays|moves|takes|places|claims|responds|replies|answers|counters|blocks|marks|grabs|captures|drops|opens|lands|fills|goes'
const passiveVerbs =
  'placed|played|put|moved|marked|set|recorded|added|dropped|entered|made|registered|inserted|positioned'
const passive = `(?:(?:'s|has|have) been|was|were|(?:has |have )?now been|is now|are now|got) ${adverbs}`
const whoseWord = `(?:the|your|my|our|this|that|first|second|opening|winning|blocking|final|last|next|requested|both|${mark}(?:'s)?) `
const whose = `(?:${whoseWord}){0,4}`

/** `next` behind six fillers at most, and behind as many of them as can be. */
const filled =
  (next: Reader): Reader =>
  (text, at) => {
    const starts = [at]
    for (let word = filler(text, at); word !== undefined && starts.length < 7; word = filler(text, word.end))
      starts.push(word.end)
    return oneOf(...starts.reverse().map((start) => () => next(text, start)))(text, at)
  }
const markNext = reader(`${mark} `)
/** `X`, `the centre`, `your move`. */
const object = filled(oneOf(reader(mark), placeAt, reader(`(?:move|mark|piece|turn)\\b${noMove}`)))
const itsPlace = filled(placeAt)
const markAndPlace = filled(inTurn(markNext, itsPlace))
const markOrPlace = filled(oneOf(inTurn(markNext, itsPlace), itsPlace))
/** `the winning move`, `X's turn`. */
const moveObject = `(?:${whoseWord}|an? |another ){0,7}(?:moves?|turn)\\b${noMove}`
const weHave = `\\b(?:i|we|otto)(?:'ve| have| has)? ${adverbs}`
const doneThen = `^(?:done|success)[,:!¯-]{0,2} ?[¯-]? ?${whose}(?<mark>${mark})`

const placed = (groups: Groups, stretch: string): readonly Claim[] => {
  const subject = groups['mark'] === undefined ? undefined : markIn(groups['mark'])
  const isRetold = retelling.test(stretch)
  return placingsIn(stretch, subject).map((placing) => ({ kind: 'move', placing, isRetold }))
}
/** Only with a place: `X was placed` alone may be about anything. */
const placedSomewhere: Wording['read'] = (groups, stretch) =>
  placed(groups, stretch).filter((claim) => claim.kind === 'move' && claim.placing.cells.length > 0)

const told = (find: Finder, read = placed): Wording => ({ find, force: 'told', read })
const narrated = (find: Finder): Wording => ({ find, force: 'narrated', read: placedSomewhere })
const weDid = (verbs: string, ...what: readonly Reader[]) => followed(ours, reader(verbs), ...what)
const itDid = (verbs: string, ...what: readonly Reader[]) => followed(beginning, reader(verbs), ...what)
const said = (source: string, ...what: readonly Reader[]) => followed(finder(new RegExp(source, 'g')), ...what)

/** How moves are told. Sources: what small models were seen to write, and its obvious variations. */
export const moveWordings: readonly Wording[] = [
  told(weDid(`(?:${putVerbs}) `, object)),
  // `Put X …` and `Mark …` are orders.
  told(itDid('(?:placed|dropped|added|marked|inserted|positioned) ', object)),
  told(
    weDid(`(?:${takeVerbs}) (?:with |by (?:placing|playing|taking|putting|moving) )?`, markOrPlace),
    placedSomewhere,
  ),
  told(itDid('(?:played|moved|took|taken|claimed|blocked|captured) (?:with )?', markOrPlace), placedSomewhere),
  told(weDid(`(?:${recordVerbs}) ${moveObject}`)),
  told(itDid(`(?:made|recorded|registered|executed|completed|performed|played|processed) ${moveObject}`)),
  told(
    said(
      `${weHave}(?:(?:managed|was able|were able|been able) to|used (?:the )?(?:ttt_make_move(?: tool)?|tool|move tool) to) (?:place|play|put|mark|make|take|move|record) `,
      object,
    ),
  ),
  told(
    said(
      `${weHave}updated (?:the|our|your) (?:game )?board (?:with|to (?:show|reflect)) (?:the|your|my|our|this|that)? ?(?:new |latest )?(?:moves?|${mark})`,
    ),
  ),
  told(
    said(
      `${weHave}(?:made|executed|played|recorded|performed) (?:the |a |my |your )?(?<mark>${mark})(?:'s)? (?:move|turn)`,
    ),
  ),
  told(said(`\\b(?<mark>${mark})(?:'s (?:mark|piece|symbol|move|turn))? ${passive}(?:${passiveVerbs})\\b`)),
  told(
    said(
      `\\b${whose}(?:move|mark|piece)\\b(?<!\\b(?:a|an|each|every|any|no|which|another|one|per) (?:move|mark|piece))[^,.;!?]{0,40}? ${passive}(?:${recordVerbs}|successful|confirmed|added|complete|through)\\b`,
    ),
  ),
  told(
    said(
      `\\b(?:both|the|your|my|our|these|those|all) (?:two |three )?moves `,
      reader(`(?:${passive}|are )(?:${recordVerbs}|successful|confirmed|complete)\\b`),
    ),
  ),
  told(
    said(
      `\\b(?:the|your|my|our|that|this|${mark}(?:'s)?) (?:move|turn) (?:is (?:now )?(?:complete|done|recorded|confirmed|made|in|final|on the (?:ledger|chain|board)|registered)|went through|succeeded|worked)${stop}`,
    ),
  ),
  told(
    said(
      `^(?:(?:done|success|ok|okay|great)[,:!]? )?(?:(?:the|your|my|${mark}(?:'s)?) )?move (?:successfully )?(?:made|recorded|complete|completed|confirmed|successful|accepted|executed|registered|played|placed|processed|done)\\b(?! (?:so far|until))`,
    ),
  ),
  told(
    said(`${doneThen} (?:»|(?:is |now |is now )?(?:in|at|on|to)) ?(?:the )?`, placeAt, reader(stop)),
    placedSomewhere,
  ),
  told(said(`${doneThen} ?» ?\\d${stop}`), placedSomewhere),
  narrated(
    said(
      `\\b(?<!\\b(?:an|each|every|any) )(?<mark>${mark}) (?:has |have )?${adverbs}(?:${pastVerbs}|${presentVerbs}) (?:with )?`,
      itsPlace,
    ),
  ),
  narrated(
    said(
      `\\b(?<mark>${mark}) (?:is|gets|sits|stands) (?:now )?(?:placed|put|played|marked) (?:in|at|on|into|onto) (?:the )?`,
      placeAt,
    ),
  ),
  narrated(
    said(
      `\\b(?<mark>${mark}) (?:is now|now sits|sits now|now stands|now rests) (?:sitting |standing )?`,
      oneOf(inTurn(reader('(?:in |at |on )?(?:the )?'), placeAt), placeAt),
    ),
  ),
  narrated(said('(?<=\\botto (?:[a-z]+ ){0,6})(?:places|plays|takes|moves|marks|puts|drops) ', markOrPlace)),
  narrated(
    findPlaces(
      reader(
        ` (?:(?:has been|was|is now|has now been) ${adverbs}(?:marked|filled|claimed|played|taken|occupied) (?:by|with|for|as) (?:an? |the |your |my )?${mark}|(?:is now|now (?:has|holds|contains|shows)) (?:an? |your |my )?${mark}${stop})`,
      ),
    ),
  ),
  narrated(said(`\\byou(?:'ve| have)? ${adverbs}(?:placed|played|put|moved|marked) `, markAndPlace)),
]
