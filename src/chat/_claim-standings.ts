import type { Standing, Wording } from './_claim.ts'
import { stop } from './_claim.ts'
import type { Groups } from './_claim-match.ts'
import { finder } from './_claim-match.ts'
import { mark, markIn } from './_claim-places.ts'
import { joined } from './_claim-words.ts'

function wording(source: string, standing: (groups: Groups) => Standing): Wording {
  return {
    find: finder(new RegExp(source, 'g')),
    force: 'narrated',
    read: (groups) => [{ kind: 'status', standing: standing(groups) }],
  }
}

const wonBy = (groups: Groups): Standing => ({ is: 'won', by: marked(groups) })
const lostBy = (groups: Groups): Standing => ({ is: 'won', by: marked(groups) === 'X' ? 'O' : 'X' })
const turnOf = (groups: Groups): Standing => ({ is: 'turn', of: marked(groups) ?? 'X' })
const marked = ({ mark: text }: Groups) => (text === undefined ? undefined : markIn(text))

const game = '(?:the|this|our|your)(?: current| whole| tic[- ]?tac[- ]?toe)? (?:game|round|match)'
const thisGame = '(?= ?(?:$|[!.,;)]|the (?:game|round|match)|this (?:game|round|match|one)|again))'
/** `X wins in two moves`, `X wins by taking 2`, `X won twice`, `X wins about 60 %` tell no end of this game. */
const noEnd = joined(String.raw`
  (?!'|\w| (?:in (?:one|two|three|a|\d)|next|
  by (?:playing|taking|getting|placing|making|moving|having|aligning|being)|if|when|unless|as soon|whenever|
  about|around|roughly|\d|more|most|usually|often|every|against|once|twice|three times|
  the (?:first|second|last|previous)|at least|only|either|or)\b)
`)
/** `It's a tie between trout and salmon` is none. */
const draw = joined(String.raw`
  \b(?:it's|it is|that's|that is|this is|(?:game|round|match|result|outcome)(?: is| was|:| has| have)?)[ ]
  (?:(?:now|officially|therefore|thus|been|ended|ends|finished|finishes|up|in|as|with|all|just) ){0,4}(?:a |an )?
  (?:draw|tie|tied|drawn|stalemate|cat's game)\b
  (?! (?:between|to|with|up|together|your|our|the|\w+ing)\b)(?![-'])
`)
/** What can stand before a word on whose turn it is. */
const lead =
  "(?:^|[,;:!(¯-] ?|\\b(?:it's|it is|that's|that is|now|so|and|currently|still|because|since|but|means|says|shows|is) )(?:now |still |currently |again |officially |next |up ){0,4}"
const turnEnd =
  "(?= ?(?:$|[^\\w\\s'’]|to (?:move|play|go|place)|now|next|again|and|so|at|not|with|in (?:this|the) (?:game|round))(?! ?\\?))"
const moveEnd = '(?= ?(?:$|[^\\w\\s]|now|next|and|again)(?! ?\\?))'

/** How the standing of a game is told: who won, whose turn it is, whether it is over. */
export const standingWordings: readonly Wording[] = [
  wording(
    `\\b(?<mark>${mark}) (?:(?:has|have|just|now|already|thus|therefore|officially|clearly) ){0,4}(?:wins|won|takes the (?:win|game|round|match|victory)|took the (?:win|game|round|match|victory))${noEnd}`,
    wonBy,
  ),
  wording(`\\b(?<mark>${mark}) is (?:now |officially )?(?:the winner|victorious)\\b`, wonBy),
  wording(`\\bwinner(?: is| was)?(?: now)?:? ?(?:» ?)?(?<mark>${mark})${stop}`, wonBy),
  wording(`\\b(?:it's|it is|that's|that is|this is) a (?:win|victory) for (?<mark>${mark})`, wonBy),
  wording(
    `(?:^|[,:¯-] |\\b(?:and|so|but|that) )(?:i|you|we|otto)(?:'ve| have| has)?(?: just| now| already| officially)? (?:won|wins|win)\\b(?!')${thisGame}`,
    wonBy,
  ),
  wording(`\\b(?<mark>${mark}) (?:has |just |now ){0,2}(?:lost|loses)${thisGame}`, lostBy),
  wording(draw, () => ({ is: 'draw' })),
  wording(`\\bwe(?:'ve| have)? (?:just )?(?:tied|ended (?:up )?(?:in|with) a (?:draw|tie))${stop}`, () => ({
    is: 'draw',
  })),
  wording(
    `\\b${game} (?:is|has)(?: now| already| officially| just| finally| been){0,4} (?:over|finished|ended|concluded|complete|completed|done)\\b`,
    () => ({ is: 'over' }),
  ),
  wording(`(?:^|[,:¯-] )(?:done: |it's |that's )?game over\\b`, () => ({ is: 'over' })),
  wording(
    `\\b${game} is (?:(?:still|now|currently|already|again) ){0,4}(?:in progress|ongoing|going on|running|being played|still on|not over|not finished)\\b`,
    () => ({ is: 'running' }),
  ),
  wording(`${lead}(?<mark>${mark})(?:'s|s') turn\\b${turnEnd}`, turnOf),
  wording(`^(?<mark>${mark}), (?:it's |it is )?(?:now )?your (?:turn|move)\\b`, turnOf),
  wording(`\\b(?:next|current) player(?: is now| is)?:? ?(?<mark>${mark})${stop}`, turnOf),
  wording(`\\bturn(?: is now| is)?: ?(?:» ?)?(?<mark>${mark})${stop}`, turnOf),
  wording(`(?:${lead}|\\bwith )(?<mark>${mark}) (?:is )?to (?:move|play|go)\\b${moveEnd}`, turnOf),
  wording(
    `(?:${lead})(?<mark>${mark}) (?:is up next|is next|is up|moves next|plays next|goes next)\\b${moveEnd}`,
    turnOf,
  ),
]
