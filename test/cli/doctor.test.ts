import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { runOtto, serve, settingsIn } from '../e2e/_process.ts'
import { startDevnet } from './_devnet.ts'
import { temporaryFolder } from './_folder.ts'

/** What `otto doctor` says, by the name of the line. */
async function examine(env: Record<string, string>) {
  const { code, out, err } = await runOtto(['doctor'], { OLLAMA_URL: 'http://127.0.0.1:1', ...env })
  expect(err).toBe('')
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, level, name = '', detail = '', next] =
        /^(ok|warn|fail) +(\S+(?: \S+)*) {2,}(.*?)(?: {2}→ (.*))?$/.exec(line) ?? []
      if (level === undefined) throw new Error(`Not a finding: ${line}`)
      return [name, { level, detail, ...(next === undefined ? {} : { next }) }] as const
    })
  return { code, lines: Object.fromEntries(lines) }
}

/** A server on loopback that answers everything alike. */
async function startServer(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('on this machine', () => {
  test('a fresh folder is fine, and stays as it is', async () => {
    const dir = await temporaryFolder()
    const { code, lines } = await examine(settingsIn(dir))
    expect(code).toBe(0)
    expect(Object.keys(lines)).toEqual([
      'runtime',
      'rules',
      'settings',
      'wallets',
      'data',
      'port',
      'ledger',
      'devnet L1',
      'devnet L0',
      'agents',
      'search',
      'kill switch',
      'model',
    ])
    // Without a model server there is no chat, and all else works.
    expect(Object.values(lines).map(({ level }) => level)).toEqual([...Array(12).fill('ok'), 'warn'])
    expect(lines['settings']?.detail).toBe('embedded metagraph, dialect workchain, service on 127.0.0.1:0')
    expect(lines['runtime']?.detail).toContain(process.version)
    expect(await readdir(dir)).toEqual([])
  })

  test('a running service: who has the ledger, which keys, who answers', { timeout: 30_000 }, async () => {
    const dir = await temporaryFolder()
    const running = await serve(dir)
    const { port } = new URL(running.url)
    const wallets = (await running.get('/wallets')).body as Record<'playerX' | 'playerO', { address: string }>
    const { code, lines } = await examine({ ...settingsIn(dir), OTTO_PORT: port })
    await running.kill('SIGTERM')
    expect(code).toBe(0)
    expect(lines['port']).toEqual({
      level: 'warn',
      detail: `Otto answers on ${port}: degraded, model degraded`,
      next: 'Its log or another line here says why.',
    })
    expect(lines['ledger']?.detail).toContain(`in use by process ${running.child.pid} (`)
    expect(lines['playerX']).toEqual({ level: 'ok', detail: `${wallets.playerX.address}, mode 0600` })
    expect(lines['playerO']).toEqual({ level: 'ok', detail: `${wallets.playerO.address}, mode 0600` })

    const after = await examine(settingsIn(dir))
    expect(after.lines['ledger']?.detail).toContain('not in use')
    const wrong = await examine({ ...settingsIn(dir), OTTO_WALLET_PASSWORD: 'not-the-password' })
    expect(wrong.code).toBe(1)
    expect(wrong.lines['playerX']).toMatchObject({ level: 'fail', detail: expect.stringContaining('cannot be opened') })
    expect(JSON.stringify(wrong)).not.toContain('not-the-password')

    await chmod(join(dir, 'wallets', 'playerO.p12'), 0o644)
    expect((await examine(settingsIn(dir))).lines['playerO']).toMatchObject({
      level: 'fail',
      next: 'chmod 600 the file.',
    })
    await rm(join(dir, 'wallets', 'playerX.p12'))
    expect((await examine(settingsIn(dir))).lines['playerX']).toMatchObject({
      level: 'fail',
      detail: 'playerX.p12 is missing',
    })
    await chmod(join(dir, 'wallets'), 0o777)
    expect((await examine(settingsIn(dir))).lines['wallets']).toMatchObject({
      level: 'warn',
      next: expect.stringContaining('chmod go-w'),
    })
    await rm(join(dir, 'wallets', 'password'))
    expect((await examine(settingsIn(dir))).lines['wallets']).toMatchObject({
      level: 'fail',
      next: 'Set OTTO_WALLET_PASSWORD.',
    })
  })

  test('a ledger that another process has is a warning: no service can start on it', { timeout: 30_000 }, async () => {
    const dir = await temporaryFolder()
    const devnet = await startDevnet(dir)
    const { code, lines } = await examine({ ...settingsIn(dir), ...devnet.ports })
    await devnet.stop()
    expect(code).toBe(0)
    expect(lines['ledger']).toMatchObject({ level: 'warn', detail: expect.stringContaining(`process ${devnet.pid} (`) })
    expect(lines['devnet L1']?.detail).toMatch(/^an embedded metagraph answers on \d+: Ready$/)
  })

  test('wrong settings are one finding, and the rest is looked at as far as it goes', async () => {
    const { code, lines } = await examine({
      ...settingsIn(await temporaryFolder()),
      OTTO_DIALECT: 'klingon',
      OTTO_L1_URL: 'http://127.0.0.1:1',
    })
    expect(code).toBe(1)
    expect(Object.keys(lines)).toEqual(['runtime', 'rules', 'settings'])
    expect(lines['settings']).toMatchObject({ level: 'fail', detail: expect.stringContaining('OTTO_DIALECT') })
  })

  test('another program on the ports: no start for the service, a warning for the devnet', {
    timeout: 30_000,
  }, async () => {
    const { port } = new URL(await startServer((_request, response) => response.end('<html>')))
    const env = { ...settingsIn(await temporaryFolder()), OTTO_PORT: port, OTTO_DEVNET_L0_PORT: port }
    const { code, lines } = await examine(env)
    expect(code).toBe(1)
    expect(lines['port']).toEqual({
      level: 'fail',
      detail: `another program has ${port}`,
      next: 'Stop it, or set OTTO_PORT.',
    })
    expect(lines['devnet L0']).toEqual({
      level: 'warn',
      detail: `another program has ${port}`,
      next: 'Set OTTO_DEVNET_L0_PORT.',
    })
  })

  test('a data folder that is a file', async () => {
    const dir = await temporaryFolder()
    await mkdir(join(dir, 'x'))
    await writeFile(join(dir, 'x', 'file'), '')
    const { code, lines } = await examine({ ...settingsIn(dir), OTTO_DATA_DIR: join(dir, 'x', 'file') })
    expect(code).toBe(1)
    expect(lines['data']).toMatchObject({ level: 'fail', detail: expect.stringContaining('cannot be written') })
  })
})

describe('nodes', () => {
  let devnet: Awaited<ReturnType<typeof startDevnet>>
  let dir: string
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'otto-doctor-'))
    devnet = await startDevnet(dir)
  })
  afterAll(async () => {
    await devnet.stop()
    await rm(dir, { recursive: true, force: true })
  })
  const examineNodes = (l1: string, l0: string, env: Record<string, string> = {}) =>
    examine({ ...settingsIn(dir), OTTO_L1_URL: l1, OTTO_L0_URL: l0, ...env })

  test('that are what they should be', async () => {
    const { code, lines } = await examineNodes(`${devnet.l1}/`, devnet.l0)
    expect(code).toBe(0)
    expect(lines[`l1 ${devnet.l1}`]).toEqual({
      level: 'ok',
      detail: expect.stringMatching(/^Data L1, Ready, workchain, version otto-devnet, \d+ ms, clock [+-][012]\.\d s$/),
    })
    expect(lines[`l0 ${devnet.l0}`]).toEqual({
      level: 'ok',
      detail: expect.stringMatching(
        /^metagraph L0, Ready, workchain, version otto-devnet, ordinal 0, \d+ ms, clock [+-][012]\.\d s$/,
      ),
    })
    expect(lines['settings']?.detail).toContain('1 Data L1 and 1 L0 nodes')
  })

  test('that are swapped', async () => {
    const { code, lines } = await examineNodes(devnet.l0, devnet.l1)
    expect(code).toBe(1)
    expect(lines[`l1 ${devnet.l0}`]).toEqual({
      level: 'fail',
      detail: 'is a metagraph L0, not a Data L1',
      next: 'Such addresses belong in OTTO_L0_URL; are the two swapped?',
    })
    expect(lines[`l0 ${devnet.l1}`]).toMatchObject({ level: 'fail', detail: 'is a Data L1, not a metagraph L0' })
  })

  test('that speak the other dialect', async () => {
    const { code, lines } = await examineNodes(devnet.l1, devnet.l0, { OTTO_DIALECT: 'ottochain' })
    expect(code).toBe(1)
    for (const name of [`l1 ${devnet.l1}`, `l0 ${devnet.l0}`])
      expect(lines[name]).toEqual({
        level: 'fail',
        detail: 'speaks workchain, not ottochain',
        next: 'Set OTTO_DIALECT=workchain.',
      })
  })

  test('one silent among others is a warning; none left is a failure', { timeout: 30_000 }, async () => {
    const both = await examineNodes(`http://127.0.0.1:1,${devnet.l1}`, devnet.l0)
    expect(both.code).toBe(0)
    expect(both.lines['l1 http://127.0.0.1:1']).toEqual({
      level: 'warn',
      detail: 'nobody listens there',
      next: 'Start the node, or correct OTTO_L1_URL.',
    })
    const alone = await examineNodes('http://127.0.0.1:1', devnet.l0)
    expect(alone.code).toBe(1)
    expect(alone.lines['l1 http://127.0.0.1:1']).toMatchObject({ level: 'fail' })
  })

  test('that hang, or are no nodes at all', { timeout: 30_000 }, async () => {
    const hanging = await startServer(() => {})
    const page = await startServer((_request, response) =>
      response.setHeader('content-type', 'text/html').end('<html>'),
    )
    const endless = await startServer((_request, response) => response.end(Buffer.alloc(2 * 1024 * 1024, ' ')))
    const { code, lines } = await examineNodes(`${hanging},${page}`, `${endless},${devnet.l0}`)
    expect(code).toBe(1)
    expect(lines[`l1 ${hanging}`]).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/^no answer within 2 s$/),
    })
    expect(lines[`l1 ${page}`]).toMatchObject({ level: 'fail', detail: 'answers 200, not as a node does' })
    expect(lines[`l0 ${endless}`]).toMatchObject({ level: 'warn', detail: 'it answers more than it should' })
  })

  test('that are not ready, whose clock is off, or that are a global L0', { timeout: 30_000 }, async () => {
    const answers = (state: string, served: readonly string[], aheadMs = 0) =>
      startServer((request, response) => {
        response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString())
        const path = request.url ?? ''
        if (!served.includes(path)) response.statusCode = 404
        const known = { '/node/info': { state, version: '3.5.0' }, '/snapshots/latest/ordinal': { value: 7 } }
        response.end(JSON.stringify(Object.hasOwn(known, path) ? known[path as keyof typeof known] : []))
      })
    const l1Paths = ['/node/info', '/data', '/data-application/onchain']
    const joining = await answers('Observing', l1Paths)
    const late = await answers('Ready', l1Paths, -60_000)
    const globalL0 = await answers('Ready', ['/node/info', '/snapshots/latest/ordinal'])
    const { code, lines } = await examineNodes(`${joining},${late},${globalL0}`, globalL0)
    expect(code).toBe(1)
    expect(lines[`l1 ${joining}`]).toMatchObject({
      level: 'warn',
      detail: expect.stringContaining('Observing'),
      next: expect.stringContaining('Ready'),
    })
    expect(lines[`l1 ${late}`]).toMatchObject({
      level: 'warn',
      detail: expect.stringMatching(/clock -(59|60|61)\.\d s/),
      next: expect.stringContaining('NTP'),
    })
    expect(lines[`l1 ${globalL0}`]).toMatchObject({ level: 'fail', detail: 'is a global L0, not a Data L1' })
    expect(lines[`l0 ${globalL0}`]).toMatchObject({ level: 'fail', detail: 'serves neither dialect' })
  })

  test('whose address holds a password: it is not printed', async () => {
    const { code, lines } = await examineNodes(devnet.l1.replace('//', '//me:hidden@'), devnet.l0)
    expect(code).toBe(1)
    expect(lines[`l1 ${devnet.l1}`]).toMatchObject({ level: 'fail', detail: 'is more than a base address' })
    expect(JSON.stringify(lines)).not.toContain('hidden')
  })
})

test('otto doctor takes no arguments', async () => {
  const { code, err } = await runOtto(['doctor', 'now'], {})
  expect(code).toBe(2)
  expect(err).toContain('otto doctor')
})
