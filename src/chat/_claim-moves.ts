import type { Claim, Wording } from './_claim.ts'
import { adverbs, beginning, doer, retelling, stillMe, stop } from './_claim.ts'
import { mark, markIn, place, placingsIn } from './_claim-places.ts'
import { joined } from './_claim-words.ts'

const fillers = joined(`
  an?|the|my|your|our|their|this|that|it|another|player|first|next|second|third|opening|winning|blocking|
  final|last|mark|marks|piece|symbol|token|letter|for|to|at|in|on|onto|into|with|down|both|legal|valid|big|
  nice|requested|of|up|you|over|out|right|corner
`)
const filler = `(?:(?:${fillers}) ){0,6}`
const noMove = '(?! (?:suggestion|list|proposal|plan|history|idea|count|order|for the worse))'
const moveNoun = `(?:move|mark|piece|turn)\\b${noMove}`
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
const whose = `(?:(?:the|your|my|our|this|that|first|second|opening|winning|blocking|final|last|next|requested|both|(?:${mark})(?:'s)?) ){0,3}`
const object = `(?:${mark}|${place})`
const moveObject = `${whose}(?:a |an |another )?${whose}(?:moves?|turn)\\b${noMove}`

const placed = (groups: Readonly<Record<string, string | undefined>>, stretch: string): readonly Claim[] => {
  const subject = groups['mark'] === undefined ? undefined : markIn(groups['mark'])
  const isRetold = retelling.test(stretch)
  return placingsIn(stretch, subject).map((placing) => ({ kind: 'move', placing, isRetold }))
}
/** Only with a place: `X was placed` alone may be about anything. */
const placedSomewhere: Wording['read'] = (groups, stretch) =>
  placed(groups, stretch).filter((claim) => claim.kind === 'move' && claim.placing.cells.length > 0)

const told = (source: string, read = placed): Wording => ({ pattern: new RegExp(source, 'g'), force: 'told', read })
const narrated = (source: string, read = placed): Wording => ({
  pattern: new RegExp(source, 'g'),
  force: 'narrated',
  read,
})

/** How moves are told. Sources: what small models were seen to write, and its obvious variations. */
export const moveWordings: readonly Wording[] = [
  told(`(?:${doer}|${stillMe})(?:${putVerbs}) ${filler}(?:${object}|${moveNoun})`),
  // `Put X …` and `Mark …` are orders.
  told(`${beginning}(?:placed|dropped|added|marked|inserted|positioned) ${filler}(?:${object}|${moveNoun})`),
  told(
    `(?:${doer}|${stillMe})(?:${takeVerbs}) (?:with |by (?:placing|playing|taking|putting|moving) )?${filler}(?:${mark} )?${filler}(?:${place})`,
    placedSomewhere,
  ),
  told(
    `${beginning}(?:played|moved|took|taken|claimed|blocked|captured) (?:with )?${filler}(?:${mark} )?${filler}(?:${place})`,
    placedSomewhere,
  ),
  told(`(?:${doer}|${stillMe})(?:${recordVerbs}) ${moveObject}`),
  told(`${beginning}(?:made|recorded|registered|executed|completed|performed|played|processed) ${moveObject}`),
  told(
    `\\b(?:i|we|otto)(?:'ve| have| has)? ${adverbs}(?:managed|was able|were able|been able) to (?:place|play|put|mark|make|take|move|record) ${filler}(?:${object}|${moveNoun})`,
  ),
  told(
    `\\b(?:i|we|otto)(?:'ve| have| has)? ${adverbs}used (?:the )?(?:ttt_make_move(?: tool)?|tool|move tool) to (?:place|play|put|mark|make|take|move|record) ${filler}(?:${object}|${moveNoun})`,
  ),
  told(
    `\\b(?:i|we|otto)(?:'ve| have| has)? ${adverbs}updated (?:the|our|your) (?:game )?board (?:with|to (?:show|reflect)) (?:the|your|my|our|this|that)? ?(?:new |latest )?(?:moves?|${mark})`,
  ),
  told(
    `\\b(?:i|we|otto)(?:'ve| have| has)? ${adverbs}(?:made|executed|played|recorded|performed) (?:the |a |my |your )?(?<mark>${mark})(?:'s)? (?:move|turn)`,
  ),
  told(`\\b(?<mark>${mark})(?:'s (?:mark|piece|symbol|move|turn))? ${passive}(?:${passiveVerbs})\\b`),
  told(
    `\\b${whose}(?:move|mark|piece)\\b(?<!\\b(?:a|an|each|every|any|no|which|another|one|per) (?:move|mark|piece))[^,.;!?]{0,40}? ${passive}(?:${recordVerbs}|successful|confirmed|added|complete|through)\\b`,
  ),
  told(
    `\\b(?:both|the|your|my|our|these|those|all) (?:two |three )?moves (?:${passive}|are )(?:${recordVerbs}|successful|confirmed|complete)\\b`,
  ),
  told(
    `\\b(?:the|your|my|our|that|this|(?:${mark})(?:'s)?) (?:move|turn) (?:is (?:now )?(?:complete|done|recorded|confirmed|made|in|final|on the (?:ledger|chain|board)|registered)|went through|succeeded|worked)${stop}`,
  ),
  told(
    `^(?:(?:done|success|ok|okay|great)[,:!]? )?(?:(?:the|your|my|${mark}|(?:${mark})'s) )?move (?:successfully )?(?:made|recorded|complete|completed|confirmed|successful|accepted|executed|registered|played|placed|processed|done)\\b(?! (?:so far|until))`,
  ),
  told(
    `^(?:done|success)[,:!–—-]{0,2} ?[–—-]? ?(?:${whose})(?<mark>${mark}) (?:→|(?:is |now |is now )?(?:in|at|on|to)) ?(?:the )?(?:${place})${stop}`,
    placedSomewhere,
  ),
  told(`^(?:done|success)[,:!–—-]{0,2} ?[–—-]? ?(?:${whose})(?<mark>${mark}) ?→ ?\\d${stop}`, placedSomewhere),
  narrated(
    `\\b(?<!\\b(?:an|each|every|any) )(?<mark>${mark}) (?:has |have )?${adverbs}(?:${pastVerbs}|${presentVerbs}) (?:with )?${filler}(?:${place})`,
    placedSomewhere,
  ),
  narrated(
    `\\b(?<mark>${mark}) (?:is|gets|sits|stands) (?:now )?(?:placed|put|played|marked) (?:in|at|on|into|onto) (?:the )?(?:${place})`,
    placedSomewhere,
  ),
  narrated(
    `(?<=\\botto (?:[a-z]+ ){0,6})(?:places|plays|takes|moves|marks|puts|drops) ${filler}(?:${mark} )?${filler}(?:${place})`,
    placedSomewhere,
  ),
  narrated(
    `\\b(?<mark>${mark}) (?:is now|now sits|sits now|now stands|now rests) (?:sitting |standing )?(?:(?:in|at|on) )?(?:the )?(?:${place})`,
    placedSomewhere,
  ),
  narrated(
    `\\b(?:${place}) (?:has been|was|is now|has now been) ${adverbs}(?:marked|filled|claimed|played|taken|occupied) (?:by|with|for|as) (?:an? |the |your |my )?${mark}`,
    placedSomewhere,
  ),
  narrated(
    `\\b(?:${place}) (?:is now|now (?:has|holds|contains|shows)) (?:an? |your |my )?${mark}${stop}`,
    placedSomewhere,
  ),
  narrated(
    `\\byou(?:'ve| have)? ${adverbs}(?:placed|played|put|moved|marked) ${filler}${mark} ${filler}(?:${place})`,
    placedSomewhere,
  ),
]
