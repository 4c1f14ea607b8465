import { randomBytes } from 'node:crypto'
import { chmod, copyFile, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { BaseError } from '../../src/core/errors.ts'
import { isAddress } from '../../src/signing/address.ts'
import { writeKeystore } from '../../src/wallet/p12-write.ts'
import type { OpenWalletsInput } from '../../src/wallet/wallet.ts'
import { openWallets } from '../../src/wallet/wallet.ts'
import { vectorPath, vectors } from './_keystores.ts'
import { temporaryFolder } from './_temporary.ts'

const nowMs = Date.parse('2026-11-21T00:00:00Z')
const password = 'the-wallet-password'
const hash = 'ab'.repeat(32)

/** A folder with a pair of keystores whose keys are known. */
async function knownWallets(keyBytes = [0x5a, 0x6b]): Promise<string> {
  const dir = await temporaryFolder()
  for (const [index, alias] of ['playerX', 'playerO'].entries()) {
    const privateKey = new Uint8Array(32).fill(keyBytes[index] ?? 0)
    const randomBytes = (size: number) => new Uint8Array(size).fill(index + 1)
    const bytes = writeKeystore({ privateKey, alias, password, randomBytes, nowMs })
    await writeFile(join(dir, `${alias}.p12`), bytes, { mode: 0o600 })
  }
  return dir
}

const refused = async (input: Partial<OpenWalletsInput> & { dir: string }): Promise<BaseError> => {
  const error: unknown = await openWallets({ password, nowMs, ...input }).then(
    () => expect.unreachable('the wallets opened'),
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(BaseError)
  const known = error as BaseError
  expect(known.message).not.toContain('\n')
  expect(known.message).not.toContain(input.dir)
  return known
}

describe('a first start', () => {
  test('makes two private keystores and a password, and opens the same accounts ever after', async () => {
    const dir = join(await temporaryFolder(), 'wallets')
    const first = await openWallets({ dir, password: undefined, nowMs })
    const again = await openWallets({ dir, password: undefined, nowMs })
    expect([again.playerX.address, again.playerO.address]).toEqual([first.playerX.address, first.playerO.address])
    expect(first.playerX.address).not.toBe(first.playerO.address)
    expect(isAddress(first.playerX.address)).toBe(true)
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
    for (const name of ['playerX.p12', 'playerO.p12', 'password'])
      expect((await stat(join(dir, name))).mode & 0o777, name).toBe(0o600)
  })

  test('keeps no password that was given', async () => {
    const dir = await temporaryFolder()
    await openWallets({ dir, password, nowMs })
    await expect(stat(join(dir, 'password'))).rejects.toThrow('ENOENT')
    expect((await refused({ dir, password: undefined })).details).toEqual({ reason: 'password_missing' })
  })

  test('goes on with the password of a start that crashed after it', async () => {
    const dir = await temporaryFolder()
    await writeFile(join(dir, 'password'), 'kept\n', { mode: 0o600 })
    await openWallets({ dir, password: undefined, nowMs })
    await openWallets({ dir, password: 'kept', nowMs })
    expect(await readFile(join(dir, 'password'), 'utf8')).toBe('kept\n')
  })

  test('of several processes at once gives all the same accounts', async () => {
    const dir = join(await temporaryFolder(), 'wallets')
    const starts = Array.from({ length: 4 }, () => openWallets({ dir, password: undefined, nowMs }))
    const opened = await Promise.all(starts)
    expect(new Set(opened.map(({ playerX, playerO }) => `${playerX.id} ${playerO.id}`)).size).toBe(1)
  })
})

test('keystores that other programs wrote serve as they are', async () => {
  const dir = await temporaryFolder()
  const vector = vectors.find(({ file }) => file === 'bc-constellation.p12')
  const words = vector?.storePassword ?? ''
  const sample = { privateKey: new Uint8Array(32).fill(9), alias: 'o', password: words, nowMs }
  await copyFile(vectorPath('bc-constellation.p12'), join(dir, 'playerX.p12'))
  await chmod(join(dir, 'playerX.p12'), 0o400)
  await writeFile(join(dir, 'playerO.p12'), writeKeystore({ ...sample, randomBytes }), { mode: 0o600 })
  const { playerX } = await openWallets({ dir, password: words, nowMs })
  expect([playerX.address, playerX.id]).toEqual([vector?.address, vector?.id])
})

test('signers sign until the wallets close', async () => {
  const wallets = await openWallets({ dir: await knownWallets(), password, nowMs })
  const [one, two] = [await wallets.playerX.sign(hash), await wallets.playerO.sign(hash)]
  expect(one).not.toBe(two)
  expect(await wallets.playerX.sign(hash)).toBe(one)
  wallets.close()
  await expect(wallets.playerX.sign(hash)).rejects.toMatchObject({ code: 'WALLET_ERROR' })
  await expect(wallets.playerO.sign(hash)).rejects.toMatchObject({ code: 'WALLET_ERROR' })
})

describe('refuses', () => {
  test.each(['playerX.p12', 'playerO.p12'])('%s that others may read', async (name) => {
    const dir = await knownWallets()
    await chmod(join(dir, name), 0o644)
    expect(await refused({ dir })).toMatchObject({ code: 'WALLET_FILE', details: { file: name, reason: 'mode' } })
  })

  test('a password file that others may read', async () => {
    const dir = await knownWallets()
    await writeFile(join(dir, 'password'), password, { mode: 0o644 })
    const error = await refused({ dir, password: undefined })
    expect(error).toMatchObject({ code: 'WALLET_FILE', details: { file: 'password', reason: 'mode' } })
  })

  test('a symbolic link', async () => {
    const dir = await knownWallets()
    await rename(join(dir, 'playerO.p12'), join(dir, 'elsewhere'))
    await symlink('elsewhere', join(dir, 'playerO.p12'))
    expect((await refused({ dir })).details).toEqual({ file: 'playerO.p12', reason: 'link' })
  })

  test('a folder, and a file of more than 64 KiB', async () => {
    const dir = await knownWallets()
    await rm(join(dir, 'playerX.p12'))
    await mkdir(join(dir, 'playerX.p12'), { mode: 0o700 })
    expect((await refused({ dir })).details).toEqual({ file: 'playerX.p12', reason: 'not_regular' })
    await rm(join(dir, 'playerX.p12'), { recursive: true })
    await writeFile(join(dir, 'playerX.p12'), Buffer.alloc(65_537), { mode: 0o600 })
    expect((await refused({ dir })).details).toEqual({ file: 'playerX.p12', reason: 'size' })
  })

  test('one keystore without the other', async () => {
    const dir = await knownWallets()
    await rm(join(dir, 'playerX.p12'))
    const error = await refused({ dir })
    expect(error.message).toBe("playerX.p12 is missing, while the other player's keystore is there.")
  })

  test('a wrong password and a damaged file in the same words', async () => {
    const dir = await knownWallets()
    const wrong = await refused({ dir, password: 'another-password' })
    const bytes = await readFile(join(dir, 'playerX.p12'))
    await writeFile(join(dir, 'playerX.p12'), bytes.subarray(0, -5))
    const damaged = await refused({ dir })
    expect(damaged.message).toBe(wrong.message)
    expect(wrong).toMatchObject({ code: 'WALLET_START', details: { file: 'playerX.p12', reason: 'unreadable' } })
  })

  test('a keystore with two keys', async () => {
    const dir = await knownWallets()
    await rm(join(dir, 'playerX.p12'))
    await copyFile(vectorPath('bc-two-entries.p12'), join(dir, 'playerX.p12'))
    await chmod(join(dir, 'playerX.p12'), 0o600)
    expect((await refused({ dir, password: 'dummy-2e' })).details).toEqual({
      file: 'playerX.p12',
      reason: 'several_keys',
    })
  })

  test('the same key twice', async () => {
    const error = await refused({ dir: await knownWallets([7, 7]) })
    expect(error).toMatchObject({ code: 'WALLET_START', details: { reason: 'same_key' } })
  })

  test('another account than the expected', async () => {
    const dir = await knownWallets()
    const { playerX, playerO } = await openWallets({ dir, password, nowMs })
    const addresses = { playerX: playerX.address, playerO: playerO.address }
    await openWallets({ dir, password, nowMs, addresses })
    const error = await refused({ dir, addresses: { ...addresses, playerO: playerX.address } })
    expect(error.details).toMatchObject({ file: 'playerO.p12', reason: 'address_mismatch', address: playerO.address })
  })

  test.each(['', 'pässword'])('the password %j', async (words) => {
    expect(await refused({ dir: await knownWallets(), password: words })).toMatchObject({ code: 'WALLET_PASSWORD' })
  })
})

test('neither wallets nor errors show a key or a password, however they are printed', async () => {
  const dir = await knownWallets()
  const wallets = await openWallets({ dir, password, nowMs })
  const addresses = { playerX: wallets.playerO.address, playerO: wallets.playerX.address }
  const wrongPassword = 'not-the-password'
  const printed = [
    wallets,
    wallets.playerX,
    await refused({ dir, addresses }),
    await refused({ dir, password: wrongPassword }),
    await refused({ dir: await knownWallets([7, 7]) }),
    await refused({ dir, password: `${wrongPassword}ä` }),
  ].flatMap((value) => [
    inspect(value, { depth: null, showHidden: true, getters: true }),
    JSON.stringify(value),
    String(value),
    value instanceof Error ? `${value.stack}` : '',
  ])
  const keys = [0x5a, 0x6b, 7].map((byte) => Buffer.alloc(32, byte))
  const secrets = keys.flatMap((key) => [
    key.toString('hex'),
    key.toString('base64'),
    key.toString('latin1'),
    key.join(', '),
    key.join(','),
  ])
  for (const secret of [password, wrongPassword, ...secrets])
    for (const text of printed) expect(text).not.toContain(secret)
  expect(inspect(wallets.playerX)).toContain(wallets.playerX.address)
})
