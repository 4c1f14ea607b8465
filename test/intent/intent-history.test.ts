import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SignedMessage } from '../../src/chain/chain.ts'
import type { Intent, Settlement } from '../../src/intent/intent.ts'
import { createIntentHistory } from '../../src/intent/intent-history.ts'
import type { Bridge, World } from './kit.ts'
import { age, engines, intentOf } from './kit.ts'

const day = 24 * 3_600_000
const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const never = new AbortController().signal
const refusal = { code: 'INVALID_MOVE', message: 'That cell already holds a mark.', hint: null, details: { cell: 4 } }

/** An intent of messages that these keys signed. */
function signedBy(...ids: readonly (readonly string[])[]): Intent {
  const intent = intentOf()
  const messages = ids.map(
    (signers, index): SignedMessage => ({
      message: { type: 'ArchiveStateMachine', fiberId: `fiber ${index}`, targetSequenceNumber: null },
      hash: `${intent.id} ${index}`,
      envelope: {
        value: { id: 'none', text: '\u0000ß"\\u0000\\\u0000' },
        proofs: signers.map((id) => ({ id, signature: 's' })),
      },
    }),
  )
  return { ...intent, messages }
}

describe.each(engines)('$name', ({ isMissing, open }) => {
  let world: World
  let bridge: Bridge
  beforeAll(async () => {
    if (isMissing) return
    world = await open()
    bridge = await world.bridge()
  })
  afterAll(() => world?.close())

  async function stored(intent: Intent, settlement?: Settlement): Promise<Intent> {
    const release = await bridge.own(intent.gameId)
    expect(await bridge.log.prepare(intent)).toBe(true)
    await release()
    if (settlement) await bridge.log.settle(intent.id, settlement)
    return intent
  }

  test.skipIf(isMissing)('tells of those that were rejected, newest first, and of no others', async () => {
    const history = createIntentHistory(world.database)
    const before = Date.now()
    const first = await stored(intentOf(), { state: 'rejected', reason: refusal })
    await stored(intentOf(), { state: 'confirmed', mark: undefined })
    await stored(intentOf(), { state: 'abandoned' })
    await stored(intentOf())
    const second = await stored(intentOf(), { state: 'rejected', reason: { code: 'LEDGER_REFUSED' } })
    const told = await history.rejected(10)
    expect(told.slice(0, 2).map(({ gameId }) => gameId)).toEqual([second.gameId, first.gameId])
    const { gameId, slot, traceId, messages } = first
    expect(told[1]).toEqual({
      gameId,
      slot,
      traceId,
      hash: messages[0]?.hash,
      reason: refusal,
      atMs: expect.any(Number),
    })
    expect(Math.abs((told[1]?.atMs ?? 0) - before)).toBeLessThan(60_000)
    expect(await history.rejected(1)).toEqual(told.slice(0, 1))
  })

  test.skipIf(isMissing)('finds an intent by the hash of its last message, whatever became of it', async () => {
    const history = createIntentHistory(world.database)
    const { gameId, messages } = await stored(signedBy(['a'], ['a', 'b']), { state: 'abandoned' })
    const [first, last] = messages
    expect(await history.withHash(last?.hash ?? '')).toEqual({ gameId, fiberId: 'fiber 1', state: 'abandoned' })
    expect(await history.withHash(first?.hash ?? '')).toBeUndefined()
    expect(await history.withHash('nowhere')).toBeUndefined()
  })

  test.skipIf(isMissing)('counts every message of every signer by day, and none from before', async () => {
    const history = createIntentHistory(world.database)
    await stored(signedBy(['old'], ['old', 'X']))
    await age(world.database, 2 * day)
    await stored(signedBy(['X', 'O'], ['X', 'O']), { state: 'confirmed', mark: undefined })
    await stored(signedBy(['X']), { state: 'rejected', reason: refusal })
    const { created_ms: nowMs } = await world.database.query
      .selectFrom('intents')
      .select('created_ms')
      .orderBy('seq', 'desc')
      .limit(1)
      .executeTakeFirstOrThrow()
    const of = async (id: string, sinceMs: number) =>
      (await history.signedSince(sinceMs, never)).filter((one) => one.id === id)
    expect(await of('X', nowMs - 3 * day)).toEqual([
      { day: dayOf(nowMs), id: 'X', count: 3 },
      { day: dayOf(nowMs - 2 * day), id: 'X', count: 1 },
    ])
    expect(await of('O', 0)).toEqual([{ day: dayOf(nowMs), id: 'O', count: 2 }])
    expect((await of('old', 0)).reduce((sum, { count }) => sum + count, 0)).toBe(2)
    expect(await of('old', nowMs - day)).toEqual([])
  })

  test.skipIf(isMissing)('looks through many rows in steps, and stops between two when it is told to', async () => {
    const history = createIntentHistory(world.database)
    const oldest = await stored(signedBy(['many']), { state: 'rejected', reason: refusal })
    const numbers =
      world.database.engine === 'sqlite'
        ? sql`with recursive numbers(n) as (select 1 union all select n + 1 from numbers where n < 1600)`
        : sql`with numbers as (select generate_series(1, 1600) as n)`
    await world.database.write((transaction) =>
      sql`${numbers} insert into intents (id, owner, game_id, slot, principal, wish, trace_id, messages, hash, state, sends,
        last_sent_ms, facts, created_ms, settled_ms, delivered)
        select id || n, owner, 'filled', slot, principal, wish, trace_id, messages, 'filled', 'confirmed', sends,
        last_sent_ms, facts, created_ms, settled_ms, delivered from intents, numbers where id = ${oldest.id}`.execute(
        transaction,
      ),
    )
    const counts = await history.signedSince(0, never)
    expect(counts.filter(({ id }) => id === 'many').reduce((sum, { count }) => sum + count, 0)).toBe(1_601)
    expect((await history.rejected(1)).map(({ gameId }) => gameId)).toEqual([oldest.gameId])
    expect((await history.withHash(oldest.messages[0]?.hash ?? ''))?.gameId).toBe(oldest.gameId)
    const gone = new AbortController()
    gone.abort(new Error('gone'))
    await expect(history.signedSince(0, gone.signal)).rejects.toThrow('gone')
  })
})

test('an empty log tells nothing', async () => {
  const [sqlite] = engines
  const world = await sqlite?.open()
  if (world === undefined) throw new Error('SQLite is always there.')
  const history = createIntentHistory(world.database)
  expect(await history.rejected(10)).toEqual([])
  expect(await history.withHash('h')).toBeUndefined()
  expect(await history.signedSince(0, never)).toEqual([])
  await world.close()
})
