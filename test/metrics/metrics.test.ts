import { expect, test } from 'vitest'
import { createMetrics } from '../../src/metrics/metrics.ts'

const clock = { monotonicMs: () => performance.now() }
const samples = async (metrics: ReturnType<typeof createMetrics>) =>
  (await metrics.expose()).text.split('\n').filter((line) => line.startsWith('otto_'))

test('a gauge is asked for at each scrape, and left out when asking fails', async () => {
  const metrics = createMetrics({ clock })
  const answers = [4, undefined, 5]
  metrics.gauge('otto_snapshot_ordinal', 'The newest snapshot.', async () => {
    const answer = answers.shift()
    if (answer === undefined) throw new Error('unreachable')
    return answer
  })
  const seen = []
  for (let times = 0; times < 3; times++)
    seen.push((await samples(metrics)).filter((line) => line.startsWith('otto_snapshot_ordinal')))
  expect(seen).toEqual([['otto_snapshot_ordinal 4'], [], ['otto_snapshot_ordinal 5']])
})

test('a breaker is told as open until it has closed', async () => {
  const metrics = createMetrics({ clock })
  const states = { now: 'closed' as 'closed' | 'open' | 'half_open' }
  metrics.watchBreaker('l0', { state: () => 'closed' })
  metrics.watchBreaker('l1', { state: () => states.now })
  const seen: (string | undefined)[] = []
  for (states.now of ['closed', 'open', 'half_open'] as const)
    seen.push((await samples(metrics)).find((line) => line.startsWith('otto_breaker_open{upstream="l1"}')))
  expect(seen).toEqual([0, 1, 1].map((value) => `otto_breaker_open{upstream="l1"} ${value}`))
  expect(await samples(metrics)).toContain('otto_breaker_open{upstream="l0"} 0')
})

test('model servers of agents: which one is left alone, and how often asking again helped', async () => {
  const metrics = createMetrics({ clock })
  metrics.models.watchBreaker('anthropic', { state: () => 'open' })
  for (const outcome of ['recovered', 'recovered', 'failed'] as const) metrics.models.transient('anthropic', outcome)
  const { text } = await metrics.expose()
  expect(text).toContain('otto_breaker_open{upstream="model-anthropic"} 1')
  expect(text).toContain('otto_llm_transient_total{provider="anthropic",outcome="recovered"} 2')
  expect(text).toContain('otto_llm_transient_total{provider="anthropic",outcome="failed"} 1')
})

test('requests to unknown paths are one route, unusual methods one method', async () => {
  const metrics = createMetrics({ clock })
  for (const method of ['GET', 'PROPFIND', 'MKCOL'])
    metrics.requests({ method, route: undefined, status: 404, seconds: 0.001 })
  expect((await samples(metrics)).filter((line) => line.startsWith('otto_http_requests_total'))).toEqual([
    'otto_http_requests_total{method="GET",route="none",status="404"} 1',
    'otto_http_requests_total{method="other",route="none",status="404"} 2',
  ])
})

test('two services in one process do not count for each other', async () => {
  const [one, other] = [createMetrics({ clock }), createMetrics({ clock })]
  one.requests({ method: 'GET', route: '/wallets', status: 200, seconds: 0.001 })
  expect((await samples(one)).join('\n')).toContain('/wallets')
  expect((await samples(other)).join('\n')).not.toContain('/wallets')
})
