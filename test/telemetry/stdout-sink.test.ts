import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createStdoutSink } from '../../src/telemetry/stdout-sink.ts'
import { eventOf } from './_events.ts'

const collecting = (written: string[], failure: Error | null = null) =>
  new Writable({
    write(chunk, _, done) {
      written.push(String(chunk))
      done(failure)
    },
  })

test('writes a batch at once, one line for each event, and leaves the stream open', async () => {
  const written: string[] = []
  const stream = collecting(written)
  const sink = createStdoutSink(stream)
  for (const n of [1, 2]) await sink.accept(eventOf(n))
  expect(written).toEqual([])
  await sink.flush?.()
  await sink.accept(eventOf(3))
  await sink.flush?.()
  expect(written).toEqual([
    `${JSON.stringify(eventOf(1))}\n${JSON.stringify(eventOf(2))}\n`,
    `${JSON.stringify(eventOf(3))}\n`,
  ])
  expect([stream.writableEnded, sink.close]).toEqual([false, undefined])
})

test('says when the stream takes nothing', async () => {
  const stream = collecting([], new Error('broken pipe'))
  stream.on('error', () => {})
  const sink = createStdoutSink(stream)
  await sink.accept(eventOf(1))
  await expect(sink.flush?.()).rejects.toThrow('broken pipe')
})
