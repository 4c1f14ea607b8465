import { createLineSplitter } from './_lines.ts'
import type { Answer } from './_upstream.ts'
import type { ModelEvent } from './language-model.ts'

/** Turns the lines of one wire into events. */
export type AnswerDecoder = {
  /** @throws errors of errors.ts for a line that is not of the wire, or that says that something failed */
  push(line: Uint8Array): readonly ModelEvent[]
  /** The stream has ended. @throws LlmStreamCutError when the answer has not */
  end(): readonly ModelEvent[]
  /** The end has been given: whatever follows is not read. */
  readonly isOver: boolean
}

export type StreamOptions = {
  readonly open: () => Promise<Answer>
  readonly decoder: AnswerDecoder
  readonly signal: AbortSignal
  readonly maxLineBytes: number
  /** Blank lines mean something on this wire. */
  readonly keepBlank?: boolean
}

/** The events of one answer. However it is left, the socket is free for another question, or closed. */
export async function* streamEvents(options: StreamOptions): AsyncGenerator<ModelEvent, void, undefined> {
  const { open, decoder, signal, maxLineBytes, keepBlank = false } = options
  const splitter = createLineSplitter(maxLineBytes, { keepBlank })
  const answer = await open()
  try {
    while (!decoder.isOver) {
      const chunk = await answer.read()
      for (const line of chunk === undefined ? splitter.end() : splitter.push(chunk)) {
        signal.throwIfAborted() // between the lines of one chunk as well
        const events = decoder.push(line)
        if (decoder.isOver) answer.release()
        yield* events
        if (decoder.isOver) break
      }
      if (chunk !== undefined || decoder.isOver) continue
      yield* decoder.end()
      return
    }
  } finally {
    answer.close()
  }
}
