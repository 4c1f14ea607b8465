import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TelemetryEvent } from '../../src/telemetry/event.ts'
import { createEventBus } from '../../src/telemetry/event-bus.ts'
import { createJsonlSink } from '../../src/telemetry/jsonl-sink.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { recordingLog } from '../db/kit.ts'
import { eventOf, keepingSink, temporaryFolder } from './_events.ts'

const readLines = async (path: string): Promise<TelemetryEvent[]> =>
  (await readFile(path, 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** A batch, as the bus gives it. */
async function give(sink: ReturnType<typeof createJsonlSink>, ...numbers: number[]): Promise<void> {
  for (const n of numbers) await sink.accept(eventOf(n))
  await sink.flush?.()
}

test('writes one line for each event, for its owner alone, and goes on where it was', async () => {
  const path = join(await temporaryFolder(), 'new', 'events.jsonl')
  for (const numbers of [[1, 2], [3]]) {
    const sink = createJsonlSink({ path })
    await give(sink, ...numbers)
    await sink.close?.()
  }
  expect(await readLines(path)).toEqual([1, 2, 3].map((n) => eventOf(n)))
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a file of a crash, cut in the middle of a line, is gone on with at a line of its own', async () => {
  const path = join(await temporaryFolder(), 'events.jsonl')
  await writeFile(path, '{"id":"torn', { mode: 0o644 })
  const sink = createJsonlSink({ path })
  await give(sink, 1)
  await sink.close?.()
  const [torn, whole] = (await readFile(path, 'utf8')).split('\n')
  expect([torn, JSON.parse(whole ?? '')]).toEqual(['{"id":"torn', eventOf(1)])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('a full file is put aside; the oldest go', async () => {
  const dir = await temporaryFolder()
  const path = join(dir, 'events.jsonl')
  const sink = createJsonlSink({ path, maxBytes: 3 * JSON.stringify(eventOf(1)).length + 3, keep: 2 })
  for (let n = 1; n <= 9; n++) await give(sink, n)
  expect((await readdir(dir)).sort()).toEqual(['events.jsonl', 'events.jsonl.1', 'events.jsonl.2'])
  await give(sink, 0)
  await sink.close?.()
  const numbers = await Promise.all(
    ['.2', '.1', ''].map(async (end) => (await readLines(`${path}${end}`)).map(({ data }) => data['n'])),
  )
  expect(numbers).toEqual([[4, 5, 6], [7, 8, 9], [0]])
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

test('with none kept, a full file begins anew', async () => {
  const dir = await temporaryFolder()
  const path = join(dir, 'events.jsonl')
  const sink = createJsonlSink({ path, maxBytes: 10, keep: 0 })
  for (const n of [1, 2]) await give(sink, n)
  await sink.close?.()
  expect([await readdir(dir), await readLines(path)]).toEqual([['events.jsonl'], [eventOf(2)]])
})

test('a disk that takes nothing stops nobody, and once it takes something again so does the file', async () => {
  const dir = await temporaryFolder()
  const path = join(dir, 'events.jsonl')
  await mkdir(path) // no file can be there
  const log = recordingLog()
  const bus = createEventBus({ clock: createVirtualClock(), newId: () => 'id', log })
  const good = keepingSink('good')
  const arrived = () => new Promise((resolve) => setImmediate(resolve))
  for (const sink of [createJsonlSink({ path }), good]) bus.subscribe(sink)
  for (let n = 0; n < 10; n++) bus.publish('tool.started', { n })
  while (bus.stats().sinks[0]?.failed !== 10) await arrived()
  expect(good.events).toHaveLength(10)
  expect(log.lines).toEqual([expect.stringMatching(/events were lost.*"failed":10.*EISDIR/)])
  await rm(path, { recursive: true })
  bus.publish('tool.started', { n: 10 })
  await bus.close()
  expect((await readLines(path)).map(({ data }) => data['n'])).toEqual([10])
})

test('a file that others removed is made again once it is put aside, and nothing throws', async () => {
  const dir = await temporaryFolder()
  const path = join(dir, 'events.jsonl')
  const sink = createJsonlSink({ path, maxBytes: 10, keep: 1 })
  await give(sink, 1)
  await rm(path)
  await give(sink, 2)
  await sink.close?.()
  expect(await readLines(path)).toEqual([eventOf(2)])
})
