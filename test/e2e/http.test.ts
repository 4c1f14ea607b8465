import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { authorization, tokenFrom } from '../../src/cli/_http.ts'
import type { GamePage } from '../../src/tictactoe/list-games.ts'
import { winningMoves } from '../games.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

const agent = new Agent()
afterAll(() => agent.close())

const pageOf = async (service: Service, query = '') =>
  (await service.get(`/otto/games${query}`)).body as GamePage & { code?: string; details?: object }

describe.each(['workchain', 'ottochain'])('GET /otto/games, %s', (dialect) => {
  let service: Service
  beforeAll(async () => {
    service = await startService({ OTTO_DIALECT: dialect, OTTO_LOG_LEVEL: 'silent' })
  })
  afterAll(() => service.close())

  test('follows every game through its life, newest first', async () => {
    const { gameId: waiting } = await service.result('ttt_create_game')
    const { gameId: dropped } = await service.result('ttt_create_game')
    await service.result('ttt_cancel_game', { gameId: dropped })
    const { gameId: won } = await startedGame(service, winningMoves)
    const { gameId: again } = await startedGame(service, winningMoves)
    await service.result('ttt_reset_board', { gameId: again })
    const { games, next } = await pageOf(service)
    const mine = games.filter(({ gameId }) => [waiting, dropped, won, again].includes(gameId))
    expect(mine.map(({ gameId }) => gameId)).toEqual([again, won, dropped, waiting])
    expect(next).toBeNull()
    for (const game of mine) {
      const view = await service.result('ttt_get_state', { gameId: game.gameId })
      expect(view).toMatchObject({ ...game, ordinal: expect.any(Number) })
      expect(view.ordinal).toBeGreaterThanOrEqual(game.ordinal)
    }
    const cancelled = await pageOf(service, '?machineState=cancelled')
    expect(cancelled.games.map(({ gameId }) => gameId)).toContain(dropped)
    const finished = await pageOf(service, '?status=Won&limit=1')
    expect(finished.games).toMatchObject([{ gameId: won, winner: 'X', turn: null }])
  })

  test('shows a game as soon as its creation was answered', async () => {
    const { gameId } = await service.result('ttt_create_game')
    const { games } = await pageOf(service, '?limit=1')
    expect(games).toMatchObject([{ gameId, machineState: 'setup' }])
  })

  test('goes on where a page ended', async () => {
    for (let count = 0; count < 3; count++) await service.result('ttt_create_game')
    const all = (await pageOf(service)).games.map(({ gameId }) => gameId)
    const first = await pageOf(service, '?limit=2')
    const second = await pageOf(service, `?limit=200&cursor=${first.next}`)
    expect([...first.games, ...second.games].map(({ gameId }) => gameId)).toEqual(all)
  })

  test.each([
    ['?limit=0', 'limit'],
    ['?limit=201', 'limit'],
    ['?limit=1.5', 'limit'],
    ['?limit=%201', 'limit'],
    ['?limit=', 'limit'],
    ['?limit=1&limit=2', 'limit'],
    ['?cursor=yesterday', 'cursor'],
    ['?machineState=Setup', 'machineState'],
    ['?status=won', 'status'],
    ['?colour=red', 'colour'],
    ['?__proto__=x', '__proto__'],
    ['?limit[]=1', 'limit[]'],
  ])('refuses %s', async (query, path) => {
    const answer = await service.get(`/otto/games${query}`)
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 'INVALID_ARGUMENTS', details: { path } })
  })
})

describe('a token', () => {
  const token = 'a-token-of-the-service-0123456789abcdef'

  test.each(['text', 'file'] as const)('given as %s opens the service to whoever shows it', async (kind) => {
    const dir = await mkdtemp(join(tmpdir(), 'otto-token-'))
    const file = join(dir, 'token')
    await writeFile(file, `${token}\n`, { mode: 0o600 })
    const env = kind === 'text' ? { OTTO_API_TOKEN: token } : { OTTO_API_TOKEN_FILE: file }
    const service = await startService(env)
    try {
      expect((await service.get('/wallets')).status).toBe(401)
      expect((await service.call('ttt_create_game')).body).toMatchObject({ success: false, code: 'UNAUTHENTICATED' })
      expect((await service.get('/health/ready')).status).toBe(200)
      const headers = { ...(await authorization(env)) }
      const key = { ...headers, 'idempotency-key': 'mine' }
      const first = await service.call('ttt_create_game', {}, key)
      const second = await service.call('ttt_create_game', {}, key)
      expect(second.body).toMatchObject({ success: true, replayed: true, result: { gameId: first.body.result.gameId } })
      expect(service.logs.join('')).not.toContain(token)
    } finally {
      await service.close()
      await rm(dir, { recursive: true })
    }
  })

  test.each([
    { name: 'that others may read', text: token, mode: 0o644, code: 'WALLET_FILE' },
    { name: 'that is too short', text: 'short', mode: 0o600, code: 'API_TOKEN_INVALID' },
  ])('in a file $name stops the start', async ({ text, mode, code }) => {
    const dir = await mkdtemp(join(tmpdir(), 'otto-token-'))
    const file = join(dir, 'token')
    await writeFile(file, text, { mode })
    await expect(startService({ OTTO_API_TOKEN_FILE: file })).rejects.toMatchObject({ code })
    await rm(dir, { recursive: true })
  })

  test('is what the command line shows', async () => {
    expect(await tokenFrom({})).toBeUndefined()
    expect(await authorization({})).toEqual({})
    expect(await authorization({ OTTO_API_TOKEN: token })).toEqual({ authorization: `Bearer ${token}` })
    await expect(tokenFrom({ OTTO_API_TOKEN: 'short' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})

describe('Prefer: wait', () => {
  test('shortens what a caller waits for a snapshot, and the answer stays true', async () => {
    const service = await startService({ OTTO_SNAPSHOT_MS: '3600000', OTTO_LOG_LEVEL: 'silent' })
    try {
      const startMs = performance.now()
      const { status, body } = await service.call('ttt_create_game', {}, { prefer: 'wait=1' })
      expect(performance.now() - startMs).toBeLessThan(5_000)
      expect([status, body.code, body.outcome]).toEqual([202, 'CONFIRMATION_PENDING', 'pending'])
      const hasty = await service.call('ttt_create_game', {}, { prefer: 'wait=0' })
      expect(hasty.body).toMatchObject({ success: false, retryable: true })
      expect(['not_submitted', 'unknown', 'pending']).toContain(hasty.body.outcome) // by how far it got in 20 ms
    } finally {
      await service.close()
    }
  })
})

describe('a ledger that cannot be reached', () => {
  let service: Service
  beforeAll(async () => {
    // Port 9 of loopback is discard's: nobody listens there.
    const nodes = { OTTO_L1_URL: 'http://127.0.0.1:9', OTTO_L0_URL: 'http://127.0.0.1:9' }
    service = await startService({ ...nodes, OTTO_LOG_LEVEL: 'silent' })
  })
  afterAll(() => service.close())

  test('makes the service unhealthy and not ready, and alive', async () => {
    const health = await service.get('/health')
    expect(health.status).toBe(503)
    expect(health.body).toMatchObject({
      status: 'unhealthy',
      components: {
        wallets: { status: 'healthy' },
        l1: { status: 'unhealthy', lastOkAt: null },
        l0: { status: 'unhealthy', latencyMs: expect.any(Number) },
      },
    })
    expect((await service.get('/health/ready')).status).toBe(503)
    expect((await service.get('/health/live')).status).toBe(200)
  })

  test('makes the list of games unavailable', async () => {
    const answer = await service.get('/otto/games')
    expect([answer.status, answer.body]).toEqual([503, expect.objectContaining({ code: 'LEDGER_UNREACHABLE' })])
  })
})

describe('health', () => {
  test('tells times to a caller on loopback, and is degraded where no model answers', async () => {
    const service = await startService({ OTTO_LOG_LEVEL: 'silent' })
    const { body } = await service.get('/health')
    await service.close()
    const part = {
      status: 'healthy',
      since: expect.stringMatching(/^\d{4}-.*Z$/),
      lastOkAt: expect.stringMatching(/^\d{4}-.*Z$/),
      latencyMs: expect.any(Number),
    }
    const model = { ...part, status: 'degraded', lastOkAt: null }
    const components = { wallets: part, l1: part, l0: part, storage: part, model }
    expect(body).toEqual({ status: 'degraded', openIntents: 0, oldestOpenMs: null, components })
  })
})

test('every request is one line in the log, with its trace id and without what was sent', async () => {
  const service = await startService()
  const traceId = 'one-line-each'
  const { body } = await request(`${service.url}/otto/games?cursor=my-secret`, {
    headers: { 'x-trace-id': traceId, authorization: 'Bearer my-secret' },
    dispatcher: agent,
  })
  await body.dump()
  await service.close()
  const lines = service.logs.filter((line) => line.includes(traceId)).map((line) => JSON.parse(line))
  expect(lines).toMatchObject([{ msg: 'request', route: '/otto/games', status: 400, code: 'INVALID_ARGUMENTS' }])
  expect(service.logs.join('')).not.toContain('my-secret')
})
