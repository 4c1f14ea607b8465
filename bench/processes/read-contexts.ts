/**
 * Prints how often a second working memory is read in no order: at 100,000 entries, at 1,000, and a Map at 100,000; and
 * what a put takes that puts another entry out.
 */
import { createContextStore } from '../../src/session/create-context-store.ts'
import { systemClock } from '../../src/system.ts'
import { median } from '../statistics.ts'

/** A step that meets all of them once, and no two neighbours after each other. */
const stride = 7_919
const batch = 10_000

function open(size: number) {
  const ids = Array.from({ length: size }, (_, at) => `session_${(at * stride) % size}`)
  const store = createContextStore({ clock: systemClock, maxBytes: 1024 ** 3 })
  for (const id of ids) store.put(id, { messages: [id] }, { ttlMs: 3_600_000 })
  return { ids, store }
}

/** `read` runs on every id in turn. */
function perSecond(ids: readonly string[], read: (id: string) => unknown): number {
  const startMs = performance.now()
  let count = 0
  let found = 0
  for (; performance.now() - startMs < 250; count += batch)
    for (let at = 0; at < batch; at++) if (read(ids[(count + at) % ids.length] ?? '') !== undefined) found += 1
  if (found !== count) throw new Error('Some ids were not found.')
  return (count * 1000) / (performance.now() - startMs)
}

/** Nanoseconds of a put into a memory that so many entries fill: one goes out for each that comes in. */
function evicting(size: number): number {
  const probe = createContextStore({ clock: systemClock, maxBytes: 1024 ** 2 })
  const name = (at: number) => `session_${String(at).padStart(9, '0')}`
  const value = { messages: ['same'] }
  probe.put(name(0), value)
  const store = createContextStore({ clock: systemClock, maxBytes: probe.stats().bytes * size })
  for (let at = 0; at < size; at++) store.put(name(at), value)
  if (store.stats().evicted > 0) throw new Error('It was full too early.')
  const startMs = performance.now()
  for (let at = 0; at < 5 * batch; at++) store.put(name(size + at), value)
  const ns = ((performance.now() - startMs) * 1e6) / (5 * batch)
  if (store.stats().evicted !== 5 * batch) throw new Error('Not each put was an eviction.')
  return ns
}

const many = open(100_000)
const few = open(1_000)
const map = new Map(many.ids.map((id) => [id, { messages: [id] }]))
const times = { evictMany: [] as number[], evictFew: [] as number[] }
const rates = { store: [] as number[], few: [] as number[], map: [] as number[] }
for (let round = 0; round < 7; round++) {
  rates.store.push(perSecond(many.ids, many.store.get))
  rates.few.push(perSecond(few.ids, few.store.get))
  rates.map.push(perSecond(many.ids, (id) => map.get(id)))
}
for (let round = 0; round < 7; round++) {
  times.evictMany.push(evicting(100_000))
  times.evictFew.push(evicting(1_000))
}
const middle = Object.fromEntries(
  Object.entries({ ...rates, ...times }).map(([name, all]) => [name, median(all.slice(2))]),
)
console.log(JSON.stringify(middle))
