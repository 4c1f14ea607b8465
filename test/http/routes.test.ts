import fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import { createAdmission } from '../../src/http/admission.ts'
import { healthRoutes } from '../../src/http/health.ts'
import type { HealthReport } from '../../src/http/health-monitor.ts'
import { createBoards, partThatIs, startBridge } from './bridge.ts'
import { json, send } from './raw-http.ts'

describe('GET /otto/games/:id/state', () => {
  test.each(['lower', 'upper'])('answers the flat state, %s case', async (letters) => {
    const boards = createBoards()
    const gameId = boards.create()
    await using bridge = await startBridge({ tools: boards.tools })
    const id = letters === 'upper' ? gameId.toUpperCase() : gameId
    const answer = await send(bridge.port, { path: `/otto/games/${id}/state` })
    expect([answer.status, json(answer)]).toEqual([200, { gameId, board: boards.read(gameId) }])
  })

  test('an unknown game: 404 as problem details', async () => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, { path: `/otto/games/${crypto.randomUUID()}/state` })
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
    expect(json(answer)).toMatchObject({ status: 404, code: 'GAME_NOT_FOUND', title: 'Game not found' })
  })

  test.each(['123', '%00', '..%2f..%2fetc%2fpasswd', 'undefined'])('%s is no game id: 400', async (id) => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, { path: `/otto/games/${id}/state` })
    expect([answer.status, json(answer).code]).toEqual([400, 'INVALID_ARGUMENTS'])
    expect(json(answer).details).toEqual({ path: 'id' })
  })
})

test('GET /wallets shows two addresses and nothing else of the wallets', async () => {
  const wallet = (address: string) => ({ address, privateKeyHex: 'secret' })
  await using bridge = await startBridge({ wallets: () => ({ playerX: wallet('DAG1'), playerO: wallet('DAG2') }) })
  const answer = await send(bridge.port, { path: '/wallets' })
  expect([answer.status, json(answer)]).toEqual([200, { playerX: { address: 'DAG1' }, playerO: { address: 'DAG2' } }])
})

describe('health', () => {
  const report = (status: HealthReport['status'], isReady: boolean) => async (): Promise<HealthReport> => ({
    status,
    isReady,
    components: { wallets: partThatIs('healthy'), ledger: partThatIs(status) },
  })

  test.each([
    { status: 'healthy', isReady: true, health: 200, ready: 200 },
    { status: 'degraded', isReady: true, health: 200, ready: 200 },
    { status: 'degraded', isReady: false, health: 200, ready: 503 },
    { status: 'unhealthy', isReady: false, health: 503, ready: 503 },
  ] as const)('$status, ready $isReady', async ({ status, isReady, health, ready }) => {
    await using bridge = await startBridge({ health: report(status, isReady) })
    const whole = await send(bridge.port, { path: '/health' })
    const components = { wallets: partThatIs('healthy'), ledger: partThatIs(status) }
    expect([whole.status, json(whole)]).toEqual([health, { status, components }])
    const probe = await send(bridge.port, { path: '/health/ready' })
    expect([probe.status, json(probe)]).toEqual([ready, { status: isReady ? 'ready' : 'not_ready', components }])
  })

  test('not ready once it is closing', async () => {
    const admission = createAdmission({})
    const server = fastify()
    server.register(healthRoutes({ health: report('healthy', true), admission, isTrusted: () => false }))
    const probe = async () => (await server.inject('/health/ready')).statusCode
    expect(await probe()).toBe(200)
    await admission.close()
    expect(await probe()).toBe(503)
  })

  test('liveness asks nobody', async () => {
    await using bridge = await startBridge({ health: () => Promise.reject(new Error('no')) })
    const answer = await send(bridge.port, { path: '/health/live' })
    expect([answer.status, json(answer)]).toEqual([200, { status: 'alive' }])
  })
})
