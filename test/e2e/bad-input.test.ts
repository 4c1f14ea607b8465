import { afterAll, beforeAll, expect, test } from 'vitest'
import { bridgeInputs, checkBadInput } from '../http/bad-input.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

let service: Service
beforeAll(async () => {
  service = await startService({ OTTO_LOG_LEVEL: 'silent' })
})
afterAll(() => service.close())

/** Every input of the vectors that aims at the bridge; the counts are the vectors' own. */
test('there are 245 of them', () => {
  expect(bridgeInputs).toHaveLength(245)
})

test.each(bridgeInputs)('$id', async (input) => {
  const { gameId } = await startedGame(service)
  await checkBadInput(input, {
    port: Number(new URL(service.url).port),
    gameId,
    readGame: () => service.result('ttt_get_state', { gameId }),
  })
})
