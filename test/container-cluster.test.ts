import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../src/config.ts'
import { settingNames } from '../src/settings.ts'
import type { ComposeService } from './compose.ts'
import { readCompose, readImage, root, settingsOf } from './compose.ts'
import { freePorts } from './e2e/_nodes.ts'
import { client } from './e2e/_service.ts'
import { winningMoves } from './games.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from './postgres.ts'

const bridges = ['bridge-1', 'bridge-2', 'bridge-3']

/** Those that run our image and are more than a room for the others. */
const ours = async (): Promise<readonly (readonly [string, ComposeService])[]> =>
  Object.entries((await readCompose()).services).filter(([name, { build }]) => build && name !== 'loopback')

describe('docker-compose.yml, what runs in its containers', () => {
  test('has settings that the service knows and accepts', async () => {
    const names = (await ours()).map(([name]) => name)
    expect(names.toSorted()).toEqual(['bridge', ...bridges, 'ledger', 'signer'])
    for (const [name, service] of await ours()) {
      for (const setting of Object.keys(service.environment ?? {})) expect(settingNames).toContain(setting)
      // `otto signer` reads what it needs of them in its own way, and is started below.
      if (name !== 'signer') expect(parseConfig(await settingsOf(service, {}))).toBeDefined()
    }
  })

  test('gives each container of the cluster as few rights and secrets as it needs', async () => {
    const { services, ...rest } = await readCompose()
    for (const [, service] of await ours())
      expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], ulimits: { core: 0 } })
    const secrets = Object.entries(services).map(([name, service]) => [name, service['secrets']])
    expect(Object.fromEntries(secrets)).toMatchObject({
      ledger: undefined,
      loopback: undefined,
      signer: ['signer-token'],
      database: ['database-password'],
      ...Object.fromEntries(bridges.map((name) => [name, ['api-token', 'database-url', 'signer-token']])),
    })
    expect(Object.keys(rest['secrets'] ?? {})).toEqual([
      'api-token',
      'signer-token',
      'database-password',
      'database-url',
    ])
  })

  test('shares one loopback, and of each bridge the published port', async () => {
    const { services } = await readCompose()
    for (const name of [...bridges, 'ledger', 'signer'])
      expect(services[name]?.['network_mode']).toBe('service:loopback')
    expect(bridges.map((name) => services[name]?.environment?.['OTTO_PORT'])).toEqual([8081, 8082, 8083])
    expect(services['loopback']?.ports).toEqual(['127.0.0.1:8081-8083:8081-8083'])
    const folders = bridges.flatMap((name) => services[name]?.volumes ?? [])
    expect(folders).toEqual(bridges.map((name) => `${name}:/data/var`))
  })
})

type Container = { readonly ready: { readonly url?: string }; stop(): Promise<number | null> }

/** Runs a container's own command line as a process, until it says that it is ready. */
async function start(command: readonly string[], env: Record<string, string>): Promise<Container> {
  const child = spawn(process.execPath, command.slice(1), { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  const stop = async () => {
    child.kill('SIGTERM')
    return (await exit)[0]
  }
  onTestFinished(() => void child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    const entry = JSON.parse(line)
    if (entry.msg !== 'ready') continue
    child.stdout.resume()
    return { ready: entry, stop }
  }
  throw new Error(`${command.join(' ')} did not start.`)
}

/** The volumes and secrets of the cluster in a folder, and its ports on free ones. */
async function layCluster() {
  const dir = await mkdtemp(join(tmpdir(), 'otto-cluster-'))
  const [l1 = 0, l0 = 0, signer = 0] = await freePorts(3)
  const database = await createPostgresDatabase()
  onTestFinished(async () => {
    await database.drop()
    await rm(dir, { recursive: true, force: true })
  })
  await mkdir(join(dir, 'secrets'))
  const secrets = { 'api-token': apiToken, 'signer-token': signerToken, 'database-url': database.url }
  for (const [name, text] of Object.entries(secrets))
    await writeFile(join(dir, 'secrets', name), `${text}\n`, { mode: 0o600 })
  const { services } = await readCompose()
  const ports: readonly (readonly [string, number])[] = [
    ['9000', l1],
    ['9100', l0],
    ['7070', signer],
  ]
  const onPorts = (text: string) => ports.reduce((moved, [from, to]) => moved.replace(from, String(to)), text)
  return {
    dir,
    ports: { l1, l0, signer },
    services,
    async settings(name: string): Promise<Record<string, string>> {
      const mounts = (services[name]?.volumes ?? []).map((volume) => volume.split(':'))
      const places = Object.fromEntries(mounts.map(([volume = '', at = '']) => [at, join(dir, 'volumes', volume)]))
      const rest = { '/data': join(dir, 'containers', name), '/run/secrets': join(dir, 'secrets') }
      const settings = await settingsOf(services[name], { ...places, ...rest })
      return Object.fromEntries(Object.entries(settings).map(([setting, value]) => [setting, onPorts(value)]))
    },
    /** Runs a container's health check. */
    async check(name: string): Promise<void> {
      const { test: [, , ...args] = [] } = (services[name]?.['healthcheck'] ?? {}) as { test?: string[] }
      await promisify(execFile)(process.execPath, args.map(onPorts))
    },
  }
}

const apiToken = 'a-token-for-the-cluster-test-0123456789'
const signerToken = 'a-signer-token-for-the-cluster-test-0123456789'

describe(`the profile cluster by its own command lines, on ${postgresName}`, () => {
  test.skipIf(!hasPostgres)('three bridges without keys play one game together', { timeout: 90_000 }, async () => {
    const { ports, services, ...cluster } = await layCluster()
    const image = await readImage()
    await expect(cluster.check('ledger')).rejects.toThrow()
    await expect(cluster.check('signer')).rejects.toThrow()
    const ledger = await start(services['ledger']?.command ?? [], {
      ...(await cluster.settings('ledger')),
      OTTO_DEVNET_L1_PORT: String(ports.l1),
      OTTO_DEVNET_L0_PORT: String(ports.l0),
    })
    const signer = await start(
      [...(services['signer']?.command ?? []), '--port', String(ports.signer)],
      await cluster.settings('signer'),
    )
    await cluster.check('ledger')
    await cluster.check('signer')
    const running: Container[] = []
    for (const name of bridges)
      running.push(await start(image.command, { ...(await cluster.settings(name)), OTTO_PORT: '0' }))
    const urls = running.map(({ ready: { url = '' } }) => url.replace('0.0.0.0', '127.0.0.1'))
    expect((await client(urls[0] ?? '').call('ttt_create_game')).status).toBe(401)
    const [one, two, three] = urls.map((url) => client(url, { authorization: `Bearer ${apiToken}` }))
    if (!one || !two || !three) throw new Error('Three bridges were started.')

    const key = { 'idempotency-key': 'one-game-for-three' }
    const { body: made } = await one.call('ttt_create_game', {}, key)
    const { body: again } = await two.call('ttt_create_game', {}, key)
    expect(again).toMatchObject({ replayed: true, result: { gameId: made.result.gameId } })
    const { gameId } = await three.result('ttt_start_game', { gameId: made.result.gameId })
    let last: unknown
    for (const [index, [player, cell]] of winningMoves.entries())
      last = await [one, two, three][index % 3]?.result('ttt_make_move', { gameId, player, cell })
    expect(last).toMatchObject({ winner: 'X', machineState: 'finished', moveCount: winningMoves.length })

    for (const container of [...running, signer, ledger]) expect(await container.stop()).toBe(0)
    expect((await readdir(join(cluster.dir, 'volumes'))).toSorted()).toEqual([...bridges, 'cluster-ledger', 'wallets'])
    for (const name of bridges)
      expect(await readdir(join(cluster.dir, 'volumes', name))).toEqual(['audit.jsonl', 'audit.jsonl.lock'])
    // Nothing was written where a container has no volume.
    await expect(readdir(join(cluster.dir, 'containers'))).rejects.toThrow()
  })
})
