import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

/** An answer that is written piece by piece, each on the wire at once. */
export type AnswerStream = {
  /** Waits while the reader is behind; gives up on one who takes nothing for a minute. */
  write(chunk: string | Uint8Array): Promise<void>
  end(): void
}

/** How long a reader may take nothing. */
const drainWithinMs = 60_000

/**
 * Begins the answer: from here on only the stream speaks, and an error can no longer change the status.
 * No proxy may hold it back. @see nginx, X-Accel-Buffering
 */
export function openStream(reply: FastifyReply, contentType: string): AnswerStream {
  reply.hijack()
  const { raw } = reply
  const headers = { ...reply.getHeaders(), 'content-type': contentType, ...streamHeaders }
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) raw.setHeader(name, value)
  raw.flushHeaders()
  return {
    async write(chunk) {
      if (raw.destroyed || raw.write(chunk)) return
      await drained(raw)
    },
    end() {
      raw.end()
    },
  }
}

const streamHeaders = { 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no' }

function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => raw.destroy(), drainWithinMs)
    const done = () => {
      clearTimeout(timer)
      raw.off('drain', done)
      raw.off('close', done)
      resolve()
    }
    raw.once('drain', done)
    raw.once('close', done)
  })
}
