import { describe, expect, test } from 'vitest'
import type { HealthReport } from '../../src/http/health-monitor.ts'
import { partThatIs, startBridge } from './bridge.ts'
import { json, send } from './raw-http.ts'

const token = 'a-token-of-thirty-two-characters-'
const reported: HealthReport = {
  status: 'degraded',
  isReady: true,
  components: { storage: partThatIs('healthy'), model: partThatIs('degraded') },
  openIntents: 2,
  oldestOpenMs: 61_000,
}
const bridgeThat = (report: HealthReport, more: object = {}) => startBridge({ health: async () => report, ...more })
const bearer = { authorization: `Bearer ${token}` }

describe('GET /health', () => {
  test('tells how many writes are open, and since when', async () => {
    await using bridge = await bridgeThat(reported)
    const answer = await send(bridge.port, { path: '/health' })
    expect(answer.status).toBe(200)
    const { isReady: _, ...shown } = reported
    expect(json(answer)).toEqual(shown)
  })

  test('is a 503 where it does not play', async () => {
    await using bridge = await bridgeThat({ ...reported, status: 'unhealthy' })
    expect((await send(bridge.port, { path: '/health' })).status).toBe(503)
  })
})

test('GET /health/ready tells a stranger words and no counts', async () => {
  await using bridge = await bridgeThat(reported, { token })
  const stranger = await send(bridge.port, { path: '/health/ready' })
  const words = { storage: { status: 'healthy' }, model: { status: 'degraded' } }
  expect(json(stranger)).toEqual({ status: 'ready', components: words })
  const friend = await send(bridge.port, { path: '/health/ready', headers: bearer })
  expect(json(friend)).toEqual({ status: 'ready', components: reported.components })
  expect(JSON.stringify(json(await send(bridge.port, { path: '/health', headers: bearer })))).toContain('61000')
})

test('GET /health/live depends on nothing', async () => {
  await using bridge = await startBridge({ health: () => new Promise(() => undefined) })
  expect(json(await send(bridge.port, { path: '/health/live' }))).toEqual({ status: 'alive' })
})
