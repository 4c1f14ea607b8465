import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCli } from '../../src/cli/cli.ts'
import type { CommandContext } from '../../src/cli/command.ts'
import { runOtto, serve, settingsIn, spawnOtto } from '../e2e/_process.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'otto-cli-'))
})
afterAll(() => rm(dir, { recursive: true, force: true }))

const oneLine = (text: string) => text.trimEnd().split('\n')

describe('help and wrong usage', () => {
  test.each([
    { args: [], code: 0, says: 'otto serve' },
    { args: ['--help'], code: 0, says: 'otto play' },
    { args: ['play', '--help'], code: 0, says: '--rounds' },
    { args: ['dance'], code: 2, says: 'there is no command "dance"' },
    { args: ['play', '--rounds', 'many'], code: 2, says: '--rounds must be a number' },
    { args: ['play', '--speed', '9'], code: 2, says: '--speed' },
    { args: ['serve', 'now'], code: 2, says: 'now' },
    { args: ['doctor', '--help'], code: 0, says: 'OTTO_L1_URL' },
    { args: ['ledger', '--help'], code: 0, says: 'otto ledger state' },
    { args: ['tool', '--help'], code: 0, says: 'otto tool call' },
  ])('otto $args ends with $code', async ({ args, code, says }) => {
    const ended = await runOtto(args, settingsIn(dir))
    expect(ended.code).toBe(code)
    expect(ended.out + ended.err).toContain(says)
    expect(ended.err).not.toContain('    at ')
  })
})

describe('a start that must not be', () => {
  test.each([
    { env: { OTTO_PORT: 'http' }, says: 'OTTO_PORT' },
    { env: { OTTO_HOST: '0.0.0.0' }, says: 'OTTO_HOST must be a loopback address' },
    { env: { OTTO_L1_URL: 'http://127.0.0.1:9000' }, says: 'OTTO_L1_URL and OTTO_L0_URL go together' },
    { env: { OTTO_WALLET_PASSWORD: 'a', OTTO_WALLET_PASSWORD_FILE: 'b' }, says: 'OTTO_WALLET_PASSWORD_FILE' },
    { env: { NODE_ENV: 'production' }, says: 'OTTO_ALLOW_AUTOSIGN' },
    {
      env: { OTTO_DIALECT: 'klingon', OTTO_SNAPSHOT_MS: '-1' },
      says: 'OTTO_DIALECT must be workchain or ottochain; OTTO_SNAPSHOT_MS',
    },
  ])('$env: exit 78 and one line', async ({ env, says }) => {
    const { code, err } = await runOtto(['serve'], { ...settingsIn(dir), ...env })
    expect(code).toBe(78)
    expect(oneLine(err)).toEqual([expect.stringContaining(says)])
  })

  test('names neither a password nor a key when the wallets do not open', { timeout: 30_000 }, async () => {
    const home = await mkdtemp(join(dir, 'wallet-'))
    const env: Record<string, string> = { ...settingsIn(home), OTTO_WALLET_PASSWORD: 'right-password' }
    const running = await serve(home, { OTTO_WALLET_PASSWORD: 'right-password' })
    await running.kill('SIGTERM')
    const wrong = await runOtto(['serve'], { ...env, OTTO_WALLET_PASSWORD: 'wrong-password' })
    expect(wrong.code).toBe(78)
    expect(oneLine(wrong.err)).toEqual([expect.stringContaining('playerX.p12')])
    expect(wrong.out + wrong.err).not.toMatch(/right-password|wrong-password/)

    const file = join(env['OTTO_WALLET_DIR'] ?? '', 'playerO.p12')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await chmod(file, 0o644)
    const loose = await runOtto(['serve'], env)
    expect(loose.code).toBe(78)
    expect(oneLine(loose.err)).toEqual([expect.stringMatching(/playerO\.p12.*permission/)])
  })

  test('says so when the port is taken', { timeout: 30_000 }, async () => {
    const home = await mkdtemp(join(dir, 'port-'))
    const running = await serve(home)
    const { port } = new URL(running.url)
    const other = await mkdtemp(join(dir, 'port-'))
    const { code, err } = await runOtto(['serve'], { ...settingsIn(other), OTTO_PORT: port })
    await running.kill('SIGTERM')
    expect(code).toBe(78)
    expect(oneLine(err)).toEqual([expect.stringContaining(`Port ${port} cannot be opened`)])
  })

  test('refuses a second process on the same ledger', { timeout: 30_000 }, async () => {
    const home = await mkdtemp(join(dir, 'twice-'))
    const running = await serve(home)
    const { code, err } = await runOtto(['serve'], settingsIn(home))
    await running.kill('SIGTERM')
    expect(code).toBe(78)
    expect(oneLine(err)).toHaveLength(1)
  })
})

describe('otto play', () => {
  test('plays on a running service and prints each board, move, signer, hash and ordinal', async () => {
    const home = await mkdtemp(join(dir, 'play-'))
    const running = await serve(home)
    const { code, out } = await runOtto(
      ['play', '--rounds', '2', '--brain', 'random', '--url', running.url],
      settingsIn(home),
    )
    await running.kill('SIGTERM')
    expect(code).toBe(0)
    expect(out.match(/^round \d on machine [0-9a-f-]{36}$/gm)).toHaveLength(2)
    const moves = [
      ...out.matchAll(/^([XO]) takes cell [0-8], signed by (DAG\w{37})\nhash [0-9a-f]{64}, ordinal \d+\n/gm),
    ]
    expect(moves.length).toBeGreaterThanOrEqual(10)
    expect(new Set(moves.map(([, player, signer]) => `${player} ${signer}`)).size).toBe(2)
    expect(out.match(/the machine is finished, the oracle says (Won|Draw)/g)).toHaveLength(2)
  })

  test('starts a service of its own; two perfect players draw', async () => {
    const home = await mkdtemp(join(dir, 'play-'))
    const { code, out, err } = await runOtto(['play'], settingsIn(home))
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(out).toContain('draw; the machine is finished, the oracle says Draw')
  })

  test('says when nobody answers', async () => {
    const { code, err } = await runOtto(['play', '--url', 'http://127.0.0.1:1'], settingsIn(dir))
    expect(code).toBe(1)
    expect(oneLine(err)).toEqual(['otto: No answer from http://127.0.0.1:1. Is the service running?'])
  })
})

describe('an end that nobody planned', () => {
  const broken: CommandContext = {
    env: {},
    out: () => {
      throw new TypeError('broken\nand more')
    },
    err: () => {},
    signal: new AbortController().signal,
  }

  test('a fault of our own is one line and 70; debug adds where', async () => {
    const [plain, debug]: [string[], string[]] = [[], []]
    const code = await runCli(['tool', 'ls'], { ...broken, err: (line) => void plain.push(line) })
    expect(code).toBe(70)
    expect(plain).toEqual([
      'otto: This is a fault of Otto itself: TypeError: broken (OTTO_LOG_LEVEL=debug shows where.)',
    ])
    const env = { OTTO_LOG_LEVEL: 'debug' }
    await runCli(['tool', 'ls'], { ...broken, env, err: (line) => void debug.push(line) })
    expect(debug.join('\n')).toMatch(/TypeError: broken\n.*\n +at .*cli\.test\.ts/s)
  })

  test('a command that is interrupted has nothing to complain about and ends with 130', async () => {
    const home = await mkdtemp(join(dir, 'stop-'))
    const child = spawnOtto(['play', '--rounds', '1000'], settingsIn(home))
    let err = ''
    child.stderr?.on('data', (chunk) => {
      err += chunk
    })
    await once(child.stdout ?? child, 'data')
    child.stdout?.resume()
    const closed = once(child, 'close')
    child.kill('SIGINT')
    expect(await closed).toEqual([130, null])
    expect(err).not.toMatch(/^otto:| {4}at /m) // the service that it started may log its end
  })

  test.each(['production', 'development', ''])('nobody debugs a process that holds keys, NODE_ENV=%s', async (mode) => {
    const home = await mkdtemp(join(dir, 'debug-'))
    const env = {
      ...settingsIn(home),
      NODE_ENV: mode,
      OTTO_ALLOW_AUTOSIGN: 'true',
      NODE_OPTIONS: '--inspect=0',
    }
    const { code, err } = await runOtto(['serve'], env)
    expect(code).toBe(78)
    expect(err).toContain('otto: Wrong settings: no debugger may be open, unless NODE_ENV is test')
    expect(await readdir(home)).toEqual([])
  })
})

test('a rules file that is wrong stops the start and names the place', async () => {
  const { parseOracleFile } = await import('../../src/tictactoe/rules-file.ts')
  const file = JSON.parse(await readFile(new URL('../../oracle/tictactoe.json', import.meta.url), 'utf8'))
  expect(() => parseOracleFile({ ...file, scriptProgram: { let: [[], 1] } })).toThrow(/\$\.scriptProgram/)
})
