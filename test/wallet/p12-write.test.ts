import { execFile } from 'node:child_process'
import { createPrivateKey, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { publicKeyHexFromPrivate } from '../../src/signing/ecdsa.ts'
import { SigningFailedError } from '../../src/signing/errors.ts'
import { WalletPasswordError } from '../../src/wallet/errors.ts'
import { readKeystoreKey } from '../../src/wallet/p12-read.ts'
import { randomPrivateKey, writeKeystore } from '../../src/wallet/p12-write.ts'
import { testWith } from '../programs.ts'
import { vectors } from './_keystores.ts'
import { temporaryFolder } from './_temporary.ts'

const run = promisify(execFile)
const openssl = { program: 'openssl', probe: 'version' }
const keytool = { program: 'keytool', probe: '-help', timeoutMs: 70_000 }
const nowMs = Date.parse('2026-11-21T00:00:00Z')
const privateKeyHex = vectors[0]?.privateKeyHex ?? ''
const privateKey = Uint8Array.from(Buffer.from(privateKeyHex, 'hex'))

async function writtenFile(password: string): Promise<string> {
  const path = join(await temporaryFolder(), 'playerX.p12')
  await writeFile(path, writeKeystore({ privateKey, alias: 'playerX', password, randomBytes, nowMs }))
  return path
}

describe.each(['secret', 'with blank and "quotes" ~', 'x'.repeat(200)])('a store under the password %j', (password) => {
  testWith(openssl, 'opens in OpenSSL 3 without its legacy provider, to the same key', async () => {
    const path = await writtenFile(password)
    const args = ['pkcs12', '-in', path, '-passin', `pass:${password}`, '-nodes']
    const { stdout } = await run('openssl', args, { timeout: 20_000 })
    const pem = /-----BEGIN PRIVATE KEY-----[^-]*-----END PRIVATE KEY-----/.exec(stdout)?.[0] ?? ''
    const { d } = createPrivateKey(pem).export({ format: 'jwk' })
    expect(Buffer.from(d ?? '', 'base64url').toString('hex')).toBe(privateKeyHex)
    expect(stdout.match(/friendlyName: playerX/g)).toHaveLength(2)
    expect(stdout).toContain('subject=CN = constellationnetwork.io, O = Constellation Labs')
  })
})

testWith(keytool, "a store is a private key entry with its certificate for the JDK's keytool", async () => {
  const path = await writtenFile('six-or-more')
  const args = ['-list', '-v', '-keystore', path, '-storepass', 'six-or-more', '-J-Duser.language=en']
  const { stdout } = await run('keytool', args, { timeout: 60_000 })
  expect(stdout).toContain('Alias name: playerx')
  expect(stdout).toContain('Entry type: PrivateKeyEntry')
  expect(stdout).toContain('Signature algorithm name: SHA512withECDSA')
  expect(stdout).toContain('256-bit EC (secp256k1) key')
})

testWith(openssl, 'OpenSSL refuses it under another password', async () => {
  const path = await writtenFile('secret')
  await expect(run('openssl', ['pkcs12', '-in', path, '-passin', 'pass:other', '-nodes'])).rejects.toThrow(
    'Mac verify error',
  )
})

test('law: what was written reads back, whatever key, alias and password', () => {
  const key = fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .filter((bytes) => (bytes[0] ?? 0) < 0xff && bytes.some(Boolean))
  const ascii = fc.string({
    unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
    minLength: 1,
  })
  fc.assert(
    fc.property(key, fc.string({ unit: 'grapheme' }), ascii, (bytes, alias, password) => {
      const store = writeKeystore({ privateKey: bytes, alias, password, randomBytes, nowMs })
      const publicKeyHex = publicKeyHexFromPrivate(bytes)
      expect(readKeystoreKey(store, { password })).toEqual({ privateKey: bytes, publicKeyHex, alias })
    }),
    { numRuns: 12 },
  )
})

test('two stores of one key share no salt, and neither holds the key in the clear', () => {
  const write = () => Buffer.from(writeKeystore({ privateKey, alias: 'a', password: 'p', randomBytes, nowMs }))
  const [one, two] = [write(), write()]
  expect(one).not.toEqual(two)
  expect(one.includes(Buffer.from(privateKey))).toBe(false)
})

test('a password that other programs would not take is refused', () => {
  for (const password of ['', 'pässword'])
    expect(() => writeKeystore({ privateKey, alias: 'a', password, randomBytes, nowMs })).toThrow(WalletPasswordError)
})

test('what is no private key is refused', () => {
  const write = () => writeKeystore({ privateKey: new Uint8Array(32), alias: 'a', password: 'p', randomBytes, nowMs })
  expect(write).toThrow(SigningFailedError)
})

test('a random key skips what is no key', () => {
  const draws = [new Uint8Array(32), new Uint8Array(32).fill(0xff), new Uint8Array(32).fill(1)]
  expect(randomPrivateKey(() => draws.shift() ?? expect.unreachable())).toEqual(new Uint8Array(32).fill(1))
})
