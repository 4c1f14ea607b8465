import fc from 'fast-check'
import forge from 'node-forge'
import { describe, expect, test } from 'vitest'
import { KeystoreUnreadableError } from '../../src/wallet/errors.ts'
import { derivePbkdf2, derivePkcs12Key, purposes, sha1, sha256 } from '../../src/wallet/kdf.ts'

const ascii = fc.string({
  unit: fc.integer({ min: 32, max: 126 }).map((code) => String.fromCharCode(code)),
  maxLength: 70,
})

// The type leaves out the last argument, the hash.
const forgeKey = forge.pkcs12.generateKey as unknown as (...args: unknown[]) => forge.util.ByteBuffer

describe.each([
  { digest: sha1, create: () => forge.md.sha1.create() },
  { digest: sha256, create: () => forge.md.sha256.create() },
])('the PKCS#12 derivation with $digest.name', ({ digest, create }) => {
  test("law: gives node-forge's key", () => {
    const input = fc.record({
      password: ascii,
      salt: fc.uint8Array({ minLength: 1, maxLength: 70 }),
      iterations: fc.integer({ min: 1, max: 30 }),
      purpose: fc.constantFrom(...Object.values(purposes)),
      bytes: fc.integer({ min: 1, max: 70 }),
    })
    fc.assert(
      fc.property(input, ({ password, salt, iterations, purpose, bytes }) => {
        const ours = derivePkcs12Key({ digest, password, salt, iterations, purpose, bytes })
        const theirSalt = forge.util.createBuffer(Buffer.from(salt).toString('latin1'))
        const theirs = forgeKey(password, theirSalt, purpose, iterations, bytes, create())
        expect(ours.toString('latin1')).toBe(theirs.getBytes())
      }),
      { numRuns: 60 },
    )
  })
})

// RFC 7914 §11 lists PBKDF2-HMAC-SHA-256.
test('PBKDF2 gives the key of the published vector', () => {
  const salt = Buffer.from('salt')
  const key = derivePbkdf2({ hashName: 'sha256', password: 'passwd', salt, iterations: 1, bytes: 64 })
  expect(key.toString('hex')).toBe(
    '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc' +
      '49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
  )
})

test.each([0, 5_000_001, 2_147_483_647])('%i rounds are refused at once', (iterations) => {
  const salt = Uint8Array.of(1)
  const shared = { password: 'p', salt, iterations, bytes: 20 }
  expect(() => derivePkcs12Key({ ...shared, digest: sha1, purpose: purposes.mac })).toThrow(KeystoreUnreadableError)
  expect(() => derivePbkdf2({ ...shared, hashName: 'sha256' })).toThrow(KeystoreUnreadableError)
})
