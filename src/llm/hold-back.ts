import { endOfBracket } from './_text-json.ts'
import { isMarkBegun } from './_text-openings.ts'
import { firstKeys } from './_text-shapes.ts'
import { findTextCalls } from './text-calls.ts'

/** Lets the text of an answer through, or not yet. */
export type HoldBack<Piece> = {
  /** Pieces that may be shown now, in order. */
  take(piece: Piece): readonly Piece[]
  /** At the end of the answer: the pieces still held, in order. */
  held(): readonly Piece[]
}

/** A call of a tool is never longer. */
const defaultMaxChars = 8_192

/**
 * Holds the beginning of an answer back while it could be a call, so that raw JSON does not flash in a chat. Only an
 * answer whose first visible character is `{`, `[`, `<` or a backtick can be one. It is let go once it is longer than
 * `maxChars` (8 KiB unless told) or cannot become a call; from then on everything passes.
 */
export function createHoldBack<Piece extends { readonly text: string }>({
  maxChars = defaultMaxChars,
  toolNames,
}: {
  maxChars?: number
  toolNames: readonly string[]
}): HoldBack<Piece> {
  let pieces: Piece[] = []
  let text = ''
  let isOpen = false
  return {
    take(piece) {
      if (isOpen || (text === '' && piece.text.trim() === '')) return [piece]
      pieces.push(piece)
      text += piece.text
      const isWorthAsking = /[}\]]/.test(piece.text)
      if (text.length <= maxChars && couldBeCall(text) && !(isWorthAsking && isNoCall(text, toolNames))) return []
      isOpen = true
      const shown = pieces
      pieces = []
      text = ''
      return shown
    },
    held: () => pieces,
  }
}

/** Judged by its first characters alone. */
function couldBeCall(text: string): boolean {
  const start = text.trimStart().slice(0, 200)
  const [, fenced] = /^```[\w+-]{0,20}(?:\s+|(?=[{[<]))(.*)$/s.exec(start) ?? []
  return couldBeValue(fenced ?? start) || (fenced ?? start) === '' || /^`{1,3}$|^```[\w+-]{0,20}$/.test(start)
}

function couldBeValue(start: string): boolean {
  if (isMarkBegun(start)) return true
  const [, key, afterKey] = /^`{0,2}(?:\[\s*)?\{+\s*\\?["'“]?(\w*)(.?)/s.exec(start) ?? []
  if (key === undefined) return /^`{0,2}\[\s*$/.test(start)
  return afterKey === '' ? firstKeys.some((one) => one.startsWith(key)) : firstKeys.includes(key)
}

/** Its first value is complete, and is no call. Behind a mark there is nothing else than a call. */
function isNoCall(text: string, toolNames: readonly string[]): boolean {
  const start = text.search(/[{[]/)
  if (start < 0 || isMarkBegun(text.trimStart()) || endOfBracket(text, start) === undefined) return false
  const { calls, broken } = findTextCalls(text, toolNames)
  return calls.length === 0 && broken === undefined
}
