import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Service } from './_service.ts'
import { startService } from './_service.ts'

let service: Service
beforeAll(async () => {
  service = await startService({ OTTO_SNAPSHOT_MS: '1500' })
})
afterAll(() => service.close())

const soon = { prefer: 'respond-async' }

test('a caller who asks for it is answered as soon as the ledger has the message, and the call goes on to its end', async () => {
  const { gameId } = await service.result('ttt_create_game')
  await service.result('ttt_start_game', { gameId })
  const move = { gameId, player: 'X', cell: 4 }
  const early = await service.call('ttt_make_move', move, soon)
  expect(early.status).toBe(202)
  expect(early.body).toMatchObject({
    success: false,
    code: 'CONFIRMATION_PENDING',
    outcome: 'pending',
    retryable: true,
    details: { gameId },
  })
  // Nobody was told the outcome, so the same call is told it, and nothing is played twice.
  const told = await service.call('ttt_make_move', move)
  expect(told.body).toMatchObject({ success: true, replayed: true, result: { moveCount: 1 } })
  const again = await service.call('ttt_make_move', move)
  expect(again.body).toMatchObject({ code: 'INVALID_MOVE', details: { reason: 'already_applied' } })
})

test('under a key, the same request joins it and hears its one answer', async () => {
  const key = { 'idempotency-key': 'one-game' }
  const early = await service.call('ttt_create_game', {}, { ...soon, ...key })
  expect([early.status, early.body.code]).toEqual([202, 'CONFIRMATION_PENDING'])
  expect(early.body).toMatchObject({ idempotencyKey: 'one-game' })
  const told = await service.call('ttt_create_game', {}, key)
  expect(told.body).toMatchObject({ success: true, result: { machineState: 'setup' } })
  const again = await service.call('ttt_create_game', {}, key)
  expect(again.body).toMatchObject({ success: true, replayed: true, result: { gameId: told.body.result.gameId } })
})

test('a refusal comes at once, and a new game that nobody could ask for again is waited for', async () => {
  const refused = await service.call('ttt_start_game', { gameId: '6f0c2d0e-52cf-4b0c-8d2e-3f1d1f0a9c11' }, soon)
  expect(refused.body.code).toBe('GAME_NOT_FOUND')
  const made = await service.call('ttt_create_game', {}, soon)
  expect(made.body.success).toBe(true)
})
