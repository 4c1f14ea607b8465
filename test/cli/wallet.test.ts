import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runCli } from '../../src/cli/cli.ts'
import { readKeystoreKey } from '../../src/wallet/p12-read.ts'
import { openWallets } from '../../src/wallet/wallet.ts'
import { vectorPath, vectors } from '../wallet/_keystores.ts'

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-cli-wallet-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** Runs `otto wallet …`; gives the exit code and the lines of both channels. */
async function otto(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const context = {
    env,
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    signal: new AbortController().signal,
  }
  const code = await runCli(['wallet', ...args], context)
  return { code, out: out.join('\n'), err: err.join('\n') }
}

const line = /^(\S+\.p12) "(\S*)" (DAG\w{37}) ([0-9a-f]{128})$/

describe('otto wallet new', () => {
  test('makes two keystores that the service then opens', async () => {
    const OTTO_WALLET_DIR = join(await temporaryFolder(), 'wallets')
    const x = await otto(['new'], { OTTO_WALLET_DIR })
    // The password made with the first keystore serves the second.
    const o = await otto(['new', '--name', 'playerO'], { OTTO_WALLET_DIR })
    expect([x.code, o.code]).toEqual([0, 0])
    const { playerX, playerO } = await openWallets({ dir: OTTO_WALLET_DIR, password: undefined, nowMs: 0 })
    expect(line.exec(x.out)?.slice(1)).toEqual(['playerX.p12', 'playerX', playerX.address, playerX.id])
    expect(line.exec(o.out)?.slice(1)).toEqual(['playerO.p12', 'playerO', playerO.address, playerO.id])
    expect((await readdir(OTTO_WALLET_DIR)).sort()).toEqual(['password', 'playerO.p12', 'playerX.p12'])
    expect((await stat(join(OTTO_WALLET_DIR, 'playerX.p12'))).mode & 0o777).toBe(0o600)
  })

  test('never overwrites', async () => {
    const dir = await temporaryFolder()
    await otto(['new', '--dir', dir, '--name', 'spare'])
    const before = await readFile(join(dir, 'spare.p12'))
    expect(await otto(['new', '--dir', dir, '--name', 'spare'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('spare.p12: exists already'),
    })
    expect(await readFile(join(dir, 'spare.p12'))).toEqual(before)
  })

  test('asks for the password of the keystores that are there', async () => {
    const dir = await temporaryFolder()
    await otto(['new', '--dir', dir], { OTTO_WALLET_PASSWORD: 'secret' })
    const { code, err } = await otto(['new', '--dir', dir, '--name', 'playerO'])
    expect([code, err]).toEqual([78, 'otto: There is no password for the keystores. Set OTTO_WALLET_PASSWORD.'])
  })

  test.each(['../outside', 'a/b', '.hidden', '', 'x'.repeat(65), 'a b'])('refuses the name %j', async (name) => {
    const dir = await temporaryFolder()
    expect((await otto(['new', '--dir', dir, '--name', name])).code).toBe(2)
    expect(await readdir(dir)).toEqual([])
  })
})

describe('otto wallet show', () => {
  test('prints each key of each keystore, and no secret', async () => {
    const dir = await temporaryFolder()
    const vector = vectors.find(({ file }) => file === 'bc-two-entries.p12') ?? expect.unreachable()
    const { storePassword: OTTO_WALLET_PASSWORD } = vector
    await copyFile(vectorPath(vector.file), join(dir, 'two.p12'))
    await chmod(join(dir, 'two.p12'), 0o600)
    await otto(['new', '--dir', dir, '--name', 'mine'], { OTTO_WALLET_PASSWORD })
    const { code, out } = await otto(['show', '--dir', dir], { OTTO_WALLET_PASSWORD })
    expect(code).toBe(0)
    expect(out.split('\n').map((text) => line.exec(text)?.[1])).toEqual(['mine.p12', 'two.p12', 'two.p12'])
    expect(out).toContain(`two.p12 "playerO" ${vector.address} ${vector.id}`)
    expect(out).not.toContain(vector.privateKeyHex)
    expect(out).not.toContain(OTTO_WALLET_PASSWORD)
  })

  test('goes on after a file that does not open, and fails', async () => {
    const dir = await temporaryFolder()
    await otto(['new', '--dir', dir, '--name', 'good'])
    await writeFile(join(dir, 'bad.p12'), 'nothing', { mode: 0o600 })
    await writeFile(join(dir, 'loose.p12'), 'nothing', { mode: 0o644 })
    const { code, out, err } = await otto(['show', '--dir', dir])
    expect(code).toBe(1)
    expect(out).toMatch(/^good\.p12 "good" DAG/)
    expect(err.split('\n').sort()).toEqual([
      expect.stringMatching(/^bad\.p12: The keystore cannot be opened/),
      'loose.p12: must give no permission to group or others.',
    ])
  })

  test('makes nothing in an empty or missing folder', async () => {
    const dir = join(await temporaryFolder(), 'none')
    expect(await otto(['show', '--dir', dir])).toMatchObject({ code: 0, out: `There is no keystore in ${dir}.` })
    await expect(stat(dir)).rejects.toThrow('ENOENT')
  })
})

describe('otto wallet import', () => {
  const vector = vectors.find(({ file }) => file === 'openssl-aes.p12') ?? expect.unreachable()

  test('takes over a key under our own password and profile', async () => {
    const dir = await temporaryFolder()
    const env = { OTTO_IMPORT_PASSWORD: vector.storePassword, OTTO_WALLET_PASSWORD: 'ours' }
    const { code, out } = await otto(['import', vectorPath(vector.file), '--as', 'playerO', '--dir', dir], env)
    expect([code, out]).toEqual([0, `playerO.p12 "playerO" ${vector.address} ${vector.id}`])
    const { alias, privateKey } = readKeystoreKey(await readFile(join(dir, 'playerO.p12')), { password: 'ours' })
    expect([alias, Buffer.from(privateKey).toString('hex')]).toEqual(['playerO', vector.privateKeyHex])
  })

  test('takes one of two keys by its alias', async () => {
    const dir = await temporaryFolder()
    const { file, storePassword, otherEntry } = vectors.find((one) => one.otherEntry) ?? expect.unreachable()
    const args = ['import', vectorPath(file), '--as', 'playerX', '--dir', dir]
    const env = { OTTO_IMPORT_PASSWORD: storePassword }
    expect(await otto(args, env)).toMatchObject({ code: 78, err: expect.stringContaining('several keys') })
    expect(await readdir(dir)).toEqual([])
    const { out } = await otto([...args, '--alias', 'PLAYERX'], env)
    expect(out).toContain(otherEntry?.address)
    expect((await readdir(dir)).sort()).toEqual(['password', 'playerX.p12'])
  })

  test('takes a key with a password of its own', async () => {
    const dir = await temporaryFolder()
    const two = vectors.find(({ storePassword, keyPassword }) => storePassword !== keyPassword) ?? expect.unreachable()
    const args = ['import', vectorPath(two.file), '--as', 'playerX', '--dir', dir]
    const env = { OTTO_IMPORT_PASSWORD: two.storePassword }
    expect((await otto(args, env)).code).toBe(78)
    const { code, out } = await otto(args, { ...env, OTTO_IMPORT_KEY_PASSWORD: two.keyPassword })
    expect([code, out]).toEqual([0, expect.stringContaining(two.address)])
  })

  test('never overwrites, and shows no password where it fails', async () => {
    const dir = await temporaryFolder()
    const args = ['import', vectorPath(vector.file), '--as', 'playerX', '--dir', dir]
    const env = { OTTO_WALLET_PASSWORD: vector.storePassword }
    expect((await otto(args, env)).code).toBe(0)
    const again = await otto(args, env)
    expect(again).toMatchObject({ code: 1, err: expect.stringContaining('playerX.p12: exists already') })
    const wrong = await otto(args, { OTTO_IMPORT_PASSWORD: 'wrong-word' })
    expect(wrong).toMatchObject({ code: 78, err: expect.stringContaining('cannot be opened') })
    expect(wrong.err + again.err).not.toMatch(new RegExp(`wrong-word|${vector.storePassword}`))
  })

  test('refuses a file that is not there, and a missing password', async () => {
    const dir = await temporaryFolder()
    const missing = await otto(['import', join(dir, 'none.p12'), '--as', 'playerX', '--dir', dir])
    expect(missing).toMatchObject({ code: 78, err: expect.stringContaining('none.p12: there is no such file.') })
    const unset = await otto(['import', vectorPath(vector.file), '--as', 'playerX', '--dir', dir])
    expect(unset).toMatchObject({ code: 78, err: expect.stringContaining('Set OTTO_IMPORT_PASSWORD.') })
  })
})

test('a password given twice is refused', async () => {
  const env = { OTTO_WALLET_PASSWORD: 'one', OTTO_WALLET_PASSWORD_FILE: '/none' }
  const { code, err } = await otto(['new', '--dir', await temporaryFolder()], env)
  expect([code, err]).toEqual([78, expect.stringContaining('given twice')])
})

test.each([
  { args: [] },
  { args: ['burn'] },
  { args: ['constructor'] },
  { args: ['new', '--unknown'] },
  { args: ['new', '--as', 'playerX'] },
  { args: ['new', 'file'] },
  { args: ['show', '--name', 'a'] },
  { args: ['import', '--as', 'playerX'] },
  { args: ['import', 'a.p12'] },
  { args: ['import', 'a.p12', '--as', 'playerZ'] },
  { args: ['import', 'a.p12', 'b.p12', '--as', 'playerX'] },
])('otto wallet $args is wrong usage', async ({ args }) => {
  const { code, out, err } = await otto(args)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain('otto wallet new [--name playerX]')
})
