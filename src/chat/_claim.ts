import type { Mark } from '../tictactoe/game-view.ts'
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
  /** Global, over a sentence of _claim-text.ts. */
  readonly pattern: RegExp
  /**
   * `told`: somebody says what was done. `narrated`: a report only where nothing around it talks of rules, plans or
   * options, as in `X takes the centre`.
   */
  readonly force: 'told' | 'narrated'
  /** @param stretch of the sentence, from the match on; from behind the mark where the group `mark` took part */
  read(groups: Readonly<Record<string, string | undefined>>, stretch: string): readonly Claim[]
}

/** Words between a subject and its verb that change nothing. */
export const adverbs =
  '(?:(?:just|now|also|already|then|successfully|officially|finally|again|first|happily|quickly|carefully|promptly|next|gladly|indeed|correctly|safely|actually|immediately|duly|hereby|therefore|strategically|both|been) ){0,4}'

/** Whoever of us did it: `I`, `we`, `Otto`. */
export const doer = `\\b(?:i|we|otto)(?:, otto(?: the otter)?,)?(?:'ve|'s| have| has| did indeed)? ${adverbs}(?:(?:gone|went) ahead and ${adverbs})?`

/** The subject of the sentence goes on: `I looked at the board and placed X …`. */
export const stillMe = `(?<=^(?:[a-z]+[,!:] ){0,2}(?:(?:and|so|then|now) ){0,2}(?:i|we|otto)(?:'ve|'s)? (?:(?!\\byou\\b).){1,120})(?:\\band|\\bthen|,) ${adverbs}`
/** Where a sentence begins without a subject: `Done! Placed X …`. */
export const beginning = `^(?:(?:done|success|ok|okay|great|sure|alright|all right|perfect|got it|there|and|so|then|now)[,:!.–—-]{0,2} ?[–—-]? ?){0,3}${adverbs}`

/** The end of a clause. */
export const stop = '(?= ?(?:$|[!.,;:)(–—-]|→))'

/** Words with which earlier things are told again. */
export const retelling = anyOf(String.raw`
  earlier|before|previously|so far|until now|up to now|history|recap|summary|to sum up|first move|
  opening move|
  (?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|last|latest|previous) (?:move|turn|one)|
  move (?:number )?\d|initially|at first|in the beginning|started with|opened with|a moment ago|minutes? ago|
  last turn|last message|past|replay(?:ed)?
`)
