import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMetrics } from '../../src/metrics/metrics.ts'
import type { Scrape } from '../../web/src/metrics/derive.ts'
import { bucketsBetween, countBetween, countOf, quantile, rateBetween } from '../../web/src/metrics/derive.ts'
import { parseMetrics } from '../../web/src/metrics/parse.ts'

test.each([
  { name: 'a plain number', text: 'up 1', samples: [{ name: 'up', labels: {}, value: 1 }] },
  {
    name: 'labels, with a time behind',
    text: 'calls_total{tool="ttt_make_move",code="OK"} 12.5 1700000000000',
    samples: [{ name: 'calls_total', labels: { tool: 'ttt_make_move', code: 'OK' }, value: 12.5 }],
  },
  {
    name: 'signs that are escaped, and braces in a value',
    text: String.raw`a{route="/x/{id}",text="say \"hi\"\n\\"} 1e-3`,
    samples: [{ name: 'a', labels: { route: '/x/{id}', text: 'say "hi"\n\\' }, value: 0.001 }],
  },
  {
    name: 'an infinite bound',
    text: 'a_bucket{le="+Inf"} +Inf',
    samples: [{ name: 'a_bucket', labels: { le: '+Inf' }, value: Infinity }],
  },
  {
    name: 'no comments, no blanks, no NaN, no rubbish',
    text: '# TYPE a counter\n\na NaN\n<html>\na\n1 2',
    samples: [],
  },
])('reads $name', ({ text, samples }) => {
  expect(parseMetrics(text)).toEqual(samples)
})

test('law: a label comes back as it was', () => {
  const escaped = (value: string) => value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((value) => !value.includes('\r')),
      (value) => {
        expect(parseMetrics(`a{b="${escaped(value)}"} 1`)).toEqual([{ name: 'a', labels: { b: value }, value: 1 }])
      },
    ),
  )
})

const scrape = (seconds: number, text: string): Scrape => ({ seconds, samples: parseMetrics(text) })
const times = (tool: string, counts: readonly [number, number, number]) =>
  ['0.1', '0.5', '+Inf'].map((le, at) => `s_bucket{tool="${tool}",le="${le}"} ${counts[at]}`).join('\n')

test('adds up what grew between two scrapes', () => {
  const before = scrape(0, times('a', [1, 2, 2]))
  const after = scrape(10, `${times('a', [3, 6, 6])}\n${times('b', [1, 1, 2])}`)
  const buckets = bucketsBetween(before, after, 's')
  expect(buckets).toEqual([
    { bound: 0.1, count: 3 },
    { bound: 0.5, count: 5 },
    { bound: Infinity, count: 6 },
  ])
  expect(countOf(bucketsBetween(before, after, 's', ({ tool }) => tool === 'b'))).toBe(2)
})

test('counts anew after a restart of the process', () => {
  expect(countBetween(scrape(0, 'n{a="1"} 90\nn{a="2"} 5'), scrape(5, 'n{a="1"} 3\nn{a="2"} 6'), 'n')).toBe(4)
})

test.each([
  { q: 0.5, value: 0.1 },
  { q: 0.75, value: 0.3 },
  { q: 0.99, value: 0.492 },
])('finds the value at $q between the bounds', ({ q, value }) => {
  const buckets = [
    { bound: 0.1, count: 50 },
    { bound: 0.5, count: 100 },
    { bound: Infinity, count: 100 },
  ]
  expect(quantile(buckets, q)).toBeCloseTo(value, 6)
})

test('knows no value without values, and none above the last bound', () => {
  expect(quantile([], 0.5)).toBeUndefined()
  expect(quantile([{ bound: 1, count: 0 }], 0.5)).toBeUndefined()
  expect(
    quantile(
      [
        { bound: 1, count: 0 },
        { bound: Infinity, count: 4 },
      ],
      0.5,
    ),
  ).toBe(1)
})

test('a rate needs time to pass', () => {
  expect(rateBetween(scrape(1, 'n 1'), scrape(1, 'n 5'), 'n')).toBeUndefined()
  expect(rateBetween(scrape(1, 'n 1'), scrape(3, 'n 5'), 'n')).toBe(2)
})

test('reads what the service itself tells', async () => {
  const metrics = createMetrics({ clock: { monotonicMs: () => 0 } })
  const before = scrape(0, (await metrics.expose()).text)
  for (let at = 0; at < 4; at += 1)
    metrics.requests({ method: 'GET', route: '/otto/games', status: 200, seconds: 0.02 })
  const after = scrape(2, (await metrics.expose()).text)
  expect(rateBetween(before, after, 'otto_http_requests_total')).toBe(2)
  const median = quantile(bucketsBetween(before, after, 'otto_http_seconds'), 0.5) ?? 0
  expect(median).toBeGreaterThan(0.01)
  expect(median).toBeLessThanOrEqual(0.025)
})
