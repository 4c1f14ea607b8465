import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import type { ContextStoreDeps } from '../../src/session/create-context-store.ts'
import { createContextStore } from '../../src/session/create-context-store.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'

const MiB = 1024 * 1024

function openContexts(deps: Partial<ContextStoreDeps> = {}) {
  const clock = createVirtualClock()
  const store = createContextStore({ clock, maxBytes: 100 * MiB, ...deps })
  onTestFinished(() => store.close())
  return { clock, store, pass: (ms: number) => clock.run(clock.sleep(ms)) }
}

test('keeps a value with what it is about and when', async () => {
  const { store, clock, pass } = openContexts()
  const meta = { taskId: 't1', parentWorkflow: 'w1', sessionId: 'session_456' }
  store.put('session_456', { messages: [] }, { meta })
  const createdAtMs = clock.nowMs()
  await pass(50)
  await store.append('session_456', 'messages', 'hello')
  expect(store.entry('session_456')).toMatchObject({
    value: { messages: ['hello'] },
    meta,
    createdAtMs,
    updatedAtMs: createdAtMs + 50,
  })
  expect([
    store.get('session_456'),
    store.get('other'),
    store.delete('session_456'),
    store.delete('session_456'),
  ]).toEqual([{ messages: ['hello'] }, undefined, true, false])
  expect(store.stats()).toMatchObject({ entries: 0, bytes: 0 })
})

test('an entry is gone once its time is over, a change makes it no longer', async () => {
  const { store, pass } = openContexts()
  store.put('a', { n: 1 }, { ttlMs: 100 })
  store.put('b', 1)
  await pass(99)
  await store.set('a', 'n', 2)
  expect(store.get('a')).toEqual({ n: 2 })
  await pass(1)
  expect([store.get('a'), store.entry('a'), store.read('a', 'n'), store.get('b')]).toEqual([
    undefined,
    undefined,
    undefined,
    1,
  ])
  expect(store.stats()).toMatchObject({ entries: 1, expired: 1 })
})

test('what is over is cleared away without being asked for', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  onTestFinished(() => void vi.useRealTimers())
  const { store, pass } = openContexts({ cleanupMs: 1_000 })
  store.put('a', 'text', { ttlMs: 10 })
  await pass(20)
  expect(store.stats()).toMatchObject({ entries: 1, expired: 0 })
  vi.advanceTimersByTime(1_000)
  expect(store.stats()).toMatchObject({ entries: 0, bytes: 0, expired: 1 })
})

test('past its bytes it gives up what was used longest ago', () => {
  const events: unknown[] = []
  const { store } = openContexts({ publish: (...event) => void events.push(event) })
  for (let n = 0; n < 100; n++) store.put(`${n}`, 'x'.repeat(MiB - 500))
  expect([store.get('0'), store.stats().entries]).toEqual(['x'.repeat(MiB - 500), 100])
  store.put('100', 'x'.repeat(MiB))
  expect([store.get('1'), store.entry('0') === undefined, store.entry('100') === undefined]).toEqual([
    undefined,
    false,
    false,
  ])
  expect(store.stats().bytes).toBeLessThanOrEqual(100 * MiB)
  expect(events).toEqual([['context.evicted', { entries: 1, bytes: expect.any(Number) }]])
})

test('an entry that alone is too large is refused, and the old one stays', async () => {
  const { store } = openContexts({ maxBytes: 2_000 })
  store.put('a', { text: 'old' })
  expect(() => store.put('a', 'x'.repeat(2_000))).toThrow(expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' }))
  await expect(store.set('a', 'text', 'x'.repeat(2_000))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
  expect(store.get('a')).toEqual({ text: 'old' })
})

test('a value cannot be changed behind its back', () => {
  const { store } = openContexts()
  const mine = { list: [1] }
  store.put('a', mine)
  expect(() => mine.list.push(2)).toThrow(TypeError)
  expect(store.get('a')).toEqual({ list: [1] })
})

test.each<{ path: string; value: JsonValue; after: JsonValue }>([
  { path: '', value: 1, after: 1 },
  { path: 'a', value: [], after: { a: [], list: [{ n: 1 }, 2] } },
  { path: 'new', value: null, after: { a: { b: 1 }, list: [{ n: 1 }, 2], new: null } },
  { path: 'list.0.n', value: 5, after: { a: { b: 1 }, list: [{ n: 5 }, 2] } },
  { path: 'list.1', value: 'x', after: { a: { b: 1 }, list: [{ n: 1 }, 'x'] } },
])('sets $path', async ({ path, value, after }) => {
  const { store } = openContexts()
  store.put('id', { a: { b: 1 }, list: [{ n: 1 }, 2] })
  await store.set('id', path, value)
  expect([store.get('id'), store.read('id', path)]).toEqual([after, value])
})

test.each([
  { path: 'a..b', fact: 'no part of a path may be empty' },
  { path: '__proto__.x', fact: '__proto__ is not a name' },
  { path: 'a.constructor', fact: 'constructor is not a name' },
  { path: 'prototype', fact: 'prototype is not a name' },
  { path: 'missing.b', fact: 'an object without it where missing' },
  { path: 'list.2', fact: 'a list of 2 where 2' },
  { path: 'list.01', fact: 'a list of 2 where 01' },
  { path: 'list.1.x', fact: 'neither an object nor a list where x' },
  { path: `a${'.a'.repeat(32)}`, fact: 'at most 32 parts' },
])('refuses to write at $path', async ({ path, fact }) => {
  const { store } = openContexts()
  const value = { a: { b: 1 }, list: [{ n: 1 }, 2] }
  store.put('id', value)
  for (const write of [store.set('id', path, 1), store.append('id', path, 1), store.merge('id', path, { a: 1 })])
    await expect(write).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS', message: expect.stringContaining(fact) })
  expect(store.get('id')).toBe(value)
})

test('what a path does not lead to is undefined, and a forbidden name is refused', () => {
  const { store } = openContexts()
  store.put('id', { a: 'text', list: [1] })
  expect(['b', 'a.length', 'list.length', 'list.1', 'toString'].map((path) => store.read('id', path))).toEqual(
    Array(5).fill(undefined),
  )
  expect(() => store.read('id', '__proto__')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENTS' }))
})

test('append begins a list where there is none, and only there', async () => {
  const { store } = openContexts()
  store.put('id', { text: 'x' })
  await store.append('id', 'list', 1, 2)
  await store.append('id', 'list', [3])
  expect(store.get('id')).toEqual({ text: 'x', list: [1, 2, [3]] })
  await expect(store.append('id', 'text', 1)).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS' })
})

// RFC 7396, appendix A
test.each<[JsonValue, JsonValue, JsonValue]>([
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])('merges into %j what %j says', async (target, patch, merged) => {
  const { store } = openContexts()
  store.put('id', target)
  await store.merge('id', '', patch)
  expect(store.get('id')).toEqual(merged)
})

test('a merge through a forbidden name is refused', async () => {
  const { store } = openContexts()
  store.put('id', {})
  await expect(store.merge('id', '', JSON.parse('{"a":{"__proto__":{"x":1}}}'))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENTS',
  })
  expect([store.get('id'), 'x' in {}]).toEqual([{}, false])
})

test('changes of one entry come one after the other, and a read waits for none of them', async () => {
  const { store } = openContexts()
  store.put('id', [])
  const first = Promise.withResolvers<JsonValue>()
  const slow = store.update('id', () => first.promise)
  const later = Array.from({ length: 500 }, (_, n) => store.append('id', '', n))
  expect(store.get('id')).toEqual([])
  first.resolve(['first'])
  await Promise.all([slow, ...later])
  expect(store.get('id')).toEqual(['first', ...Array(500).keys()])
})

test('more changes than may wait are refused', async () => {
  const { store } = openContexts()
  store.put('id', [])
  const writes = Array.from({ length: 1_001 }, (_, n) => store.append('id', '', n))
  const ends = await Promise.allSettled(writes)
  expect(ends.filter(({ status }) => status === 'rejected')).toEqual([
    { status: 'rejected', reason: expect.objectContaining({ code: 'OVERLOADED' }) },
  ])
  await store.append('id', '', 'last')
  expect(store.read('id', '1000')).toBe('last')
})

test('a change that throws changes nothing and stops no other', async () => {
  const { store } = openContexts()
  store.put('id', { n: 1 })
  const fault = new Error('no')
  const failing = store.update('id', () => Promise.reject(fault))
  const next = store.set('id', 'n', 2)
  await expect(failing).rejects.toBe(fault)
  await next
  expect(store.get('id')).toEqual({ n: 2 })
})

test('a change that never ends is given up', async () => {
  const { store, clock } = openContexts({ changeMs: 1_000 })
  store.put('id', 1)
  const stuck = store.update('id', () => new Promise(() => {}))
  const next = store.update('id', () => 2)
  await expect(clock.run(stuck)).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  await next
  expect(store.get('id')).toBe(2)
})

test('an entry that went while it was being changed does not come back', async () => {
  const { store } = openContexts()
  store.put('id', 1)
  const answer = Promise.withResolvers<JsonValue>()
  const asked = Promise.withResolvers<void>()
  const change = store.update('id', () => {
    asked.resolve()
    return answer.promise
  })
  await asked.promise
  store.delete('id')
  answer.resolve(2)
  await expect(change).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(store.set('id', '', 3)).rejects.toMatchObject({ code: 'NOT_FOUND' })
  expect(store.get('id')).toBeUndefined()
})

test('all of an agent or a session goes at once', () => {
  const { store } = openContexts()
  store.put('1', 1, { meta: { agentId: 'a', sessionId: 's' } })
  store.put('2', 1, { meta: { agentId: 'a', sessionId: 't' } })
  store.put('3', 1, { meta: { agentId: 'b', sessionId: 't' } })
  store.put('3', 1, { meta: { agentId: 'b', sessionId: 's' } })
  expect([store.drop({ sessionId: 't' }), store.drop({ agentId: 'a' }), store.drop({ agentId: 'a' })]).toEqual([
    1, 1, 0,
  ])
  expect([store.get('1'), store.get('2'), store.get('3')]).toEqual([undefined, undefined, 1])
})

test('a circle is refused', () => {
  const { store } = openContexts()
  const circle: JsonValue[] = []
  circle.push(circle)
  expect(() => store.put('id', circle)).toThrow(expect.objectContaining({ code: 'INVALID_JSON' }))
})

const id = fc.constantFrom('a', 'b', 'c', 'd')
const step = fc.oneof(
  fc.record({
    do: fc.constant('put' as const),
    id,
    value: fc.jsonValue({ maxDepth: 2 }),
    ttlMs: fc.option(fc.nat(50)),
  }),
  fc.record({ do: fc.constant('append' as const), id, value: fc.jsonValue({ maxDepth: 1 }) }),
  fc.record({ do: fc.constant('merge' as const), id, value: fc.dictionary(fc.constantFrom('x', 'y'), fc.nat(9)) }),
  fc.record({ do: fc.constantFrom('get' as const, 'delete' as const), id }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.nat(30) }),
)

/** The same in the simplest words: a Map in the order of use, looked through for each question. */
function createModel(maxBytes: number, weightOf: (id: string, value: JsonValue) => number) {
  const entries = new Map<string, { value: JsonValue; untilMs: number }>()
  const live = (key: string, nowMs: number) => {
    const entry = entries.get(key)
    entries.delete(key)
    if (entry === undefined || entry.untilMs <= nowMs) return undefined
    entries.set(key, entry)
    return entry
  }
  const trim = () => {
    const bytes = () => [...entries].reduce((sum, [key, { value }]) => sum + weightOf(key, value), 0)
    for (const key of entries.keys()) if (bytes() > maxBytes) entries.delete(key)
  }
  return { entries, live, trim }
}

test('law: it behaves as a map that is trimmed by age and use, and counts its bytes right', async () => {
  const maxBytes = 1_100
  const weightOf = (key: string, value: JsonValue) => {
    const store = createContextStore({ clock: createVirtualClock(), maxBytes: 100 * MiB })
    store.put(key, structuredClone(value))
    const { bytes } = store.stats()
    store.close()
    return bytes
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const clock = createVirtualClock()
      const store = createContextStore({ clock, maxBytes })
      const model = createModel(maxBytes, weightOf)
      const write = async (key: string, value: JsonValue, work: () => Promise<void> | void) => {
        const old = model.live(key, clock.monotonicMs())
        if (weightOf(key, value) > maxBytes) return await expect(async () => work()).rejects.toThrow()
        await work()
        model.entries.delete(key)
        model.entries.set(key, { value, untilMs: old?.untilMs ?? Infinity })
        model.trim()
      }
      for (const one of steps) {
        const nowMs = clock.monotonicMs()
        if (one.do === 'pass') await clock.run(clock.sleep(one.ms))
        else if (one.do === 'get') expect(store.get(one.id)).toEqual(model.live(one.id, nowMs)?.value)
        else if (one.do === 'delete') {
          expect(store.delete(one.id)).toBe(model.live(one.id, nowMs) !== undefined)
          model.entries.delete(one.id)
        } else if (one.do === 'put') {
          const value = structuredClone(one.value) as JsonValue
          const untilMs = one.ttlMs === null ? Infinity : nowMs + one.ttlMs
          const ttl = one.ttlMs === null ? {} : { ttlMs: one.ttlMs }
          if (weightOf(one.id, value) <= maxBytes) model.entries.delete(one.id)
          await write(one.id, value, () => store.put(one.id, one.value as JsonValue, ttl))
          const put = model.entries.get(one.id)
          if (put !== undefined && weightOf(one.id, value) <= maxBytes) put.untilMs = untilMs
        } else {
          const old = model.live(one.id, nowMs)?.value
          if (one.do === 'append' && Array.isArray(old)) {
            const value = structuredClone(one.value) as JsonValue
            await write(one.id, [...old, value], () => store.append(one.id, '', one.value as JsonValue))
          }
          const isObject = typeof old === 'object' && old !== null && !Array.isArray(old)
          if (one.do === 'merge' && isObject)
            await write(one.id, { ...old, ...one.value }, () => store.merge(one.id, '', one.value))
        }
        const known = [...model.entries].filter(([, { untilMs }]) => untilMs > clock.monotonicMs())
        expect(store.stats().bytes).toBeGreaterThanOrEqual(
          known.reduce((sum, [key, { value }]) => sum + weightOf(key, value), 0),
        )
        expect(store.stats().bytes).toBeLessThanOrEqual(maxBytes)
      }
      for (const key of ['a', 'b', 'c', 'd'])
        expect(store.get(key)).toEqual(model.live(key, clock.monotonicMs())?.value)
      // Whatever was changed in between, the sum is that of what is there.
      expect(store.stats().bytes).toBe(
        [...model.entries].reduce((sum, [key, { value }]) => sum + weightOf(key, value), 0),
      )
      store.close()
    }),
    { numRuns: 60 },
  )
})
