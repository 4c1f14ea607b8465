import { describe, expect, test } from 'vitest'
import type { Ask, HealthMonitorOptions } from '../../src/http/health-monitor.ts'
import { createHealthMonitor, remembered } from '../../src/http/health-monitor.ts'

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

/** A monitor at one moment, of one part that is well. */
const monitorOf = (options: Partial<HealthMonitorOptions>) =>
  createHealthMonitor({
    asks: { l0: async () => {} },
    clock: { nowMs: () => startMs, monotonicMs: () => 0 },
    timeoutMs: 20,
    ...options,
  })

test('a part that ignores the signal is left alone', async () => {
  const monitor = monitorOf({ asks: { storage: () => new Promise(() => undefined) } })
  expect(await monitor()).toMatchObject({ status: 'unhealthy', isReady: false })
})

describe('open writes', () => {
  test.each([
    { name: 'none', oldestMs: undefined, oldestOpenMs: null, status: 'healthy' },
    { name: 'one that is young', oldestMs: startMs - 60_000, oldestOpenMs: 60_000, status: 'healthy' },
    { name: 'one that is old', oldestMs: startMs - 60_001, oldestOpenMs: 60_001, status: 'degraded' },
    { name: 'one of a bridge whose clock is ahead', oldestMs: startMs + 5_000, oldestOpenMs: 0, status: 'healthy' },
  ] as const)('$name: $status', async ({ oldestMs, oldestOpenMs, status }) => {
    const open = oldestMs === undefined ? 0 : 3
    const monitor = monitorOf({ intents: async () => ({ open, oldestMs }) })
    expect(await monitor()).toMatchObject({ status, isReady: true, openIntents: open, oldestOpenMs })
  })

  test.each<{ name: string; intents: HealthMonitorOptions['intents'] }>([
    { name: 'that cannot be counted', intents: async () => Promise.reject(new Error('down')) },
    { name: 'whose count does not come', intents: () => new Promise(() => undefined) },
  ])('$name are not told', async ({ intents }) => {
    const report = await monitorOf({ ...(intents ? { intents } : {}) })()
    expect(report).toMatchObject({ status: 'healthy' })
    expect(report).not.toHaveProperty('openIntents')
  })
})

describe('ready', () => {
  test('only once recovery has read what was left open', async () => {
    const recovery = { isDone: false }
    const monitor = monitorOf({ recovered: () => recovery.isDone })
    expect(await monitor()).toMatchObject({ status: 'healthy', isReady: false })
    recovery.isDone = true
    expect(await monitor()).toMatchObject({ status: 'healthy', isReady: true })
  })

  test('not while the L1 is left alone; the L0 has its fifteen seconds', async () => {
    const open = { l1: false, l0: false }
    const asks = { l1: async () => {}, l0: async () => {} }
    const monitor = monitorOf({ asks, breakers: { l1: () => open.l1, l0: () => open.l0 } })
    expect(await monitor()).toMatchObject({ status: 'healthy', isReady: true })
    open.l0 = true
    expect(await monitor()).toMatchObject({ isReady: true, components: { l0: { status: 'unhealthy' } } })
    open.l1 = true
    expect(await monitor()).toMatchObject({ isReady: false, components: { l1: { status: 'unhealthy' } } })
  })

  test('not while a part does not answer that has to be well right now', async () => {
    const storage = { ask: (async () => {}) as Ask }
    const asks = { storage: (signal: AbortSignal) => storage.ask(signal), l0: async () => {} }
    const monitor = monitorOf({ asks, strict: ['storage'] })
    expect(await monitor()).toMatchObject({ isReady: true })
    storage.ask = refuse
    expect(await monitor()).toMatchObject({ status: 'unhealthy', isReady: false })
  })
})

test('a model that is left alone is not well, although it answers', async () => {
  const monitor = monitorOf({ optional: { model: async () => {} }, breakers: { model: () => true } })
  expect(await monitor()).toMatchObject({
    status: 'degraded',
    isReady: true,
    components: { model: { status: 'degraded', lastOkAt: null } },
  })
})

test('a question that costs something is asked again when its good answer is old, or was none', async () => {
  const now = { ms: 0 }
  const answers = [true, false, true]
  let asked = 0
  const ask = remembered(
    async () => {
      asked += 1
      if (!answers.shift()) throw new Error('down')
    },
    { clock: { monotonicMs: () => now.ms }, forMs: 1_000 },
  )
  const { signal } = new AbortController()
  await ask(signal)
  now.ms = 999
  await ask(signal)
  expect(asked).toBe(1)
  now.ms = 1_000
  await expect(ask(signal)).rejects.toThrow('down')
  await ask(signal)
  expect(asked).toBe(3)
})
