import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { verifyAudit } from '../../src/audit/verify-file.ts'
import { parseConfig, secrets } from '../../src/config.ts'
import { configHash } from '../../src/open-audit.ts'
import { temporaryFolder } from '../cli/_folder.ts'
import { client, startedGame, startService } from '../e2e/_service.ts'
import { recordsIn } from './_logs.ts'

const fileIn = (dir: string) => join(dir, 'var', 'audit.jsonl')

test('the service writes down its start, every call and its stop, in one chain over restarts', async () => {
  const dir = await temporaryFolder()
  const first = await startService({}, dir)
  const game = await startedGame(first, [['X', 4]])
  const refused = await first.call('ttt_make_move', { gameId: game.gameId, player: 'O', cell: 4 })
  await first.close()
  await appendFile(fileIn(dir), '{"seq":')
  await (await startService({}, dir)).close()

  const { summary, broken } = await verifyAudit(fileIn(dir))
  expect(broken).toBeUndefined()
  expect(summary.records).toBe(9)
  const records = await recordsIn(fileIn(dir))
  expect(records.map(({ kind, tool }) => tool ?? kind)).toEqual([
    'start',
    'ttt_create_game',
    'ttt_start_game',
    'ttt_make_move',
    'ttt_make_move',
    'stop',
    'repair',
    'start',
    'stop',
  ])
  expect(records[0]).toMatchObject({ dialect: 'workchain', playerX: game.playerX, playerO: game.playerO })
  expect(records[0]?.['configHash']).toBe(records[7]?.['configHash'])
  expect(records[3]).toMatchObject({
    outcome: 'applied',
    code: 'OK',
    gameId: game.gameId,
    hash: game.moveHistory[0]?.hash,
    principal: '127.0.0.1',
  })
  expect(records[4]).toMatchObject({ outcome: 'rejected', code: 'INVALID_MOVE', traceId: refused.body.traceId })
})

test('who may not call is written down, at every door, without the token that was shown', async () => {
  const dir = await temporaryFolder()
  const token = 'a-token-of-at-least-thirty-two-characters'
  const service = await startService({ OTTO_API_TOKEN: token }, dir)
  const wrong = 'another-token-of-thirty-two-characters-or-more'
  await client(service.url, { authorization: `Bearer ${wrong}` }).call('ttt_create_game')
  await client(service.url).call('ttt_create_game')
  for (const path of ['/mcp', '/api/chat', '/v1/chat/completions', '/nowhere'])
    await (await request(service.url + path, { method: 'POST', body: '{}' })).body.dump()
  const trusted = { authorization: `Bearer ${token}` }
  const from = (headers: Record<string, string>) =>
    request(`${service.url}/wallets`, { headers: { ...trusted, ...headers } })
  await (await from({ origin: 'https://elsewhere.example' })).body.dump()
  await (await from({ host: 'elsewhere.example' })).body.dump()
  const json = { 'content-type': 'application/json' }
  const pull = await request(`${service.url}/api/pull`, {
    method: 'POST',
    headers: { ...trusted, ...json },
    body: '{}',
  })
  await pull.body.dump()
  await service.close()

  const records = await recordsIn(fileIn(dir))
  const refusals = records.flatMap(({ kind, code, route, principal }) =>
    kind === 'access' ? [`${code} ${route} ${principal}`] : [],
  )
  const me = '127.0.0.1'
  expect([...new Set(refusals)].map((line) => line.replace(/token:[0-9a-f]{16}$/, 'token'))).toEqual([
    `UNAUTHENTICATED POST /otto/tool ${me}`,
    `UNAUTHENTICATED POST /mcp ${me}`,
    `UNAUTHENTICATED POST /api/chat ${me}`,
    `UNAUTHENTICATED POST /v1/chat/completions ${me}`,
    `UNAUTHENTICATED POST ${me}`,
    `ORIGIN_NOT_ALLOWED GET /wallets ${me}`,
    `HOST_NOT_ALLOWED GET /wallets ${me}`,
    'FORBIDDEN POST /api/pull token',
  ])
  expect(records.filter(({ kind }) => kind === 'call')).toEqual([])
  const text = JSON.stringify(records)
  expect(text).not.toContain(wrong)
  expect(text).not.toContain(token)
})

test("a person's decision is written down", async () => {
  const dir = await temporaryFolder()
  const service = await startService({ OTTO_SIGNING: 'confirm' }, dir)
  const { body } = await service.call('ttt_create_game')
  const id = String(body.details['approvalId'])
  const answer = await request(`${service.url}/otto/approvals/${id}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"approve":false}',
  })
  await answer.body.dump()
  await service.close()
  const records = await recordsIn(fileIn(dir))
  expect(records.filter(({ kind }) => kind === 'approval')).toMatchObject([
    { id, tool: 'ttt_create_game', status: 'declined', principal: '127.0.0.1', askedBy: '127.0.0.1' },
  ])
  expect(records.find(({ kind }) => kind === 'call')).toMatchObject({ code: 'APPROVAL_NEEDED' })
})

test('a second service on the same data folder does not start', async () => {
  const dir = await temporaryFolder()
  const nodes = { OTTO_L1_URL: 'http://127.0.0.1:9', OTTO_L0_URL: 'http://127.0.0.1:9' }
  const first = await startService(nodes, dir)
  onTestFinished(() => first.close())
  await expect(startService(nodes, dir)).rejects.toMatchObject({ kind: 'invalid' })
})

test('the hash of the settings tells other settings apart, and knows no secret', () => {
  const nodes = { OTTO_L1_URL: 'http://127.0.0.1:9', OTTO_L0_URL: 'http://127.0.0.1:9' }
  const of = (env: Record<string, string>) => configHash(parseConfig({ ...nodes, ...env }))
  expect(of({})).toMatch(/^[0-9a-f]{64}$/)
  expect(of({})).toBe(of({}))
  expect(of({ OTTO_TOOL_DEADLINE_MS: '5000' })).not.toBe(of({}))
  for (const name of secrets) {
    const set = (letter: string) =>
      of({ [name]: name.endsWith('URL') ? `postgres://me:${letter}@there/db` : letter.repeat(40) })
    expect(set('x')).toBe(set('y'))
    // Passwords of an import are no settings of the service.
    expect(set('x') === of({})).toBe(name.startsWith('OTTO_IMPORT'))
  }
})
