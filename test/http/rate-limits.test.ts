import { describe, expect, test } from 'vitest'
import type { Buckets, RateKind, Rates } from '../../src/core/buckets.ts'
import { createMemoryBuckets } from '../../src/core/buckets.ts'
import { createRateLimits } from '../../src/http/rate-limits.ts'
import { ownerToken } from '../../src/http/tokens.ts'
import type { AllDoors } from './_all-doors.ts'
import { startAllDoors } from './_all-doors.ts'
import { clock, createBoards } from './bridge.ts'
import { legacy, post } from './mcp/raw.ts'
import { json, posted, send } from './raw-http.ts'

const plenty = { perSecond: 1_000, burst: 1_000 }
const one = { perSecond: 2, burst: 1 }

/** All doors, with rates on a clock that the test moves; a chat's own calls wait in real time. */
async function limited(rates: Partial<Rates>, options: Parameters<typeof startAllDoors>[0] = {}) {
  const time = { ms: 0 }
  const monotonicMs = () => time.ms
  const sleep = async (ms: number) => {
    time.ms += ms
  }
  const buckets = createMemoryBuckets({
    rates: { write: plenty, read: plenty, chat: plenty, ...rates },
    clock: { monotonicMs },
  })
  const doors = await startAllDoors({ ...options, buckets, clock: { ...clock, monotonicMs, sleep } })
  return { doors, time }
}

const write = posted('/otto/tool', { tool: 'ttt_create_game' })
const chat = posted('/api/chat', { model: 'm', messages: [{ role: 'user', content: 'Hello.' }], stream: false })
const prompt = posted('/generate', { prompt: 'Hello.', stream: false })
const completion = posted('/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello.' }] })

describe('past its rate', () => {
  test('a write is refused in the envelope, and says when to come again', async () => {
    const { doors, time } = await limited({ write: one })
    await using _ = doors
    expect((await send(doors.port, write)).status).toBe(200)
    const refused = await send(doors.port, write)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    expect(json(refused)).toMatchObject({
      success: false,
      code: 'RATE_LIMITED',
      outcome: 'not_submitted',
      retryable: true,
      details: { limit: 'write', retryAfterSeconds: 1 },
    })
    time.ms += 500
    expect((await send(doors.port, write)).status).toBe(200)
  })

  test('nothing is done, and the key stays free', async () => {
    const boards = createBoards()
    const { doors, time } = await limited({ write: one }, { tools: boards.tools })
    await using _ = doors
    const keyed = (body: object) => send(doors.port, posted('/otto/tool', body, { 'idempotency-key': 'k' }))
    await send(doors.port, write)
    expect((await keyed({ tool: 'ttt_create_game' })).status).toBe(429)
    time.ms += 500
    const gameId = boards.create()
    // Another wish under the same key: it would be 422, had the refusal been kept.
    const moved = await keyed({ tool: 'ttt_make_move', args: { gameId, player: 'X', cell: 4 } })
    expect([moved.status, boards.read(gameId)[4]]).toEqual([200, 'X'])
  })

  test.each([
    { name: 'flat tools', kind: 'write', request: posted('/otto/tools/ttt_create_game', {}), code: ['code'] },
    { name: 'approvals', kind: 'read', request: { path: '/otto/approvals' }, code: ['code'] },
    { name: 'games', kind: 'read', request: { path: '/otto/games' }, code: ['code'] },
    { name: 'documents', kind: 'read', request: { path: '/openapi.json' }, code: ['code'] },
    { name: 'unknown paths', kind: 'read', request: { path: '/nothing' }, code: ['code'] },
    { name: 'Ollama chats', kind: 'chat', request: chat, code: ['code'] },
    { name: 'prompts', kind: 'chat', request: prompt, code: ['code'] },
    { name: 'passed on', kind: 'chat', request: posted('/api/generate', { model: 'm' }), code: ['code'] },
    { name: 'Ollama models', kind: 'read', request: { path: '/api/tags' }, code: ['code'] },
    { name: 'OpenAI chats', kind: 'chat', request: completion, code: ['error', 'code'] },
    { name: 'OpenAI models', kind: 'read', request: { path: '/v1/models' }, code: ['error', 'code'] },
    { name: 'MCP, no tool', kind: 'read', request: posted('/mcp', legacy('ping')), code: ['error', 'data', 'code'] },
  ] as const)('$name are refused in their own words', async ({ kind, request, code }) => {
    const { doors } = await limited({ [kind]: one })
    await using _ = doors
    expect((await send(doors.port, request)).status).not.toBe(429)
    const refused = await send(doors.port, request)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
    const said = code.reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], json(refused))
    expect(String(said).toUpperCase()).toBe('RATE_LIMITED')
  })

  test('MCP: a call is refused in its result, for the model to read', async () => {
    const { doors } = await limited({ write: one })
    await using _ = doors
    const call = () => post(doors.port, legacy('tools/call', { name: 'ttt_create_game', arguments: {} }))
    expect((await call()).messages[0].result.isError).toBe(false)
    const { result } = (await call()).messages[0]
    expect(result.isError).toBe(true)
    expect(JSON.parse(result.content[0].text)).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      details: { retryAfterSeconds: 1 },
    })
  })

  test('liveness is never refused', async () => {
    const { doors } = await limited({ read: one })
    await using _ = doors
    for (let probe = 0; probe < 5; probe++) expect((await send(doors.port, { path: '/health/live' })).status).toBe(200)
  })
})

describe('each kind by itself', () => {
  test.each([
    { spent: 'read', request: { path: '/wallets' }, still: [write, chat] },
    { spent: 'write', request: write, still: [{ path: '/wallets' }, chat] },
    { spent: 'chat', request: chat, still: [{ path: '/wallets' }, write] },
  ] as const)('who has spent $spent may do the others', async ({ spent, request, still }) => {
    const { doors } = await limited({ [spent]: one })
    await using _ = doors
    await send(doors.port, request)
    expect((await send(doors.port, request)).status).toBe(429)
    for (const other of still) expect((await send(doors.port, other)).status).toBe(200)
  })

  test('a tool that reads is a read', async () => {
    const { doors } = await limited({ read: one, write: one })
    await using _ = doors
    const read = posted('/otto/tool', { tool: 'ttt_get_state', args: {} })
    expect((await send(doors.port, read)).status).toBe(400)
    expect((await send(doors.port, read)).status).toBe(429)
    expect((await send(doors.port, write)).status).toBe(200)
  })
})

test('one caller does not use up the rate of another', async () => {
  const [mine, yours] = ['m'.repeat(32), 'y'.repeat(32)]
  const { doors } = await limited({ write: one }, { tokens: [ownerToken(mine), ownerToken(yours)] })
  await using _ = doors
  const ask = (token: string) =>
    send(doors.port, posted('/otto/tool', { tool: 'ttt_create_game' }, { authorization: `Bearer ${token}` }))
  expect((await ask(mine)).status).toBe(200)
  expect((await ask(mine)).status).toBe(429)
  expect((await ask(yours)).status).toBe(200)
})

describe("a chat's own calls", () => {
  const asking = posted('/api/chat', {
    model: 'm',
    messages: [{ role: 'user', content: 'ttt_create_game' }],
    stream: false,
  })
  const says = async (doors: AllDoors) => json(await send(doors.port, asking)).message.content

  test('wait up to two seconds for their turn', async () => {
    const { doors, time } = await limited({ write: one })
    await using _ = doors
    await send(doors.port, write)
    expect(await says(doors)).toBe('done')
    expect(time.ms).toBe(500)
  })

  test('and are refused where that is not enough', async () => {
    const { doors, time } = await limited({ write: { perSecond: 0.25, burst: 1 } })
    await using _ = doors
    expect([await says(doors), await says(doors), time.ms]).toEqual(['done', 'RATE_LIMITED', 0])
  })
})

describe('waiting for a turn', () => {
  /** Buckets that refuse as often as told. */
  const refusing = (times: number, retryAfterMs: number) => {
    const asked: RateKind[] = []
    const buckets: Buckets = {
      take: async (_principal, kind) => {
        asked.push(kind)
        return asked.length > times ? { ok: true } : { ok: false, retryAfterMs }
      },
    }
    return { asked, buckets }
  }
  const still = { monotonicMs: () => 0, sleep: async () => {} }

  test('ends at once when the caller has gone', async () => {
    const { buckets, asked } = refusing(10, 100)
    const gone = AbortSignal.abort(new Error('gone'))
    const waiting = createRateLimits(buckets, clock).waitForTurn('p', 'write', gone)
    await expect(waiting).rejects.toMatchObject({ code: 'RATE_LIMITED' })
    expect(asked).toHaveLength(1)
  })

  test('does not begin where it would be too long', async () => {
    const { buckets, asked } = refusing(1, 2_001)
    const waiting = createRateLimits(buckets, still).waitForTurn('p', 'write', new AbortController().signal)
    await expect(waiting).rejects.toMatchObject({ code: 'RATE_LIMITED', details: { retryAfterSeconds: 3 } })
    expect(asked).toHaveLength(1)
  })
})
