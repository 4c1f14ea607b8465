import type { Writable } from 'node:stream'
import type { Sink } from './sink.ts'

/** One line of JSON for each event, to a stream that stays open. */
export function createStdoutSink(stream: Writable): Sink {
  let lines = ''
  return {
    name: 'stdout',
    accept(event) {
      lines += `${JSON.stringify(event)}\n`
    },
    async flush() {
      const text = lines
      lines = ''
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      stream.write(text, (error) => (error ? reject(error) : resolve()))
      await promise
    },
  }
}
