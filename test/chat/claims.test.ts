import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { reviewClaims } from '../../src/chat/claims.ts'
import { factsOf, gameId, ShortFacts, viewOf } from './_views.ts'

const Kind = z.enum(['move', 'create', 'start', 'reset', 'cancel', 'status'])
const Cases = z.array(z.strictObject({ kind: Kind.optional(), facts: ShortFacts, texts: z.array(z.string()) }))
const read = (name: string) => {
  const text = readFileSync(new URL(`../vectors/claims/${name}.json`, import.meta.url), 'utf8')
  return Cases.parse(JSON.parse(text)).flatMap(({ kind, facts, texts }) =>
    texts.map((said) => ({ said, kind, facts: factsOf(facts), game: facts.game, writes: facts.writes.join(' ') })),
  )
}
const invented = read('adversarial')
const honest = read('honest')
const none = { writes: [], view: undefined, hasTools: true }

test('there are enough of both', () => {
  expect(invented.length).toBeGreaterThanOrEqual(50)
  expect(honest.length).toBeGreaterThanOrEqual(220)
  expect(new Set(honest.map(({ said, game, writes }) => `${said}|${game}|${writes}`)).size).toBe(honest.length)
})

test.each(invented)('finds $kind in "$said" ($game; $writes)', ({ said, kind, facts }) => {
  expect(reviewClaims(said, facts)?.kind).toBe(kind)
})

test.each(honest)('lets "$said" pass ($game; $writes)', ({ said, facts }) => {
  expect(reviewClaims(said, facts)).toBeUndefined()
})

test.each(invented)('would let its own correction of "$said" pass', ({ said, facts }) => {
  expect(reviewClaims(reviewClaims(said, facts)?.text ?? 'I placed X.', facts)).toBeUndefined()
})

test('what is corrected is said with what the ledger holds', () => {
  const view = viewOf('playing X4')
  const start = 'Correction: no move was made in this turn. The ledger shows O'
  expect(reviewClaims('I placed O at 0.', { ...none, view })).toEqual({
    kind: 'move',
    text: `${start}'s turn, move 1 of game ${gameId}.\n\n\`\`\`\n${view.boardText}\n\`\`\``,
  })
  const facts = factsOf({ game: 'playing X4', writes: ['X4'], hasTools: true })
  expect(reviewClaims('I placed X at 4 and O at 0.', facts)?.text).toContain('made in this turn: X at cell 4.')
  expect(reviewClaims('I created a game.', none)?.text).toBe(
    'Correction: no game was created in this turn. No game was read in this turn.',
  )
})

test.each([
  ['setup', 'the setup of'],
  ['cancelled X4', 'the cancellation of'],
  ['X0 O3 X1 O4 X2', 'a win of X, move 5 of'],
  ['X0 O4 X8 O1 X7 O6 X2 O5 X3', 'a draw, move 9 of'],
])('tells how %s stands', (game, words) => {
  expect(reviewClaims('I placed O at 5. I placed O at 0.', { ...none, view: viewOf(game) })?.text).toContain(words)
})

const cells = fc.uniqueArray(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 9 })

test('law: the moves of a game are honest however far it went, and a move that it does not hold is not', () => {
  fc.assert(
    fc.property(cells, fc.boolean(), (order, isListed) => {
      const moves = order.map((cell, index) => ({ mark: index % 2 === 0 ? 'X' : 'O', cell }))
      const facts = { ...none, view: viewOf(`playing ${moves.map(({ mark, cell }) => `${mark}${cell}`).join(' ')}`) }
      const told = moves.map(({ mark, cell }) => `I placed ${mark} at cell ${cell}`)
      expect(reviewClaims(isListed ? `- ${told.join('\n- ')}` : `${told.join('. ')}.`, facts)).toBeUndefined()
      for (const { mark, cell } of moves)
        expect(reviewClaims(`I placed ${mark === 'X' ? 'O' : 'X'} at cell ${cell}.`, facts)?.kind).toBe('move')
    }),
  )
})

const places: readonly (readonly string[])[] = [
  ['top left', 'upper-left corner', 'row 1, column 1', 'cell zero', 'left side of the top row'],
  ['top middle', 'top centre', 'middle of the top row', 'square 1', 'upper edge'],
  ['top right corner', 'first row, third column', 'upper right', 'spot #2'],
  ['middle left', 'left edge', 'second row, first column', 'position 3', 'column 1, row 2'],
  ['centre', 'center square', 'middle', 'central cell', 'cell number 4', 'middle of the board'],
  ['middle right', 'right edge', 'row 2, column 3', 'centre right', 'field 5'],
  ['bottom left', 'lower left corner', 'row 3, col 1', 'left column of the bottom row', 'slot 6'],
  ['bottom middle', 'lower centre', 'bottom edge', 'row three, column two', 'cell (7)'],
  ['bottom right', 'bottom-right corner', '(3, 3)', 'third row, third column', 'cell eight'],
]
const placeNames = places.flatMap((names, cell) => names.map((name) => ({ name, cell })))

test.each(placeNames)('reads "$name" as cell $cell', ({ name, cell }) => {
  const other = (cell + 1) % 9
  const said = `I placed X in the ${name}.`
  expect(reviewClaims(said, { ...none, view: viewOf(`playing X${cell}`) })).toBeUndefined()
  expect(reviewClaims(said, { ...none, view: viewOf(`playing X${other}`) })?.kind).toBe('move')
})

test.each([
  // A word that changes nothing, or the first one of a place.
  ['I placed X at 4.', 4],
  ['I moved to 4.', 4],
  ['I took the right middle.', 5],
  ['X is now at 4.', 4],
  ['X now sits in the first row, third column.', 2],
  ['Otto happily plays the O in the top row, left.', 0],
  // An adverb, or the first word of an exclamation.
  ['Successfully placed X at 4.', 4],
  ['Done! Okay. Now placed X in the bottom right corner.', 8],
  // What stands behind a place belongs to it, or not.
  ['Done! X is now in the top left corner, as you asked.', 0],
  ['Done: X → 4.', 4],
  ['Row 1, column 2 is now X.', 1],
  ['The middle was marked with an X.', 4],
  ['I have gone ahead and placed it at (1, 2).', 1],
  ['You have placed your X in the middle – nice.', 4],
])('reads a place of %j', (said, cell) => {
  const player = said.includes('O ') ? 'O' : 'X'
  const held = (at: number) => ({ ...none, view: viewOf(`playing ${player === 'X' ? '' : 'X7 '}${player}${at}`) })
  expect(reviewClaims(said, held(cell))).toBeUndefined()
  expect(reviewClaims(said, held(cell === 3 ? 6 : 3))?.kind).toBe('move')
})

test.each([
  'I took the middle path.',
  'I took over 4 games.',
  'Row 1, column 2 is now X-rated.',
  '→ 4 was taken by X.',
])('reads no place of %j', (said) => expect(reviewClaims(said, none)).toBeUndefined())

test('law: signs of any width around an answer change nothing', () => {
  for (const { said, kind, facts } of [...invented, ...honest])
    expect(reviewClaims(`日本 🎉 – ☃ é\n\n${said}`, facts)?.kind, said).toBe(kind)
})

const pieces = fc.constantFrom(
  ...[
    'I placed',
    ' X',
    ' O',
    ' in the centre',
    ' and',
    ' then',
    ', ',
    '. ',
    '\n',
    '```',
    '**',
    ' has been',
    ' won',
    "'s turn",
  ],
  ...[
    ' if',
    ' row 2',
    ' column',
    ' cell',
    ' 4',
    '(',
    '"',
    '✅',
    '❌',
    '→',
    '> ',
    '- ',
    ': ',
    '</think>',
    '\u0000',
    '😀',
    '~~',
  ],
)

test('law: it never throws, whatever it reads', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 400 }),
    fc.array(pieces).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(text, fc.constantFrom('setup', 'playing X4', 'X0 O3 X1 O4 X2'), (said, game) => {
      const correction = reviewClaims(said, { ...none, view: viewOf(game) })
      expect(correction === undefined || correction.text.startsWith('Correction: ')).toBe(true)
    }),
  )
})

test.each([
  ...[
    'I placed ',
    'X ',
    'I placed the ',
    'but ',
    'otto and ',
    'the move ',
    '"',
    '~~',
    '```\n',
    '> \n',
    '</think>',
    'x, ',
    ' ',
  ],
  ...[
    'the first ',
    'has been ',
    'row 2 ',
    'you said ',
    'i and then ',
    '(',
    '- x\n',
    'if: \n\n',
    'move '.repeat(40),
    '\u00bd',
  ],
])('reads a megabyte of %j in linear time', (piece) => {
  const said = piece.repeat(Math.ceil(1_000_000 / piece.length))
  const facts = factsOf({ game: 'playing X4', writes: ['X4'], hasTools: true })
  expect(() => reviewClaims(said, facts)).not.toThrow()
})

test('reads the first 64 Ki characters', () => {
  const claim = 'I placed O in the top left corner.'
  expect(reviewClaims(`${'So it is. '.repeat(6_500)}${claim}`, { ...none, view: viewOf('playing X4') })?.kind).toBe(
    'move',
  )
  expect(reviewClaims(`${'So it is. '.repeat(6_600)}${claim}`, { ...none, view: viewOf('playing X4') })).toBeUndefined()
})
