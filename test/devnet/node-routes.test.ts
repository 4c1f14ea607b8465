import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { createCounter, ottochain, sign, workchain } from './fixtures.ts'
import { ask, commit, createManualClock, post, startDevnet } from './kit.ts'

const listening = async (options: Parameters<typeof startDevnet>[0] = {}) => {
  const devnet = await startDevnet(options)
  return { devnet, ...(await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })) }
}

describe.each(['l1', 'l0'] as const)('%s', (layer) => {
  test('tells its metagraph what it is, and no Tessellation version', async () => {
    const { devnet } = await listening()
    const { version, ...info } = (await ask(devnet, layer, '/node/info')).json as JsonObject
    expect((await ask(devnet, layer, '/metagraph/info')).json).toEqual({
      ...info,
      tessellationVersion: version,
      metagraphVersion: version,
    })
  })

  test('counts for Prometheus', async () => {
    const { devnet } = await listening()
    await commit(devnet, workchain, createCounter(1, workchain))
    await commit(devnet, workchain, createCounter(2, workchain))
    const { status, text = '' } = await ask(devnet, layer, '/metrics')
    expect(status).toBe(200)
    const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(samples).toEqual([
      'otto_devnet_ready 1',
      'otto_devnet_snapshot_ordinal{layer="l1"} 2',
      'otto_devnet_snapshot_ordinal{layer="l0"} 2',
      'otto_devnet_queue_length 0',
      'otto_devnet_fibers{kind="machine"} 2',
      'otto_devnet_fibers{kind="script"} 0',
    ])
  })

  test('tells its version in ottochain alone', async () => {
    const [today, old] = [await startDevnet({ dialect: ottochain }), await startDevnet()]
    expect((await ask(old, layer, '/data-application/version')).status).toBe(404)
    const { json } = await ask(today, layer, '/data-application/v1/version')
    expect(Object.keys(json as JsonObject)).toEqual([
      'service',
      'version',
      'name',
      'scalaVersion',
      'sbtVersion',
      'gitCommit',
      'buildTime',
      'tessellationVersion',
    ])
  })
})

test('the Data L1 names the L0 that it works with', async () => {
  const { devnet, l0Port } = await listening()
  const { id } = (await ask(devnet, 'l0', '/node/info')).json as JsonObject
  expect((await ask(devnet, 'l1', '/l0/peers')).json).toEqual([{ id, ip: '127.0.0.1', port: l0Port }])
  expect((await ask(devnet, 'l0', '/l0/peers')).status).toBe(404)
})

test('a node that closes takes nothing, runs what it took, shows it, and then is gone', async () => {
  const { clock } = createManualClock()
  const { devnet, l0Port } = await listening({ clock, snapshotMs: 60_000 })
  const { envelope } = await sign(workchain, createCounter(1, workchain))
  expect((await post(devnet, envelope)).status).toBe(200)
  const shown = new Promise<void>((resolve) => devnet.onSnapshot(() => resolve()))
  const closed = devnet.close()
  expect((await ask(devnet, 'l1', '/node/state')).json).toBe('Leaving')
  expect(await post(devnet, envelope)).toMatchObject({ status: 500, json: { code: 4 } })
  expect(await ask(devnet, 'l0', '/snapshots/latest/ordinal')).toMatchObject({ status: 503 })
  await shown
  expect((await ask(devnet, 'l0', '/data-application/checkpoint')).json).toMatchObject({ ordinal: 1 })
  await closed
  expect((await ask(devnet, 'l1', '/node/state')).json).toBe('Offline')
  await expect(request(`http://127.0.0.1:${l0Port}/node/state`)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
