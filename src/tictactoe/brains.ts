import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { evaluate } from '../jlvm/evaluate.ts'
import { fromJson, toJson } from '../jlvm/value.ts'
import type { Board, Mark } from './game-view.ts'
import type { Rules } from './rules.ts'

/** Picks a free cell. */
export type Brain = (position: { readonly board: Board; readonly turn: Mark }) => number

/** `random` picks any free cell; `perfect` never loses. Neither knows a rule: both ask the oracle's own program. */
export function createBrain(name: 'perfect' | 'random', rules: Rules, random: () => number): Brain {
  const pick = (cells: readonly number[]): number => cells[Math.floor(random() * cells.length)] ?? 0
  if (name === 'random') return ({ board }) => pick(freeCells(board))
  const worthOf = createSearch(rules)
  return ({ board, turn }) => {
    const rated = freeCells(board).map((cell) => ({ cell, value: -worthOf(board, turn, cell) }))
    const best = Math.max(...rated.map(({ value }) => value))
    return pick(rated.flatMap(({ cell, value }) => (value === best ? [cell] : [])))
  }
}

const freeCells = (board: Board): number[] => board.flatMap((mark, cell) => (mark === null ? [cell] : []))

/** Negamax over all positions, each looked up once: there are 5,478. */
function createSearch(rules: Rules) {
  const known = new Map<string, number>()

  /** What the position after a move is worth to whoever moves next: 1 won, 0 drawn, -1 lost. */
  const worthOf = (board: Board, turn: Mark, cell: number): number => {
    const key = `${board.map((mark) => mark ?? '.').join('')}${turn}${cell}`
    const value = known.get(key) ?? search(board, turn, cell)
    known.set(key, value)
    return value
  }
  const search = (board: Board, turn: Mark, cell: number): number => {
    const after = play(rules, board, turn, cell)
    if (after.status === 'Won') return -1
    if (after.status === 'Draw') return 0
    const next = turn === 'X' ? 'O' : 'X'
    return Math.max(...freeCells(after.board).map((reply) => -worthOf(after.board, next, reply)))
  }
  return worthOf
}

/** The state of the oracle after a move, by its own program. */
function play({ oracle }: Rules, board: Board, turn: Mark, cell: number): { board: Board; status: JsonValue } {
  const moveCount = board.filter((mark) => mark !== null).length
  const state: JsonObject = { ...oracle.initialState, board, currentTurn: turn, moveCount, status: 'InProgress' }
  const input = fromJson({ method: 'makeMove', args: { player: turn, cell }, state })
  const answer = toJson(evaluate(oracle.program, input).value)
  const after = isJsonObject(answer) ? answer['_state'] : undefined
  if (!isJsonObject(after)) throw new TypeError('The oracle refused a move onto a free cell.')
  return { board: after['board'] as Board, status: after['status'] ?? null } // the program keeps a board a board
}
