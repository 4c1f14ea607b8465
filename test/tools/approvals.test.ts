import { describe, expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { approve, askedId, by, codeOf, minutes, world } from './_approvals-world.ts'

const move = { gameId: 'g', cell: 4 }

describe('a write that nobody agreed to', () => {
  test('does not run, and says who is to be asked for what until when', async () => {
    const { call, runs, approvals } = await world()
    const outcome = await call('play', move, { key: 'my-key' })
    const { id, ...record } = (await approvals.list())[0] ?? expect.unreachable()
    expect(outcome).toEqual({
      success: false,
      code: 'APPROVAL_NEEDED',
      outcome: 'not_submitted',
      retryable: true,
      error: 'play waits for the approval of a person.',
      hint: `Ask a person to approve it: otto approve ${id}, or POST /otto/approvals/${id} {"approve": true}. Then send the same request again.`,
      details: { approvalId: id, tool: 'play', args: move, expiresAt: '2026-01-01T00:10:00.000Z' },
      idempotencyKey: 'my-key',
      traceId: 't',
    })
    expect(record).toEqual({
      tool: 'play',
      args: move,
      principal: 'p',
      askedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T00:10:00.000Z',
      status: 'pending',
    })
    expect(runs).toEqual([])
  })

  test.each([
    { name: 'the same call', args: move, more: {}, records: 1 },
    { name: 'its members in another order', args: { cell: 4, gameId: 'g' }, more: {}, records: 1 },
    { name: 'the game under the name of its machine', args: { machineId: 'g', cell: 4 }, more: {}, records: 1 },
    { name: 'another request key', args: { ...move, idempotencyKey: 'k' }, more: {}, records: 1 },
    { name: 'another cell', args: { ...move, cell: 5 }, more: {}, records: 2 },
    { name: 'another game', args: { ...move, gameId: 'h' }, more: {}, records: 2 },
    { name: 'another caller', args: move, more: { principal: 'q' }, records: 2 },
  ])('$name again: $records record(s) in all', async ({ args, more, records }) => {
    const { call, approvals } = await world()
    const first = askedId(await call('play', move))
    const second = askedId(await call('play', args, more))
    expect(second === first).toBe(records === 1)
    expect((await approvals.list()).map(({ id }) => id)).toEqual(records === 1 ? [first] : [second, first])
  })

  test.each([
    { tool: 'play', args: { gameId: 'g' }, code: 'INVALID_ARGUMENTS' },
    { tool: 'play', args: { ...move, more: 1 }, code: 'INVALID_ARGUMENTS' },
    { tool: 'play', args: { ...move, machineId: 'h' }, code: 'INVALID_REQUEST' },
    { tool: 'play', args: { ...move, gameId: 'x'.repeat(17_000) }, code: 'PAYLOAD_TOO_LARGE' },
    { tool: 'win', args: {}, code: 'UNKNOWN_TOOL' },
  ])('nobody is asked about a call that cannot run: $code', async ({ tool, args, code }) => {
    const { call, approvals } = await world()
    expect(codeOf(await call(tool, args))).toBe(code)
    expect(await approvals.list()).toEqual([])
  })

  test('a read needs nobody', async () => {
    const { call, approvals } = await world({ always: 'done' })
    expect(await call('look', { gameId: 'g' })).toMatchObject({ success: true })
    expect(await approvals.list()).toEqual([])
  })

  test('no more wait than may; time makes room', async () => {
    const { call, pass } = await world({ limits: { maxWaiting: 2 } })
    for (const cell of [0, 1]) askedId(await call('play', { ...move, cell }))
    expect(await call('play', move)).toMatchObject({ code: 'OVERLOADED', outcome: 'not_submitted', retryable: true })
    askedId(await call('play', { ...move, cell: 1 })) // the standing question is no new one
    pass(10 * minutes)
    askedId(await call('play', move))
  })
})

describe('an approved write', () => {
  test('runs once, and is asked about again', async () => {
    const { call, approvals, runs } = await world({ always: 'done' })
    const first = await call('play', move)
    expect(await approve(approvals, first)).toMatchObject({ status: 'approved', expiresAt: '2026-01-01T00:05:00.000Z' })
    expect(await approvals.list()).toEqual([])
    expect(await call('play', move)).toMatchObject({ success: true })
    expect(askedId(await call('play', move))).not.toBe(askedId(first))
    expect(runs).toHaveLength(1)
  })

  test.each([
    { name: 'another cell', args: { ...move, cell: 5 }, more: {} },
    { name: 'another game', args: { ...move, gameId: 'h' }, more: {} },
    { name: 'another caller', args: move, more: { principal: 'q' } },
  ])('lets nothing else through: $name', async ({ args, more }) => {
    const { call, approvals, runs } = await world({ always: 'done' })
    await approve(approvals, await call('play', move))
    expect(codeOf(await call('play', args, more))).toBe('APPROVAL_NEEDED')
    expect(runs).toEqual([])
  })

  test('while it runs, the same call needs an approval of its own', async () => {
    const { call, start, approvals, runs } = await world()
    await approve(approvals, await call('play', move))
    const { outcome, run } = await start('play', move)
    const second = await call('play', move)
    askedId(second)
    expect(runs).toHaveLength(1)
    run?.end('done')
    expect(codeOf(await outcome)).toBe('OK')
    expect((await approvals.list()).map(({ id }) => id)).toEqual([askedId(second)])
  })

  test('done under a request key, it is told again without a question', async () => {
    const { call, approvals, runs } = await world({ always: 'done' })
    await approve(approvals, await call('play', move, { key: 'k' }))
    expect(codeOf(await call('play', move, { key: 'k' }))).toBe('OK')
    expect(await call('play', move, { key: 'k' })).toMatchObject({ success: true, replayed: true })
    expect(runs).toHaveLength(1)
    expect(await approvals.list()).toEqual([])
  })

  test.each(['refused', 'cannotSign'] as const)('ends its approval when it is %s', async (how) => {
    const { call, approvals } = await world({ always: how })
    await approve(approvals, await call('play', move))
    expect(await call('play', move)).toMatchObject({ success: false, retryable: false })
    expect(codeOf(await call('play', move))).toBe('APPROVAL_NEEDED')
  })

  test('that reached nobody may be sent again until the approval expires', async () => {
    const { call, approvals, pass, runs } = await world({ always: 'unreachable' })
    await approve(approvals, await call('play', move))
    for (let tries = 0; tries < 5; tries++) {
      expect(codeOf(await call('play', move))).toBe('LEDGER_UNREACHABLE')
      pass(minutes)
    }
    expect(codeOf(await call('play', move))).toBe('APPROVAL_NEEDED')
    expect(runs).toHaveLength(5)
  })

  test('that reached nobody leaves a question alone that came up meanwhile', async () => {
    const { call, start, approvals, runs } = await world()
    await approve(approvals, await call('play', move))
    const { outcome, run } = await start('play', move)
    const asked = askedId(await call('play', move))
    run?.end('unreachable')
    await outcome
    expect(askedId(await call('play', move))).toBe(asked)
    expect(runs).toHaveLength(1)
  })
})

describe('an approved write whose fate is open', () => {
  test.each(['unknown', 'pending'] as const)('goes on by the same call: %s', async (how) => {
    const { call, start, approvals, runs, pass } = await world()
    await approve(approvals, await call('play', move))
    for (const end of [how, how, 'unreachable', 'done'] as const) {
      const { outcome, run } = await start('play', move)
      run?.end(end)
      expect(codeOf(await outcome)).not.toBe('APPROVAL_NEEDED')
      pass(4 * minutes)
    }
    expect(codeOf(await call('play', move))).toBe('APPROVAL_NEEDED')
    expect(runs).toHaveLength(4)
  })

  test('does not wait for ever', async () => {
    const { call, approvals, pass } = await world({ always: 'unknown' })
    await approve(approvals, await call('play', move))
    await call('play', move)
    pass(5 * minutes)
    expect(codeOf(await call('play', move))).toBe('APPROVAL_NEEDED')
  })

  test('cannot be declined any more', async () => {
    const { call, approvals } = await world({ always: 'unknown' })
    const first = await call('play', move)
    await approve(approvals, first)
    await call('play', move)
    expect(await approvals.decide(askedId(first), false, by)).toBeUndefined()
    expect(codeOf(await call('play', move))).toBe('OUTCOME_UNKNOWN')
  })

  test.each([
    { name: 'on its game ends that', gameId: 'g', code: 'APPROVAL_NEEDED' },
    { name: 'on another game does not', gameId: 'h', code: 'OUTCOME_UNKNOWN' },
  ])('another write $name', async ({ gameId, code }) => {
    const { call, approvals } = await world({ always: 'unknown' })
    const other = { gameId, cell: 0 }
    for (const one of [move, other]) {
      await approve(approvals, await call('play', one))
      await call('play', one)
    }
    expect(codeOf(await call('play', move))).toBe(code)
  })

  test.each([
    { name: 'under its request key', first: { key: 'k' }, again: { key: 'k' }, code: 'OUTCOME_UNKNOWN' },
    { name: 'not under another, which means another game', first: { key: 'k' }, again: { key: 'l' } },
    { name: 'not for another caller', first: { key: 'k' }, again: { key: 'k', principal: 'q' } },
    { name: 'not without one', first: {}, again: {} },
  ])('a new game goes on $name', async ({ first, again, code = 'APPROVAL_NEEDED' }) => {
    const { call, approvals } = await world({ always: 'unknown' })
    await approve(approvals, await call('create', {}, first))
    expect(codeOf(await call('create', {}, first))).toBe('OUTCOME_UNKNOWN')
    expect(codeOf(await call('create', {}, again))).toBe(code)
  })
})

describe("a person's answer", () => {
  test('no: refused once, then asked about anew', async () => {
    const { call, approvals, runs } = await world({ always: 'done' })
    const id = askedId(await call('play', move))
    expect(await approvals.decide(id, false, by)).toMatchObject({ id, status: 'declined' })
    expect(await call('play', move)).toMatchObject({
      code: 'APPROVAL_DECLINED',
      error: 'A person declined this.',
      outcome: 'not_submitted',
      retryable: false,
      details: { approvalId: id, tool: 'play', args: move },
    })
    expect(askedId(await call('play', move))).not.toBe(id)
    expect(runs).toEqual([])
  })

  test('may be changed until the write has begun', async () => {
    const { call, approvals, runs } = await world({ always: 'done' })
    const id = askedId(await call('play', move))
    await approvals.decide(id, true, by)
    await approvals.decide(id, false, by)
    expect(codeOf(await call('play', move))).toBe('APPROVAL_DECLINED')
    expect(await approvals.decide(id, true, by)).toBeUndefined()
    expect(runs).toEqual([])
  })

  test('comes too late after ten minutes', async () => {
    const { call, approvals, pass } = await world()
    const id = askedId(await call('play', move))
    pass(10 * minutes)
    expect(await approvals.list()).toEqual([])
    expect(await approvals.decide(id, true, by)).toBeUndefined()
    expect(askedId(await call('play', move))).not.toBe(id)
  })

  test('yes lasts five minutes', async () => {
    const { call, approvals, pass, runs } = await world({ always: 'done' })
    await approve(approvals, await call('play', move))
    pass(5 * minutes)
    expect(codeOf(await call('play', move))).toBe('APPROVAL_NEEDED')
    expect(runs).toEqual([])
  })

  test('to an id that nobody gave out is none', async () => {
    const { approvals } = await world()
    expect(await approvals.decide('00000000-0000-4000-8000-000000000009', true, by)).toBeUndefined()
  })

  test('is one line in the log, with who gave it and without an argument', async () => {
    const lines: object[] = []
    const { call, approvals } = await world({ log: { ...silentLog, info: (fields) => void lines.push(fields) } })
    const id = askedId(await call('play', move))
    await approvals.decide(id, true, by)
    expect(lines).toEqual([{ approvalId: id, tool: 'play', status: 'approved', by: 'person' }])
  })

  test("lists one caller's questions alone", async () => {
    const { call, approvals } = await world()
    await call('play', move, { principal: 'q' })
    const mine = askedId(await call('play', move))
    expect((await approvals.pendingOf('p')).map(({ id }) => id)).toEqual([mine])
    expect(await approvals.list()).toHaveLength(2)
  })
})

describe('while nothing can be stored', () => {
  test('no write runs, and the refusal says that nothing was sent', async () => {
    const { call, approvals, database, runs } = await world({ always: 'done' })
    await approve(approvals, await call('play', move))
    await database.close()
    expect(await call('play', move)).toMatchObject({
      success: false,
      code: 'STORAGE_UNAVAILABLE',
      outcome: 'not_submitted',
      retryable: true,
    })
    expect(runs).toEqual([])
  })

  test('a run that has begun is answered as it ended, and the log says what was not stored', async () => {
    const lines: object[] = []
    const { call, start, approvals, database } = await world({
      log: { ...silentLog, warn: (fields) => void lines.push(fields) },
    })
    await approve(approvals, await call('play', move))
    const { outcome, run } = await start('play', move)
    await database.close()
    run?.end('done')
    expect(codeOf(await outcome)).toBe('OK')
    expect(lines).toEqual([
      { err: expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }), tool: 'play', traceId: 't' },
    ])
  })

  test('nobody decides', async () => {
    const { call, approvals, database } = await world()
    const id = askedId(await call('play', move))
    await database.close()
    await expect(approvals.decide(id, true, by)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  })
})
