import { describe, expect, test } from 'vitest'
import { BaseError } from '../../src/core/errors.ts'
import type { JsonObject } from '../../src/core/json.ts'
import { openApprovals } from '../tools/open-approvals.ts'
import { clock, startBridge } from './bridge.ts'
import { json, posted, send } from './raw-http.ts'

/** Approvals in which these moves wait, in this order. */
async function waiting(...moves: readonly JsonObject[]) {
  const time = { ms: 0 }
  const { approvals, database } = await openApprovals({ clock: { nowMs: () => Date.UTC(2026, 0, 1) + time.ms } })
  const ids: string[] = []
  for (const args of moves) {
    const call = { tool: 'ttt_make_move', args, principal: '127.0.0.1', requestKey: undefined }
    const refusal = await approvals.take(call).catch((error: unknown) => error)
    ids.push(refusal instanceof BaseError ? String(refusal.details['approvalId']) : expect.unreachable())
  }
  const pass = (ms: number) => {
    time.ms += ms
  }
  return { approvals, database, ids, pass }
}

const at = (id: string) => `/otto/approvals/${id}`

describe('GET /otto/approvals', () => {
  test('shows the writes that wait, newest first', async () => {
    const { approvals, ids } = await waiting({ cell: 4 }, { cell: 5 })
    await using bridge = await startBridge({ approvals })
    const answer = await send(bridge.port, { path: '/otto/approvals' })
    const record = (id: string | undefined, cell: number) => ({
      id,
      tool: 'ttt_make_move',
      args: { cell },
      principal: '127.0.0.1',
      askedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T00:10:00.000Z',
      status: 'pending',
    })
    expect([answer.status, json(answer)]).toEqual([200, { approvals: [record(ids[1], 5), record(ids[0], 4)] }])
  })

  test('shows none where writes run unasked', async () => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, { path: '/otto/approvals' })
    expect([answer.status, json(answer)]).toEqual([200, { approvals: [] }])
  })
})

describe('POST /otto/approvals/:id', () => {
  test.each([
    { approve: true, status: 'approved', expiresAt: '2026-01-01T00:05:00.000Z' },
    { approve: false, status: 'declined', expiresAt: '2026-01-01T00:10:00.000Z' },
  ])('$status: answers the record', async ({ approve, status, expiresAt }) => {
    const { approvals, ids } = await waiting({ cell: 4 })
    await using bridge = await startBridge({ approvals })
    const id = ids[0] ?? ''
    const answer = await send(bridge.port, posted(at(id.toUpperCase()), { approve }))
    expect(answer.status).toBe(200)
    expect(json(answer)).toMatchObject({ id, tool: 'ttt_make_move', args: { cell: 4 }, status, expiresAt })
    expect(await approvals.list()).toEqual([])
  })

  test.each([
    { name: 'an unknown id', id: () => crypto.randomUUID(), ms: 0 },
    { name: 'no id at all', id: () => 'everything', ms: 0 },
    { name: 'an expired one', id: (known: string) => known, ms: 600_000 },
  ])('$name: 404 as problem details', async ({ id, ms }) => {
    const { approvals, ids, pass } = await waiting({ cell: 4 })
    await using bridge = await startBridge({ approvals })
    pass(ms)
    const answer = await send(bridge.port, posted(at(id(ids[0] ?? '')), { approve: true }))
    expect(answer.status).toBe(404)
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
    expect(json(answer)).toMatchObject({
      code: 'NOT_FOUND',
      detail: 'No write with this id waits for approval.',
      outcome: 'not_submitted',
      retryable: false,
    })
  })

  test('finds nothing where writes run unasked', async () => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, posted(at(crypto.randomUUID()), { approve: true }))
    expect([answer.status, json(answer).code]).toEqual([404, 'NOT_FOUND'])
  })

  test.each([
    { name: 'nothing', body: '{}', path: 'approve' },
    { name: 'a word', body: '{"approve":"true"}', path: 'approve' },
    { name: 'a number', body: '{"approve":1}', path: 'approve' },
    { name: 'null', body: '{"approve":null}', path: 'approve' },
    { name: 'no object', body: 'true', path: 'approve' },
    { name: 'more than a decision', body: '{"approve":true,"cell":5}', path: 'cell' },
  ])('$name is no decision: 400 naming $path, and nothing is decided', async ({ body, path }) => {
    const { approvals, ids } = await waiting({ cell: 4 })
    await using bridge = await startBridge({ approvals })
    const answer = await send(bridge.port, { ...posted(at(ids[0] ?? ''), null), body })
    expect(answer.status).toBe(400)
    expect(json(answer)).toMatchObject({ code: 'INVALID_REQUEST', details: { path } })
    expect(await approvals.list()).toHaveLength(1)
  })

  test.each([
    { name: 'a member twice', request: { body: '{"approve":false,"approve":true}' }, status: 400 },
    { name: 'no JSON', request: { body: 'yes' }, status: 400 },
    { name: 'a form', request: { headers: { 'content-type': 'text/plain' } }, status: 415 },
    { name: 'a page elsewhere', request: { headers: { origin: 'https://evil.example' } }, status: 403 },
  ])('$name decides nothing: $status', async ({ request, status }) => {
    const { approvals, ids } = await waiting({ cell: 4 })
    await using bridge = await startBridge({ approvals })
    const whole = posted(at(ids[0] ?? ''), { approve: true })
    const headers = { ...whole.headers, ...request.headers }
    expect((await send(bridge.port, { ...whole, ...request, headers })).status).toBe(status)
    expect(await approvals.list()).toHaveLength(1)
  })

  test('a decision that cannot be stored: 503, and nothing is decided', async () => {
    const { approvals, database, ids } = await waiting({ cell: 4 })
    await using bridge = await startBridge({ approvals })
    await database.close()
    const answer = await send(bridge.port, posted(at(ids[0] ?? ''), { approve: true }))
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, expect.any(String)])
    expect(json(answer)).toMatchObject({ code: 'STORAGE_UNAVAILABLE', outcome: 'not_submitted', retryable: true })
  })

  test('wants the token of the service', async () => {
    const { approvals, ids } = await waiting({ cell: 4 })
    const token = 'a-token-of-at-least-thirty-two-characters'
    await using bridge = await startBridge({ approvals, token })
    const decide = (headers: Record<string, string>) =>
      send(bridge.port, posted(at(ids[0] ?? ''), { approve: true }, headers))
    expect((await decide({})).status).toBe(401)
    expect((await send(bridge.port, { path: '/otto/approvals' })).status).toBe(401)
    expect(await approvals.list()).toHaveLength(1)
    expect((await decide({ authorization: `Bearer ${token}` })).status).toBe(200)
  })
})

test('no tool decides: what models are offered does not hold the word', async () => {
  await using bridge = await startBridge({
    approvals: (await openApprovals({ clock })).approvals,
  })
  const { tools } = json(await send(bridge.port, { path: '/otto/tools' }))
  expect(tools.map(({ name }: { name: string }) => name).join()).not.toMatch(/approv|decide|confirm/)
})
