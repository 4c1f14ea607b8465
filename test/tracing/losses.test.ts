import { expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { createLosses } from '../../src/tracing/_losses.ts'

test('a loss is told at once, those of the minute after it together with the first that follows', () => {
  const lines: object[] = []
  let nowMs = 5
  const noteLoss = createLosses({
    log: { ...silentLog, warn: (fields) => void lines.push(fields) },
    clock: { monotonicMs: () => nowMs },
  })
  noteLoss(3, 'ECONNREFUSED')
  for (nowMs of [6, 30_000, 60_004]) noteLoss(10, 'ECONNREFUSED')
  expect(lines).toEqual([{ spans: 3, reason: 'ECONNREFUSED' }])
  nowMs = 60_005
  noteLoss(1, 'the queue is full')
  noteLoss(1, 'the queue is full')
  expect(lines.slice(1)).toEqual([{ spans: 31, reason: 'the queue is full' }])
})
