import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { EventBusDeps } from '../../src/telemetry/event-bus.ts'
import { createEventBus } from '../../src/telemetry/event-bus.ts'
import { runWith } from '../../src/telemetry/work-ids.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { recordingLog } from '../db/kit.ts'
import { keepingSink } from './_events.ts'

/** A bus with ids that count, on a clock that stands still. */
function openBus(limits: EventBusDeps['limits'] = {}) {
  const clock = createVirtualClock()
  const log = recordingLog()
  let made = 0
  const bus = createEventBus({ clock, newId: () => String(++made), log, limits })
  return { bus, clock, log }
}

const hangs = { name: 'hangs', accept: () => new Promise<void>(() => {}) }
const throws = {
  name: 'throws',
  accept: () => {
    throw new RangeError('a bad sink')
  },
}
const rejects = { name: 'rejects', accept: async () => Promise.reject(new RangeError('a bad disk')) }

const numbersOf = (events: readonly { readonly data: object }[]) =>
  events.map(({ data }) => Object.values(data)[0] as number)

test('an event is one envelope, with the ids of the work around it where it names no others', async () => {
  const { bus } = openBus()
  const sink = keepingSink()
  bus.subscribe(sink)
  runWith({ workflowId: 'w', taskId: 't' }, () => {
    bus.publish('tool.started', { tool: 'grep' }, { taskId: 'other', traceId: 'tr' })
    bus.publish('tool.finished', { tool: 'grep' })
  })
  bus.publish('kill.changed', { isOn: true })
  await bus.close()
  const ts = '2025-11-21T04:40:00.000Z'
  expect(sink.events).toEqual([
    { id: '1', ts, type: 'tool.started', workflowId: 'w', taskId: 'other', traceId: 'tr', data: { tool: 'grep' } },
    { id: '2', ts, type: 'tool.finished', workflowId: 'w', taskId: 't', data: { tool: 'grep' } },
    { id: '3', ts, type: 'kill.changed', data: { isOn: true } },
  ])
})

test('publishing returns before anybody is told', async () => {
  const { bus } = openBus()
  const sink = keepingSink()
  bus.subscribe(sink)
  bus.publish('tool.started', { n: 1 })
  expect(sink.events).toEqual([])
  await bus.close()
  expect(sink.events).toHaveLength(1)
})

test('nobody has to listen', async () => {
  const { bus } = openBus()
  bus.publish('tool.started', {})
  await bus.close()
  bus.publish('tool.started', {}) // after the end it goes nowhere
  expect(bus.stats()).toEqual({ published: 1, sinks: [] })
})

describe.each([throws, rejects])('a sink that $name', (bad) => {
  test('costs the others nothing; its failures are counted, and logged once a minute', async () => {
    const { bus, clock, log } = openBus()
    const good = keepingSink('good')
    for (const sink of [bad, good]) bus.subscribe(sink)
    for (let minute = 0; minute < 2; minute++) {
      for (let n = 0; n < 5; n++) {
        bus.publish('tool.started', { n })
        for (let turn = 0; turn < 20; turn++) await nextTurn()
      }
      await clock.run(clock.sleep(60_000))
    }
    await bus.close()
    expect(numbersOf(good.events)).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    expect(bus.stats().sinks).toEqual([
      { name: bad.name, accepted: 0, dropped: 0, failed: 10, waiting: 0 },
      { name: 'good', accepted: 10, dropped: 0, failed: 0, waiting: 0 },
    ])
    expect(log.lines.map((line) => line.match(/"failed":(\d+)/)?.[1])).toEqual(['1', '5', '4'])
    expect(log.lines[0]).toContain(`warn: events were lost; the work itself is not affected {"sink":"${bad.name}"`)
  })
})

test('a sink that hangs costs the others nothing; what it does not take in five seconds has failed', async () => {
  const { bus, clock } = openBus({ queue: 10 })
  const good = keepingSink('good')
  for (const sink of [hangs, good]) bus.subscribe(sink)
  for (let n = 0; n < 3; n++) bus.publish('tool.started', { n })
  await clock.run(clock.sleep(11_000))
  await nextTurn()
  expect(numbersOf(good.events)).toEqual([0, 1, 2])
  await clock.run(clock.sleep(5_000))
  await nextTurn()
  expect(bus.stats().sinks[0]).toEqual({ name: 'hangs', accepted: 0, dropped: 0, failed: 3, waiting: 0 })
})

test('the queue of a sink is bounded: the oldest go, and are counted', async () => {
  const { bus, clock, log } = openBus()
  const sink = keepingSink()
  bus.subscribe(sink)
  for (let n = 0; n < 100_000; n++) bus.publish('tool.started', { n })
  await bus.close()
  expect(numbersOf(sink.events)).toEqual(Array.from({ length: 10_000 }, (_, index) => 90_000 + index))
  expect(bus.stats()).toEqual({
    published: 100_000,
    sinks: [{ name: 'keeping', accepted: 10_000, dropped: 90_000, failed: 0, waiting: 0 }],
  })
  expect(log.lines).toEqual([expect.stringContaining('"dropped":90000')])
  expect(clock.monotonicMs()).toBe(0)
})

test('a hundred thousand events that come bit by bit all arrive, in order', async () => {
  const { bus } = openBus()
  const sink = keepingSink()
  bus.subscribe(sink)
  for (let n = 0; n < 100_000; n++) {
    bus.publish('tool.started', { n })
    if (n % 500 === 499) await nextTurn()
  }
  await bus.close()
  expect(numbersOf(sink.events)).toEqual(Array.from({ length: 100_000 }, (_, index) => index))
})

test('a sink that writes several at once flushes after each batch; what a flush loses has failed', async () => {
  const { bus } = openBus()
  const batches: number[] = []
  let waiting = 0
  bus.subscribe({
    name: 'batches',
    accept: () => {
      waiting += 1
    },
    flush: async () => {
      batches.push(waiting)
      waiting = 0
      if (batches.length === 2) throw new RangeError('no space left')
    },
  })
  for (let n = 0; n < 2_500; n++) bus.publish('tool.started', { n })
  await bus.close()
  expect(batches).toEqual([1_000, 1_000, 500])
  expect(bus.stats().sinks[0]).toMatchObject({ accepted: 1_500, failed: 1_000 })
})

test('one that has enough is told no more, and is not closed', async () => {
  const { bus } = openBus()
  const sink = keepingSink()
  const stop = bus.subscribe(sink)
  bus.publish('tool.started', { n: 1 })
  for (let turn = 0; turn < 3; turn++) await nextTurn()
  bus.publish('tool.started', { n: 2 })
  stop()
  await bus.close()
  expect([numbersOf(sink.events), sink.closed]).toEqual([[1], 0])
})

describe('closing', () => {
  test('delivers what waits, closes each sink once, and may be asked twice', async () => {
    const { bus } = openBus()
    const sink = keepingSink()
    bus.subscribe(sink)
    for (let n = 0; n < 3_000; n++) bus.publish('tool.started', { n })
    await Promise.all([bus.close(), bus.close()])
    expect([sink.events.length, sink.closed]).toEqual([3_000, 1])
  })

  test('waits five seconds for those that hang, and no longer', async () => {
    const { bus, clock, log } = openBus()
    const good = keepingSink('good')
    const slow = { name: 'slow', accept: () => {}, close: () => new Promise<void>(() => {}) }
    for (const sink of [hangs, slow, good]) bus.subscribe(sink)
    bus.publish('tool.started', { n: 1 })
    await clock.run(bus.close())
    expect(clock.monotonicMs()).toBe(5_000)
    expect(good.closed).toBe(1)
    const told = log.lines.filter((line) => line.includes('did not close'))
    expect(told.map((line) => line.match(/"sink":"(\w+)"/)?.[1]).sort()).toEqual(['hangs', 'slow'])
  })
})
