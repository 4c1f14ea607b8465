import { expect, test } from 'vitest'
import type { ExportLimits } from '../../src/tracing/_export.ts'
import { createSpanExport, exportLimits } from '../../src/tracing/_export.ts'
import { createSpans } from '../../src/tracing/_spans.ts'
import { clock } from '../http/bridge.ts'
import { deadUrl, startCollector } from './_collector.ts'

/** Spans that go to a collector, and what is lost on the way. */
function exporting(url: string, limits: Partial<ExportLimits> = {}) {
  const losses: { spans: number; reason: string }[] = []
  const firstLoss = Promise.withResolvers<void>()
  const { processor, close } = createSpanExport({
    url: `${url}/v1/traces`,
    clock,
    limits: { ...exportLimits, ...limits },
    noteLoss(spans, reason) {
      losses.push({ spans, reason })
      firstLoss.resolve()
    },
  })
  const spans = createSpans(processor)
  const tell = (count: number) => {
    for (let at = 0; at < count; at++) spans.begin('call', { name: `span ${at}` }).end()
  }
  return { losses, firstLoss: firstLoss.promise, tell, close }
}

const elapsedMs = async (work: Promise<unknown>): Promise<number> => {
  const startMs = performance.now()
  await work
  return performance.now() - startMs
}

test('closing sends what waits', async () => {
  await using collector = await startCollector()
  const { tell, close, losses } = exporting(collector.url)
  tell(3)
  await close()
  expect(collector.spans().map(({ name, service }) => [name, service])).toEqual([
    ['span 0', 'otto'],
    ['span 1', 'otto'],
    ['span 2', 'otto'],
  ])
  expect(collector.paths).toEqual(['POST /v1/traces'])
  expect(losses).toEqual([])
})

test('a span does not wait for others longer than it may', async () => {
  await using collector = await startCollector()
  const { tell, close } = exporting(collector.url, { delayMs: 10 })
  tell(1)
  await collector.asked
  expect(collector.spans()).toHaveLength(1)
  await close()
})

test('what does not fit into the queue is lost and noted; a queue goes out in batches', async () => {
  await using collector = await startCollector()
  const { tell, close, losses } = exporting(collector.url, { queue: 5, batch: 2, delayMs: 60_000 })
  // The first two go out at once, and while they are on their way five more may wait.
  tell(9)
  expect(losses).toEqual(Array(2).fill({ spans: 1, reason: 'the queue is full' }))
  await close()
  expect(collector.spans()).toHaveLength(7)
  expect(collector.paths).toHaveLength(4)
})

test('the whole queue of the service goes out at the end', async () => {
  await using collector = await startCollector()
  const { tell, close, losses } = exporting(collector.url)
  tell(exportLimits.batch + exportLimits.queue)
  await close()
  expect(losses).toEqual([])
  expect(collector.spans()).toHaveLength(exportLimits.batch + exportLimits.queue)
})

test('a batch that a collector refuses is lost and noted, without what it says', async () => {
  await using collector = await startCollector(() => 400)
  const { tell, close, losses } = exporting(collector.url)
  tell(3)
  await close()
  expect(losses).toEqual([{ spans: 3, reason: 'Bad Request' }])
})

test('a collector that comes back gets what comes then', async () => {
  let status = 400
  await using collector = await startCollector(() => status)
  const { tell, close, firstLoss } = exporting(collector.url, { delayMs: 1 })
  tell(1)
  await firstLoss
  status = 200
  tell(2)
  await close()
  expect(collector.spans()).toHaveLength(2)
})

test('a collector that is not there costs its spans, and close no longer than an export', async () => {
  const { tell, close, losses } = exporting(await deadUrl(), { exportTimeoutMs: 300 })
  tell(3)
  expect(await elapsedMs(close())).toBeLessThan(2_000)
  expect(losses).toEqual([{ spans: 3, reason: 'ECONNREFUSED' }])
})

test('a collector that never answers does not hold up the end', async () => {
  await using collector = await startCollector(() => 'silence')
  const { tell, close } = exporting(collector.url, { closeMs: 50 })
  tell(3)
  expect(await elapsedMs(close())).toBeLessThan(2_000)
  expect(collector.paths.length).toBeLessThanOrEqual(1)
})

test('an export that gets no answer in time is given up', async () => {
  await using collector = await startCollector(() => 'silence')
  const { tell, close, firstLoss, losses } = exporting(collector.url, { delayMs: 1, exportTimeoutMs: 100 })
  tell(3)
  await firstLoss
  expect(losses).toEqual([{ spans: 3, reason: 'Request timed out' }])
  await close()
})
