import { describe, expect, test } from 'vitest'
import type { Ask } from '../../src/http/health-monitor.ts'
import { createHealthMonitor } from '../../src/http/health-monitor.ts'

const startMs = Date.parse('2026-01-01T00:00:00.000Z')

/** A monitor of two parts on a clock that the test moves; `l0` answers as the test says. */
function watched() {
  const now = { ms: 0 }
  const l0 = { ask: (async () => {}) as Ask }
  const monitor = createHealthMonitor({
    asks: { wallets: async () => {}, l0: (signal) => l0.ask(signal) },
    clock: { nowMs: () => startMs + now.ms, monotonicMs: () => now.ms },
    timeoutMs: 20,
  })
  return { now, l0, monitor }
}

const at = (ms: number) => new Date(startMs + ms).toISOString()
const refuse: Ask = () => Promise.reject(new Error('down'))

describe('a part', () => {
  test('that answers is healthy, since when and how fast is told', async () => {
    const { now, l0, monitor } = watched()
    await monitor()
    now.ms = 5_000
    l0.ask = async () => {
      now.ms += 7
    }
    expect(await monitor()).toEqual({
      status: 'healthy',
      isReady: true,
      components: {
        wallets: { status: 'healthy', since: at(0), lastOkAt: at(5_007), latencyMs: 7 },
        l0: { status: 'healthy', since: at(0), lastOkAt: at(5_007), latencyMs: 7 },
      },
    })
  })

  test('that refuses is unhealthy at once, and the service ready until no answer is recent', async () => {
    const { now, l0, monitor } = watched()
    await monitor()
    l0.ask = refuse
    now.ms = 15_000
    expect(await monitor()).toMatchObject({
      status: 'unhealthy',
      isReady: true,
      components: { l0: { status: 'unhealthy', since: at(15_000), lastOkAt: at(0) } },
    })
    now.ms = 15_001
    expect(await monitor()).toMatchObject({ isReady: false, components: { l0: { since: at(15_000) } } })
    l0.ask = async () => {}
    expect(await monitor()).toMatchObject({
      status: 'healthy',
      isReady: true,
      components: { l0: { since: at(15_001) } },
    })
  })

  test('that never answered well makes nothing ready', async () => {
    const { l0, monitor } = watched()
    l0.ask = refuse
    expect(await monitor()).toMatchObject({ isReady: false, components: { l0: { lastOkAt: null } } })
  })

  test('that is silent is given up', async () => {
    const { l0, monitor } = watched()
    l0.ask = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    expect(await monitor()).toMatchObject({ status: 'unhealthy', components: { wallets: { status: 'healthy' } } })
  })
})

test('callers at the same time share one answer', async () => {
  const { l0, monitor } = watched()
  let asked = 0
  l0.ask = async () => {
    asked += 1
  }
  const [one, other] = await Promise.all([monitor(), monitor()])
  expect(one).toBe(other)
  expect(asked).toBe(1)
  await monitor()
  expect(asked).toBe(2)
})

test('a part without which the service plays makes it degraded, and never unready', async () => {
  const model = { ask: (async () => {}) as Ask }
  const monitor = createHealthMonitor({
    asks: { l0: async () => {} },
    optional: { model: (signal) => model.ask(signal) },
    clock: { nowMs: () => startMs, monotonicMs: () => 0 },
  })
  expect(await monitor()).toMatchObject({ status: 'healthy', components: { model: { status: 'healthy' } } })
  model.ask = refuse
  expect(await monitor()).toMatchObject({
    status: 'degraded',
    isReady: true,
    components: { l0: { status: 'healthy' }, model: { status: 'degraded' } },
  })
})

test('a part without which the service plays is not waited for long', async () => {
  const hangs: Ask = (signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  const monitor = createHealthMonitor({
    asks: {},
    optional: { model: hangs },
    clock: { nowMs: () => startMs, monotonicMs: () => 0 },
    timeoutMs: 60_000,
  })
  expect(await monitor()).toMatchObject({ status: 'degraded', isReady: true })
})
