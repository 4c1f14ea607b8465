import { LlmBadResponseError } from './errors.ts'

/** Cuts a stream of bytes into lines, wherever its chunks were cut. */
export type LineSplitter = {
  /** The lines that this chunk completes, without their line breaks (LF or CRLF); blank ones are left out. */
  push(chunk: Uint8Array): readonly Uint8Array[]
  /** The last line, where the stream ended without a line break. */
  end(): readonly Uint8Array[]
}

const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Works on bytes, so that a character of several bytes may be cut too. With `keepBlank` blank lines are given as well:
 * in server-sent events they end an event.
 * `push` and `end` throw LlmBadResponseError for a line over `maxLineBytes`: nothing above that is ever kept.
 */
export function createLineSplitter(maxLineBytes: number, { keepBlank = false } = {}): LineSplitter {
  let pieces: Uint8Array[] = [] // of the line that is not complete yet
  let heldBytes = 0

  const hold = (piece: Uint8Array): void => {
    heldBytes += piece.length
    if (heldBytes > maxLineBytes) throw new LlmBadResponseError('The model server sent an endless line.')
    pieces.push(piece)
  }
  const take = (): Uint8Array => {
    const [first] = pieces
    const line = pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces, heldBytes)
    pieces = []
    heldBytes = 0
    return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line
  }
  const isWanted = (line: Uint8Array): boolean => keepBlank || !isBlank(line)

  return {
    push(chunk) {
      const lines: Uint8Array[] = []
      let start = 0
      for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
        hold(chunk.subarray(start, end))
        lines.push(take())
        start = end + 1
      }
      if (start < chunk.length) hold(chunk.subarray(start))
      return lines.filter(isWanted)
    },
    end: () => (heldBytes > 0 ? [take()].filter(isWanted) : []),
  }
}

/** Nothing but spaces, tabs and stray line breaks. */
const isBlank = (line: Uint8Array): boolean =>
  line.every((byte) => byte === 0x20 || byte === 0x09 || byte === carriageReturn)
