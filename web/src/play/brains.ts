import type { Board, Mark } from '../../../src/tictactoe/game-view.ts'
import { wonCells } from './lines.ts'

export type BrainName = 'perfect' | 'random'

/** Where a brain thinks. `seed` decides among equals: two tabs that think about one position pick one cell. */
export type Position = { readonly board: Board; readonly turn: Mark; readonly seed: string }

/**
 * A free cell for the side whose turn it is: `random` takes any, `perfect` one from which it never loses. It plans only
 * what to ask for; what is legal the oracle's own program says, at the service. Undefined for a full board.
 */
export function pickCell(name: BrainName, { board, turn, seed }: Position): number | undefined {
  const free = freeCells(board)
  const cells = name === 'random' ? free : bestCells(board, turn, free)
  return cells[fingerprint(seed) % Math.max(1, cells.length)]
}

const freeCells = (board: Board): number[] => board.flatMap((mark, cell) => (mark === null ? [cell] : []))

function bestCells(board: Board, turn: Mark, free: readonly number[]): readonly number[] {
  const known = new Map<string, number>()
  const rated = free.map((cell) => ({ cell, worth: -worthAfter(put(board, cell, turn), other(turn), known) }))
  const best = Math.max(...rated.map(({ worth }) => worth))
  return rated.flatMap(({ cell, worth }) => (worth === best ? [cell] : []))
}

/** Negamax: 1 when `turn` wins from here, 0 for a draw, -1 when it has lost. There are 5,478 positions, each rated once. */
function worthAfter(board: Board, turn: Mark, known: Map<string, number>): number {
  const key = board.map((mark) => mark ?? '.').join('') + turn
  const found = known.get(key)
  if (found !== undefined) return found
  const worth = rate(board, turn, known)
  known.set(key, worth)
  return worth
}

function rate(board: Board, turn: Mark, known: Map<string, number>): number {
  if (wonCells(board).length > 0) return -1 // the last mark was the other side's
  const free = freeCells(board)
  if (free.length === 0) return 0
  return Math.max(...free.map((cell) => -worthAfter(put(board, cell, turn), other(turn), known)))
}

const put = (board: Board, cell: number, mark: Mark): Board => board.with(cell, mark)

export const other = (mark: Mark): Mark => (mark === 'X' ? 'O' : 'X')

/** A number that hangs on every character of a text: FNV-1a, 32 bits. @see draft-eastlake-fnv */
function fingerprint(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}
