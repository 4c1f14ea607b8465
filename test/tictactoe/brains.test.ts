import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { createProgramCache } from '../../src/jlvm/program-cache.ts'
import type { Brain } from '../../src/tictactoe/brains.ts'
import { createBrain } from '../../src/tictactoe/brains.ts'
import type { Board, Mark } from '../../src/tictactoe/game-view.ts'
import type { Rules } from '../../src/tictactoe/rules.ts'
import { parseOracleFile, parseStateMachineFile } from '../../src/tictactoe/rules-file.ts'
import { simulateMove } from '../../src/tictactoe/simulate.ts'

const read = (path: string) => JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'))

let rules: Rules
let perfect: Brain
beforeAll(() => {
  const oracle = parseOracleFile(read('oracle/tictactoe.json'))
  const { json, program } = createProgramCache({ maxPrograms: 1 }).intern(oracle.scriptProgram)
  const machine = parseStateMachineFile(read('statemachine/tictactoe.json'))
  rules = { oracle: { ...oracle, scriptProgram: json, program }, machine }
  perfect = createBrain('perfect', rules, Math.random)
})

const board = (text: string): Board => [...text].map((mark) => (mark === '.' ? null : (mark as Mark)))

test.each([
  { name: 'takes the win', cells: 'XX.OO....', turn: 'X', cell: 2 },
  { name: 'takes the win rather than blocking', cells: 'XX.OO.X..', turn: 'O', cell: 5 },
  { name: 'blocks', cells: 'XX..O....', turn: 'O', cell: 2 },
] as const)('the perfect brain $name', ({ cells, turn, cell }) => {
  expect(perfect({ board: board(cells), turn })).toBe(cell)
})

/** Who won, by lines of three: known here only, to judge the brains from outside the rules. */
const lines = ['012', '345', '678', '036', '147', '258', '048', '246']
const winnerOf = (cells: Board) =>
  lines
    .map((line) => [...line].map((cell) => cells[Number(cell)] ?? undefined))
    .find(([a, b, c]) => a && a === b && b === c)?.[0]

function playOut(brains: Record<Mark, Brain>): Mark | undefined {
  let cells: Board = Array(9).fill(null)
  for (let turn: Mark = 'X'; cells.includes(null) && !winnerOf(cells); turn = turn === 'X' ? 'O' : 'X')
    cells = cells.with(brains[turn]({ board: cells, turn }), turn)
  return winnerOf(cells)
}

test('law: the perfect brain never loses to a random one, on either side', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (stream) => {
      const random = createBrain('random', rules, () => stream.next().value)
      expect(playOut({ X: perfect, O: random })).not.toBe('O')
      expect(playOut({ X: random, O: perfect })).not.toBe('X')
    }),
  )
})

test('two perfect brains draw', () => {
  expect(playOut({ X: perfect, O: perfect })).toBeUndefined()
})

test('a program that answers with something else is a fault of the rules, not of the move', () => {
  const { program } = createProgramCache({ maxPrograms: 1 }).intern({ cat: ['no', 'verdict'] })
  expect(() => simulateMove(program, rules.oracle.initialState, { player: 'X', cell: 0 })).toThrow(
    expect.objectContaining({ code: 'ORACLE_ERROR' }),
  )
})
