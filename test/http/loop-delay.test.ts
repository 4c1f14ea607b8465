import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { watchLoopDelay } from '../../src/http/loop-delay.ts'
import { createBoards, startBridge } from './bridge.ts'
import { json, posted, send } from './raw-http.ts'

/** Keeps the loop from turning. */
const block = (ms: number) => {
  const untilMs = performance.now() + ms
  while (performance.now() < untilMs);
}

test('a loop that turns slowly is late, and is not once it turns again', async () => {
  const delay = watchLoopDelay(60)
  onTestFinished(() => delay.close())
  expect(delay.isLate()).toBe(false)
  const late = Promise.withResolvers<void>()
  const untilMs = performance.now() + 10_000
  const storm = async () => {
    while (!delay.isLate() && performance.now() < untilMs) {
      block(100)
      await sleep(1)
    }
    late.resolve()
  }
  void storm()
  await late.promise
  expect(delay.isLate()).toBe(true)
  await expect.poll(() => delay.isLate(), { timeout: 15_000, interval: 100 }).toBe(false)
})

test('while it is late new writes wait for better times, reads and liveness do not', async () => {
  const state = { isLate: true }
  const boards = createBoards()
  await using bridge = await startBridge({ tools: boards.tools, limits: { isLate: () => state.isLate } })
  const write = () => send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }))
  const refused = await write()
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
  expect(json(refused)).toMatchObject({ success: false, code: 'OVERLOADED', outcome: 'not_submitted', retryable: true })
  const read = posted('/otto/tool', { tool: 'ttt_get_state', args: { gameId: boards.create() } })
  expect((await send(bridge.port, read)).status).toBe(200)
  expect((await send(bridge.port, { path: '/health/live' })).status).toBe(200)
  state.isLate = false
  expect((await write()).status).toBe(200)
})
