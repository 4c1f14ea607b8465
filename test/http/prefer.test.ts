import { expect, test } from 'vitest'
import { waitMsOf } from '../../src/http/prefer.ts'

test.each([
  ['wait=10', 10_000],
  ['wait=0', 0],
  ['WAIT = "7"', 7_000],
  ['respond-async, wait=5', 5_000],
  ['wait=5; foo=bar', 5_000],
  ['wait=3, wait=9', 3_000],
])('Prefer: %s', (prefer, ms) => {
  expect(waitMsOf({ prefer })).toBe(ms)
})

test.each([
  '',
  'wait',
  'wait=',
  'wait=-1',
  'wait=1.5',
  'wait=1e3',
  'wait=ten',
  'xwait=3',
  'wait=999999',
  'respond-async',
])('Prefer: %s says nothing', (prefer) => {
  expect(waitMsOf({ prefer })).toBeUndefined()
})

test('no header says nothing', () => {
  expect(waitMsOf({})).toBeUndefined()
})
