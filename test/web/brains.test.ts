import { expect, test } from 'vitest'
import oracle from '../../oracle/tictactoe.json' with { type: 'json' }
import { loadRules } from '../../src/open-games.ts'
import { createBrain } from '../../src/tictactoe/brains.ts'
import type { Board, Mark } from '../../src/tictactoe/game-view.ts'
import { pickCell } from '../../web/src/play/brains.ts'
import { lines, wonCells } from '../../web/src/play/lines.ts'

const empty: Board = Array(9).fill(null)
const turnOf = (board: Board): Mark => (board.filter((mark) => mark !== null).length % 2 === 0 ? 'X' : 'O')

/** Every position that can be played to and is not over, once. */
function openPositions(): readonly Board[] {
  const seen = new Map<string, Board>()
  const visit = (board: Board): void => {
    const key = board.map((mark) => mark ?? '.').join('')
    if (seen.has(key) || wonCells(board).length > 0 || !board.includes(null)) return
    seen.set(key, board)
    for (const [cell, mark] of board.entries()) if (mark === null) visit(board.with(cell, turnOf(board)))
  }
  visit(empty)
  return [...seen.values()]
}

test('the lines are those of the oracle', () => {
  expect(JSON.stringify(oracle)).toContain(JSON.stringify(lines))
})

test('marks the cells of a won round, of both lines where two were closed at once', () => {
  expect(wonCells(empty)).toEqual([])
  expect(wonCells(['X', 'X', 'X', 'O', 'O', null, null, null, null])).toEqual([0, 1, 2])
  expect(new Set(wonCells(['X', 'X', 'X', 'X', 'O', 'O', 'X', 'O', 'O']))).toEqual(new Set([0, 1, 2, 3, 6]))
})

test('law: in every position the perfect brain picks a cell that the oracle’s own program calls best', () => {
  const positions = openPositions()
  expect(positions).toHaveLength(4_520)
  // The oracle's brain takes the last of the best cells by this chance, the first by the other: between them lie all.
  const bestOf = (board: Board): ReadonlySet<number> => {
    const turn = turnOf(board)
    return new Set(steps.map((chance) => brains[chance]?.({ board, turn }) ?? -1))
  }
  const steps = Array.from({ length: 9 }, (_, step) => step)
  const rules = loadRules()
  let chance = 0
  const brain = createBrain('perfect', rules, () => chance)
  const brains = steps.map((step) => (position: { board: Board; turn: Mark }) => {
    chance = (step + 0.5) / 9
    return brain(position)
  })
  for (const board of positions.filter((_, at) => at % 7 === 0)) {
    const cell = pickCell('perfect', { board, turn: turnOf(board), seed: 'one' })
    expect(bestOf(board)).toContain(cell)
  }
}, 120_000)

test('the perfect brain never loses against any play', () => {
  const visit = (board: Board, mine: Mark): void => {
    const turn = turnOf(board)
    const isWon = wonCells(board).length > 0
    if (isWon) expect(turn).not.toBe(mine) // the last mark won
    if (isWon || !board.includes(null)) return
    const free = board.flatMap((mark, cell) => (mark === null ? [cell] : []))
    const cells = turn === mine ? [pickCell('perfect', { board, turn, seed: board.join() }) ?? -1] : free
    for (const cell of cells) visit(board.with(cell, turn), mine)
  }
  visit(empty, 'O')
  visit(empty, 'X')
})

test.each(['perfect', 'random'] as const)('%s: two tabs pick the same free cell for the same place', (name) => {
  const board: Board = ['X', null, null, null, 'O', null, null, null, null]
  for (let round = 0; round < 50; round++) {
    const seed = `page:one:${round}:3`
    const cell = pickCell(name, { board, turn: 'X', seed })
    expect(board[cell ?? -1]).toBe(null)
    expect(pickCell(name, { board: [...board], turn: 'X', seed })).toBe(cell)
  }
})

test('random takes every free cell by some seed, and nothing of a full board', () => {
  const board: Board = ['X', null, 'O', null, 'X', null, null, null, null]
  const picked = Array.from({ length: 200 }, (_, n) => pickCell('random', { board, turn: 'O', seed: `seed ${n}` }))
  expect(new Set(picked)).toEqual(new Set([1, 3, 5, 6, 7, 8]))
  expect(pickCell('random', { board: Array(9).fill('X'), turn: 'O', seed: 'one' })).toBeUndefined()
})
