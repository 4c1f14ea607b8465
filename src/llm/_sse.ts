import { decodeText } from './_wire-json.ts'
import { LlmBadResponseError } from './errors.ts'

/** Joins the lines of a stream of server-sent events. Other fields than `data` are not read. */
export type SseReader = {
  /** Takes a line without its break; gives the data of the event that it ends, if it ends one. */
  push(line: Uint8Array): string | undefined
  /** The data of an event that the end of the stream ends: some servers leave the last blank line out. */
  end(): string | undefined
}

/**
 * Its `push` throws LlmBadResponseError for an event over `maxBytes`.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export function createSseReader(maxBytes: number): SseReader {
  let data: string[] = []
  let heldBytes = 0

  const take = (): string | undefined => {
    const event = data.length === 0 ? undefined : data.join('\n')
    data = []
    heldBytes = 0
    return event
  }
  return {
    push(line) {
      if (line.length === 0) return take()
      const value = dataOf(decodeText(line))
      if (value === undefined) return undefined
      heldBytes += line.length
      if (heldBytes > maxBytes) throw new LlmBadResponseError('The model server sent an endless event.')
      data.push(value)
      return undefined
    },
    end: take,
  }
}

/** The value of a `data` line; one blank behind the colon belongs to the form. */
function dataOf(line: string): string | undefined {
  if (line === 'data') return ''
  if (!line.startsWith('data:')) return undefined
  return line.slice(line.startsWith('data: ') ? 6 : 5)
}
