import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createRingSink } from '../../src/telemetry/ring-sink.ts'
import { eventOf } from './_events.ts'

test('law: it keeps the newest, in order, and finds those that fit', () => {
  const event = fc.record({
    taskId: fc.constantFrom('a', 'b'),
    agentId: fc.constantFrom('x', 'y'),
    type: fc.constantFrom('tool.started' as const, 'tool.failed' as const),
  })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(event, { maxLength: 60 }),
      fc.nat(10),
      (limit, given, last) => {
        const ring = createRingSink(limit)
        const events = given.map(({ type, ...ids }, n) => eventOf(n, ids, type))
        for (const one of events) void ring.accept(one)
        const kept = events.slice(-limit)
        expect(ring.read()).toEqual(kept)
        const fit = kept.filter(({ taskId, agentId }) => taskId === 'a' && agentId === 'x')
        expect(ring.read({ ids: { taskId: 'a', agentId: 'x' } })).toEqual(fit)
        expect(ring.read({ types: ['tool.failed'] })).toEqual(kept.filter(({ type }) => type === 'tool.failed'))
        expect(ring.read({ last })).toEqual(last === 0 ? [] : kept.slice(-last))
      },
    ),
  )
})

test('an id that an event does not have does not fit', () => {
  const ring = createRingSink()
  void ring.accept(eventOf(1))
  expect(ring.read({ ids: { sessionId: 's' } })).toEqual([])
})
