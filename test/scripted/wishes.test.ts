import { expect, test } from 'vitest'
import { readWishes, usersMark } from '../../src/scripted/wishes.ts'
import { gameId } from './_scripted.ts'

const play = { kind: 'play', rounds: 1, isNew: true, isAgain: false }
const move = (player: string | undefined, cell: number) => ({ kind: 'move', player, cell })

test.each([
  { text: 'Play a game of tic-tac-toe with yourself.', steps: [play] },
  { text: 'Play 3 rounds with yourself', steps: [{ ...play, rounds: 3 }] },
  { text: 'Play a thousand games', steps: [play] },
  { text: 'Please go on with the game', steps: [{ ...play, isNew: false }] },
  { text: 'Play another round', steps: [{ ...play, isNew: false, isAgain: true }] },
  { text: 'make move X at cell 4', steps: [move('X', 4)] },
  { text: 'Put O in the top left corner.', steps: [move('O', 0)] },
  { text: 'put x in the centre', steps: [move('X', 4)] },
  { text: 'Place X on the middle right', steps: [move('X', 5)] },
  { text: 'O bottom middle', steps: [move('O', 7)] },
  { text: 'take the lower right', steps: [move(undefined, 8)] },
  { text: `X to 11 in game ${gameId}`, steps: [move('X', 11)] },
  { text: 'play X at 2', steps: [move('X', 2)] },
  {
    text: 'Create a game, start it and put X in the centre.',
    steps: [{ kind: 'create' }, { kind: 'start' }, move('X', 4)],
  },
  { text: 'start a new game', steps: [{ kind: 'create' }, { kind: 'start' }] },
  { text: 'X at 0, then O at 4', steps: [move('X', 0), move('O', 4)] },
  { text: 'Whose turn is it?', steps: [{ kind: 'state' }] },
  { text: 'show me the board', steps: [{ kind: 'state' }] },
  { text: 'Which cells are left?', steps: [{ kind: 'state' }] },
  { text: 'reset the board', steps: [{ kind: 'reset' }] },
  { text: 'reset the board and play', steps: [{ kind: 'reset' }, play] },
  { text: `cancel ${gameId}`, steps: [{ kind: 'cancel' }] },
  { text: 'Good morning!', steps: [] },
  { text: 'What is the capital of France?', steps: [] },
])('"$text"', ({ text, steps }) => {
  expect(readWishes(text)).toEqual(steps)
})

test.each([
  { texts: ['play with yourself'], mark: undefined },
  { texts: ["Let's play, I am O"], mark: 'O' },
  { texts: ['put X in the centre', 'Play against me'], mark: 'X' },
  { texts: ['You are X, let us begin'], mark: 'O' },
  { texts: ['Now play against yourself', 'I take O'], mark: undefined },
])('in $texts the user plays $mark', ({ texts, mark }) => {
  expect(usersMark(texts)).toBe(mark)
})
