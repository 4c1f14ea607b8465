import { isUuid } from '../core/uuid.ts'
import type { Mark } from '../tictactoe/game-view.ts'
import { Board } from '../tictactoe/game-view.ts'

/** What a tool's answer says, as far as it can be read; the answer may be framed by words or cut off. */
export type Reading = {
  readonly isRefusal: boolean
  readonly gameId: string | undefined
  readonly machineState: string | undefined
  readonly board: Board | undefined
  readonly turn: Mark | undefined
  readonly winner: Mark | undefined
  readonly moveCount: number | undefined
  readonly code: string | undefined
  readonly error: string | undefined
  readonly hint: string | undefined
}

/** Reads what a tool said by the names of its fields, as a model does: never by where they stand. */
export function readAnswer(text: string): Reading {
  const board = Board.safeParse(fieldOf(text, 'board'))
  return {
    isRefusal: fieldOf(text, 'success') === false,
    gameId: textOf(text, 'gameId'),
    machineState: textOf(text, 'machineState'),
    board: board.success ? board.data : undefined,
    turn: markOf(fieldOf(text, 'turn')),
    winner: markOf(fieldOf(text, 'winner')),
    moveCount: numberOf(text, 'moveCount'),
    code: textOf(text, 'code'),
    error: textOf(text, 'error'),
    hint: textOf(text, 'hint'),
  }
}

/** Is it an answer to a call rather than a new wish, wherever it stands? A call that has to be sent again had one too. */
export const looksLikeAnswer = (text: string): boolean =>
  /"(?:success|machineState)"\s*:/.test(text) || /\bcall\b.*\bcould not be read\b/is.test(text)

/** The newest game that a text names: by field, else by anything that is a UUID. */
export function gameIn(text: string): string | undefined {
  const named = textOf(text, 'gameId')
  if (named !== undefined && isUuid(named)) return named
  return text.match(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/i)?.[0]?.toLowerCase()
}

/** The first value of that name in the text: a string, a number, a word, or a flat list. */
function fieldOf(text: string, name: string): unknown {
  const pattern = new RegExp(`"${name}"\\s*:\\s*("(?:[^"\\\\]|\\\\.)*"|-?\\d+|true|false|null|\\[[^\\[\\]{}]*\\])`)
  const written = text.match(pattern)?.[1]
  if (written === undefined) return undefined
  try {
    return JSON.parse(written)
  } catch {
    return undefined
  }
}

function textOf(text: string, name: string): string | undefined {
  const value = fieldOf(text, name)
  return typeof value === 'string' ? value : undefined
}

function numberOf(text: string, name: string): number | undefined {
  const value = fieldOf(text, name)
  return typeof value === 'number' ? value : undefined
}

const markOf = (value: unknown): Mark | undefined => (value === 'X' || value === 'O' ? value : undefined)
