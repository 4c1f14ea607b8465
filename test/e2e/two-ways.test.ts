import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { winningMoves } from '../games.ts'
import type { Service } from './_service.ts'
import { startService } from './_service.ts'

/** The embedded ledger's own ports, as the service announced them. */
function devnetPorts({ logs }: Service): { l1Port: number; l0Port: number } {
  return logs.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'devnet ports')
}

describe.each([
  { dialect: 'workchain', extensions: 'on' },
  { dialect: 'workchain', extensions: 'off' },
  { dialect: 'ottochain', extensions: 'off' },
])('a $dialect ledger, extensions $extensions, inside the process and over HTTP', ({ dialect, extensions }) => {
  let inside: Service
  let outside: Service
  beforeAll(async () => {
    const settings = { OTTO_DIALECT: dialect, OTTO_DEVNET_EXTENSIONS: extensions }
    inside = await startService(settings)
    const { l1Port, l0Port } = devnetPorts(inside)
    outside = await startService({
      ...settings,
      OTTO_WALLET_DIR: join(inside.dir, 'wallets'),
      // The first address of each layer answers nobody: requests fall over to the second.
      OTTO_L1_URL: `http://127.0.0.1:1,http://127.0.0.1:${l1Port}`,
      OTTO_L0_URL: `http://127.0.0.1:1,http://127.0.0.1:${l0Port}`,
    })
  })
  afterAll(async () => {
    await outside?.close()
    await inside.close()
  })

  test('one game is played through both and looks the same from both', { timeout: 30_000 }, async () => {
    const { gameId } = await outside.result('ttt_create_game')
    await inside.result('ttt_start_game', { gameId })
    for (const [index, [player, cell]] of winningMoves.entries()) {
      const service = index % 2 === 0 ? outside : inside
      await service.result('ttt_make_move', { gameId, player, cell })
      const [here, there] = await Promise.all([inside, outside].map((way) => way.result('ttt_get_state', { gameId })))
      expect(withoutTraces(here)).toEqual(withoutTraces(there))
      if (extensions === 'on') expect(here).toEqual(there)
    }
    expect(await outside.result('ttt_get_state', { gameId })).toMatchObject({ winner: 'X', machineState: 'finished' })
    const next = await outside.result('ttt_reset_board', { gameId })
    expect(next).toMatchObject({ roundCount: 1, machineState: 'playing' })
    expect(await inside.result('ttt_cancel_game', { gameId })).toMatchObject({ machineState: 'cancelled' })
  })

  test('refusals are the same from both', async () => {
    const { gameId } = await inside.result('ttt_create_game')
    const calls = [inside, outside].map((way) => way.call('ttt_make_move', { gameId, player: 'X', cell: 0 }))
    const [here, there] = (await Promise.all(calls)).map(({ status, body: { traceId: _, ...body } }) => ({
      status,
      body,
    }))
    expect(here).toEqual(there)
  })
})

/** A ledger without extensions remembers no hashes: then each service knows those of its own moves only. */
function withoutTraces(view: Awaited<ReturnType<Service['result']>> | undefined) {
  return { ...view, moveHistory: view?.moveHistory.map(({ hash: _, ordinal: __, ...move }) => move) }
}
