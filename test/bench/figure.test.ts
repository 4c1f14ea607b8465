import { describe, expect, test } from 'vitest'
import type { Figure } from '../../bench/figure.ts'
import { atLeast, atMost, figure, toPartTables, toTable, verdictOf } from '../../bench/figure.ts'

const side = (value: number, what = 'it') => ({ what, value, unit: 'ms' })
const heading = { bench: 'move', what: 'one / other' }

describe('a figure', () => {
  test.each([
    { bound: atLeast(0.68), left: 68, verdict: 'ok' },
    { bound: atLeast(0.68), left: 67, verdict: 'MISS' },
    { bound: atMost(1.1), left: 110, verdict: 'ok' },
    { bound: atMost(1.1), left: 111, verdict: 'MISS' },
    { bound: atMost(1.1), left: Number.NaN, verdict: 'MISS' },
    { bound: atLeast(1.1), left: Number.NaN, verdict: 'MISS' },
  ])('$left of 100, $bound.kind $bound.value: $verdict', ({ bound, left, verdict }) => {
    expect(verdictOf(figure({ ...heading, bound }, side(left), side(100)))).toBe(verdict)
  })

  test('that was not measured is neither kept nor missed', () => {
    const one: Figure = { ...heading, bound: atLeast(3.5), notMeasured: 'no binary' }
    expect(verdictOf(one)).toBe('not measured')
    expect(toTable([one])).toContain('| not measured: no binary |')
  })

  test('may be another number than the quotient of its sides', () => {
    const one = figure({ ...heading, bound: atMost(0.06) }, side(110), side(100), 0.02)
    expect(one).toMatchObject({ ratio: 0.02 })
    expect(verdictOf(one)).toBe('ok')
  })
})

test('the table shows both sides, the ratio beside its bound, and a miss as a miss', () => {
  const left = { what: 'moves', value: 1234.5, unit: '/s' }
  const right = { what: 'C', value: 2200, unit: '/s' }
  expect(toTable([figure({ ...heading, bound: atLeast(0.68, 0.74), note: 'pinned' }, left, right)])).toBe(
    [
      '| bench | what | measured | ratio | bound |  |',
      '| --- | --- | --- | --- | --- | --- |',
      '| `move` | one / other (pinned) | moves 1235 /s / C 2200 /s | 0.561 | ≥ 0.68 (then 0.74) | MISS |',
    ].join('\n'),
  )
})

test('what a side is made of is told by size, with its share', () => {
  const one = {
    ...figure({ ...heading, bound: atMost(1) }, side(1), side(200, 'a move')),
    parts: { log: 20, sign: 180 },
  }
  expect(toPartTables([one]).split('\n').slice(2)).toEqual(['| sign | 180 | 90 % |', '| log | 20 | 10 % |'])
})
