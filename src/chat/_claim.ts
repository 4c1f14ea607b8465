import type { Mark } from '../tictactoe/game-view.ts'
import type { Finder, Groups } from './_claim-match.ts'
import { finder, remembered } from './_claim-match.ts'
import type { Placing } from './_claim-places.ts'
import { anyOf } from './_claim-words.ts'

/** What is said of how the game stands. `by` is undefined where no mark is named: `you win`. */
export type Standing =
  | { readonly is: 'turn'; readonly of: Mark }
  | { readonly is: 'won'; readonly by: Mark | undefined }
  | { readonly is: 'draw' | 'over' | 'running' }

/** A thing that a sentence tells as done, or as so. */
export type Claim =
  | { readonly kind: 'move'; readonly placing: Placing; readonly isRetold: boolean }
  | { readonly kind: 'create' | 'start' | 'reset' | 'cancel'; readonly isNew: boolean; readonly isRetold: boolean }
  /** A tool is said to have succeeded. */
  | { readonly kind: 'tool'; readonly tool: string }
  | { readonly kind: 'status'; readonly standing: Standing }

/** One way to say a thing. */
export type Wording = {
  /** Over a sentence of _claim-text.ts. */
  readonly find: Finder
  /**
   * `told`: somebody says what was done. `narrated`: a report only where nothing around it talks of rules, plans or
   * options, as in `X takes the centre`.
   */
  readonly force: 'told' | 'narrated'
  /** @param stretch of the sentence, from the match on; from behind the mark where the group `mark` took part */
  read(groups: Groups, stretch: string): readonly Claim[]
}

/** Words between a subject and its verb that change nothing. */
export const adverbs =
  '(?:(?:just|now|also|already|then|successfully|officially|finally|again|first|happily|quickly|carefully|promptly|next|gladly|indeed|correctly|safely|actually|immediately|duly|hereby|therefore|strategically|both|been) ){0,4}'

/** Whoever of us did it: `I`, `we`, `Otto`. */
const doer = `\\b(?:i|we|otto)(?:, otto(?: the otter)?,)?(?:'ve|'s| have| has| did indeed)? ${adverbs}(?:(?:gone|went) ahead and ${adverbs})?`

/** The subject of the sentence goes on: `I looked at the board and placed X …`. */
const stillMe = `(?<=^(?:[a-z]+[,!:] ){0,4}(?:(?:and|so|then|now) ){0,4}(?:i|we|otto)(?:'ve|'s)? (?:(?!\\byou\\b).){1,120})(?:\\band|\\bthen|,) ${adverbs}`
/** Up to the verb of what one of us did. */
export const ours = remembered(finder(new RegExp(`${doer}|${stillMe}`, 'g')))
/** Up to the verb of a sentence without a subject: `Done! Placed X …`. */
export const beginning = remembered(
  finder(
    new RegExp(
      `^(?:(?:done|success|ok|okay|great|sure|alright|all right|perfect|got it|there|and|so|then|now)\\b[,:!.¯-]{0,2} ?[¯-]? ?){0,4}${adverbs}`,
      'g',
    ),
  ),
)

/** The end of a clause. */
export const stop = '(?= ?(?:$|[!.,;:)(¯»-]))'

/** Words with which earlier things are told again. */
export const retelling = anyOf(String.raw`
  earlier|before|previously|so far|until now|up to now|history|recap|summary|to sum up|first move|
  opening move|
  (?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|last|latest|previous) (?:move|turn|one)|
  move (?:number )?\d|initially|at first|in the beginning|started with|opened with|a moment ago|minutes? ago|
  last turn|last message|past|replay(?:ed)?
`)
