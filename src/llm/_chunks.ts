import type { Readable } from 'node:stream'
import type { Clock } from '../core/clock.ts'
import type { Watch } from './_watch.ts'

/** Reads a body chunk by chunk. */
export type ChunkReader = {
  /**
   * The next chunk; undefined at the end. What came before a failure is given before the failure is thrown; after an
   * abort nothing is.
   */
  read(): Promise<Uint8Array | undefined>
  /** Enough was read: what little is left goes by, so that the connection can be used again. */
  release(): void
  /** Ends it here: closes the socket unless the body had ended. */
  close(): void
}

export type ChunkReaderOptions = {
  readonly clock: Clock
  readonly watch: Watch
  readonly idleMs: number
  /** Has fired when the exchange was given up; its reason is then thrown. */
  readonly stop: AbortSignal
  readonly failureOf: (error: unknown, state: { readonly hasBegun: boolean }) => Error
  readonly onEnd: () => void
}

/** Chunks wait here for a reader that is slower than the network; above this the socket is not read. */
const maxQueuedBytes = 256 * 1024

/** What may go by after the end of an answer before its connection is given up. */
const maxRestBytes = 64 * 1024
const maxRestMs = 1000

/** Why a timer is stopped, made once: an abort without a reason costs an exception of its own. */
const notNeeded = new Error('The timer is not needed any more.')

/**
 * Not the stream's own iterator: that drops what it still holds when the stream fails, and costs more a chunk.
 */
export function createChunkReader(stream: Readable, options: ChunkReaderOptions): ChunkReader {
  const { clock, watch, idleMs, stop, failureOf, onEnd } = options
  const queue: Uint8Array[] = []
  let queuedBytes = 0
  let hasBegun = false
  let isEnded = false
  let failure: Error | undefined
  let wake = (): void => undefined

  stream.on('data', (chunk: Uint8Array) => {
    hasBegun = true
    watch.rest()
    queue.push(chunk)
    queuedBytes += chunk.length
    if (queuedBytes > maxQueuedBytes) stream.pause()
    wake()
  })
  stream.on('end', () => {
    isEnded = true
    onEnd()
    wake()
  })
  stream.on('error', (error) => {
    failure ??= failureOf(error, { hasBegun })
    onEnd()
    wake()
  })

  const read = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      if (stop.aborted) throw stop.reason
      const chunk = queue.shift()
      if (chunk !== undefined) {
        queuedBytes -= chunk.length
        if (queuedBytes <= maxQueuedBytes) stream.resume()
        return chunk
      }
      if (failure !== undefined) throw failure
      if (isEnded) return undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      wake = resolve
      if (hasBegun) watch.wait(idleMs) // before that the wait for the first byte goes on
      await promise
    }
  }
  const close = (): void => {
    onEnd()
    stream.destroy()
  }
  const drain = async (): Promise<void> => {
    const drained = new AbortController()
    clock.sleep(maxRestMs, drained.signal).then(close, () => undefined)
    let restBytes = 0
    try {
      for (let chunk = await read(); chunk !== undefined && restBytes <= maxRestBytes; chunk = await read())
        restBytes += chunk.length
    } finally {
      drained.abort(notNeeded)
      close()
    }
  }
  let isReleased = false
  return {
    read,
    release() {
      isReleased = true
      drain().catch(() => undefined) // nobody wants what was left
    },
    close() {
      if (!isReleased) close()
    },
  }
}
