import type { Claim, Wording } from './_claim.ts'
import { adverbs, beginning, ours, retelling, stop } from './_claim.ts'
import type { Finder } from './_claim-match.ts'
import { finder, finders, followed, reader } from './_claim-match.ts'

type GameKind = 'create' | 'start' | 'reset' | 'cancel'

const kindWords =
  '(?:(?:a|an|the|your|our|another|this|that|one|new|brand[- ]new|fresh|current|old|ongoing|active|tic[- ]?tac[- ]?toe|ttt|on-chain|next|second|third|empty|first|whole|entire|game) ){0,6}'
const noGame = '(?! (?:plan|idea|theory|night|changer|rules|state|id|history|log|view)\\b)'
const game = `${kindWords}(?:game|match)\\b${noGame}`
const round = `${kindWords}round\\b`
const board = `${kindWords}(?:board|grid|game|match|round)\\b${noGame}`
const whichGame = `(?:(?:the|your|our|a|this|that|new|fresh|current|another|tic[- ]?tac[- ]?toe) ){0,4}`
const passive = `(?:(?:'s|has|have) been|was|has now been|is now) ${adverbs}`

const isNew = /\b(?:new|another|fresh|next|second|third|brand[- ]new)\b/

function wording(kind: GameKind, find: Finder): Wording {
  return {
    find,
    force: 'told',
    read: (groups, stretch) => [
      { kind, isNew: isNew.test(groups['what'] ?? ''), isRetold: retelling.test(stretch) } satisfies Claim,
    ],
  }
}

const told = (source: string): Finder => finder(new RegExp(source, 'g'))
const weDid = (source: string): Finder => followed(ours, reader(source))
const itDid = (source: string): Finder => followed(beginning, reader(source))
/** Not where the verb alone could be an order: `Reset the board`. */
const did = (source: string): Finder => finders(weDid(source), itDid(source))

/** How it is told that a game was created, started, reset or cancelled. */
export const gameWordings: readonly Wording[] = [
  wording('create', did(`(?:created|generated|initiali[sz]ed|registered) (?<what>${game})`)),
  wording(
    'create',
    weDid(`(?:made|set up|setup|opened|launched|prepared) (?<what>${kindWords}(?:new|another|fresh) ${game})`),
  ),
  wording('create', told(`\\b(?<what>${whichGame}game) ${passive}(?:created|generated|initiali[sz]ed|set up|made)\\b`)),
  wording(
    'create',
    told(
      `\\b(?<what>(?:your|a|the) (?:new|fresh|brand[- ]new) (?:tic[- ]?tac[- ]?toe )?game) is (?:now )?(?:ready|set up|waiting)\\b`,
    ),
  ),
  wording(
    'create',
    told(
      `^(?:done[,:!]? )?(?<what>(?:(?:a|your|the) )?(?:new )?(?:tic[- ]?tac[- ]?toe )?game) (?:successfully )?(?:created|initiali[sz]ed|set up)\\b`,
    ),
  ),
  wording('start', did(`(?:started|begun|began|kicked off|launched) (?<what>${game})(?! (?:by|with|when))`)),
  wording(
    'start',
    told(
      `\\b(?<what>${whichGame}(?:game|match)) (?:has (?:now |just |officially |already |successfully |been ){0,4}(?:started|begun|kicked off)|was started|(?:is|has) now (?:been )?(?:started|live|active|under ?way|running)|is (?:officially )?(?:live|under ?way))\\b`,
    ),
  ),
  wording(
    'start',
    told(`^(?:done[,:!]? )?(?<what>(?:(?:your|the) )?(?:new )?(?:game|match)) (?:successfully )?(?:started|begun)\\b`),
  ),
  wording(
    'reset',
    did(
      `(?:started|begun|began|kicked off|opened) (?<what>${kindWords}(?:new|another|next|fresh|second|third) ${round})`,
    ),
  ),
  wording('reset', weDid(`(?:reset|cleared|wiped|emptied|cleaned|restarted) (?<what>${board})`)),
  wording('reset', itDid(`(?:cleared|wiped|emptied|restarted) (?<what>${board})`)),
  wording(
    'reset',
    told(
      `\\b(?<what>${whichGame}(?:board|grid|game)) ${passive}(?:reset|cleared|wiped|emptied|cleaned|restarted|clear|empty)\\b`,
    ),
  ),
  wording(
    'reset',
    told(
      `\\b(?<what>(?:a|the|your|our) (?:new|next|fresh|second|third) round) (?:has (?:now |just |officially |already |successfully |been ){0,4}(?:started|begun)|was started|is now (?:live|under ?way))\\b`,
    ),
  ),
  wording(
    'reset',
    told(
      `^(?:done[,:!]? )?(?<what>(?:(?:the|your) )?(?:board|grid|game)) (?:successfully )?(?:reset|cleared|restarted)${stop}`,
    ),
  ),
  wording('reset', told(`^(?:done[,:!]? )?(?<what>(?:a )?new round) (?:started|begun)\\b`)),
  wording('cancel', did(`(?:cancell?ed|aborted|terminated|ended|stopped|deleted|called off) (?<what>${game})`)),
  wording(
    'cancel',
    told(
      `\\b(?<what>${whichGame}(?<!\\b(?:a|any|each|every|no|previous|last|earlier|old|other|another|first) )(?:game|match)) (?:(?:has been|was|has now been|is now|is) ${adverbs}(?:cancell?ed|aborted|terminated|deleted|called off))\\b`,
    ),
  ),
  wording(
    'cancel',
    told(
      `^(?:done[,:!]? )?(?<what>(?:(?:the|your) )?(?:game|match)) (?:successfully )?(?:cancell?ed|aborted|terminated|deleted)\\b`,
    ),
  ),
  {
    find: finder(
      /\b(?<tool>ttt_(?:create_game|start_game|make_move|reset_board|cancel_game))(?: (?:tool|call|has|was|is|now|again)){0,4} (?:succeeded|successful|successfully|returned success|worked|went through|completed)\b/g,
    ),
    force: 'told',
    read: ({ tool = '' }) => [{ kind: 'tool', tool }],
  },
]
