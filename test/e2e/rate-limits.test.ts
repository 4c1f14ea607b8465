import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'
import { startScripted } from '../scripted/_scripted.ts'
import { runOtto, settingsIn } from './_process.ts'
import type { Service } from './_service.ts'
import { noModelUrl, startedGame, startService } from './_service.ts'

/** As a user has it, only less. */
const few = { OTTO_RATE_LIMIT: 'on', OTTO_RATE_WRITES: '8/12', OTTO_RATE_READS: '20/60', OTTO_RATE_CHATS: '1/2' }

const outcomesOf = async (calls: readonly ReturnType<Service['call']>[]) =>
  (await Promise.all(calls)).map(({ status, body }) => (body.success ? 'applied' : `${status} ${body.code}`))

test('a burst of writes passes and the rest is told to wait; who waits is served', async () => {
  // So slow a refill that the burst is seen, however long the calls take.
  const service = await startService({ ...few, OTTO_RATE_WRITES: '1/12' })
  try {
    const all = await outcomesOf(Array.from({ length: 40 }, () => service.call('ttt_create_game')))
    expect(new Set(all)).toEqual(new Set(['applied', '429 RATE_LIMITED']))
    expect(all.filter((one) => one === 'applied').length).toBeGreaterThanOrEqual(12)
    await expect.poll(async () => (await service.call('ttt_create_game')).status, { timeout: 10_000 }).toBe(200)
  } finally {
    await service.close()
  }
})

describe('a service that counts its callers', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService(few)
  })
  afterAll(() => service.close())

  test('reads go on meanwhile', async () => {
    await outcomesOf(Array.from({ length: 30 }, () => service.call('ttt_create_game')))
    expect((await service.get('/otto/games')).status).toBe(200)
  })

  test('otto play waits as it is told, and plays to the end', async () => {
    await outcomesOf(Array.from({ length: 20 }, () => service.call('ttt_create_game')))
    const played = await runOtto(['play', '--rounds', '3', '--url', service.url], settingsIn(service.dir))
    expect([played.code, played.err]).toEqual([0, ''])
    expect(played.out.match(/finished/g)?.length).toBe(3)
  })
})

test('a chat whose own calls come faster than its rate plays the whole game all the same', async () => {
  const model = await startScripted()
  const service = await startService({ ...few, OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted' })
  try {
    const played = await runOtto(
      ['play', '--rounds', '3', '--brain', 'model', '--url', service.url],
      settingsIn(service.dir),
    )
    expect([played.code, played.err]).toEqual([0, ''])
  } finally {
    await service.close()
    await model.close()
  }
})

test('the defaults let a person play', async () => {
  const service = await startService({ OTTO_RATE_LIMIT: 'on' })
  try {
    const { machineState } = await startedGame(service, [
      ['X', 4],
      ['O', 0],
    ])
    expect(machineState).toBe('playing')
  } finally {
    await service.close()
  }
})

describe.skipIf(!hasPostgres)(`two bridges: ${postgresName}`, () => {
  test('count one caller together', async () => {
    const { url, drop } = await createPostgresDatabase()
    // Nobody asks the ledger here.
    const nodes = { OTTO_L1_URL: noModelUrl, OTTO_L0_URL: noModelUrl }
    const env = { ...few, ...nodes, OTTO_RATE_READS: '1/10', DATABASE_URL: url }
    const bridges = [await startService(env), await startService(env)] as const
    try {
      const asked = Array.from({ length: 40 }, (_, index) => bridges[index % 2 === 0 ? 0 : 1].get('/wallets'))
      const passed = (await Promise.all(asked)).filter(({ status }) => status === 200).length
      expect(passed).toBeGreaterThanOrEqual(10)
      expect(passed).toBeLessThanOrEqual(16)
    } finally {
      for (const bridge of bridges) await bridge.close()
      await drop()
    }
  })
})
