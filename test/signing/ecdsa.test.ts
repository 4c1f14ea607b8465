import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHex, encodeHex } from '../../src/core/hex.ts'
import { decodeDer } from '../../src/signing/der.ts'
import { isPrivateKey, publicKeyHexFromPrivate, signHash } from '../../src/signing/ecdsa.ts'
import { createVerifier } from '../../src/signing/verify.ts'
import { hashHex, privateKey } from './arbitraries.ts'
import { signingVectors } from './vectors.ts'

/** The order of secp256k1. @see SEC 2 §2.4.1 */
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

const keyOf = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex')

test.each(signingVectors.keys)('derives the public key: $name', ({ privateKeyHex, publicKeyHex }) => {
  expect(publicKeyHexFromPrivate(Buffer.from(privateKeyHex, 'hex'))).toBe(publicKeyHex)
})

const deterministic = signingVectors.vectors.filter((vector) => vector.deterministic)

test.each(deterministic)(
  'signs byte for byte as peers do: $name',
  ({ hashHex: hash, privateKeyHex, signatureDerHex }) => {
    expect(signHash(hash, Buffer.from(privateKeyHex, 'hex'))).toBe(signatureDerHex)
  },
)

test('the vectors hold 50 signatures to reproduce', () => {
  expect(deterministic).toHaveLength(50)
})

test.each([
  { name: 'zero', key: keyOf(0n), usable: false },
  { name: 'one', key: keyOf(1n), usable: true },
  { name: 'the order less one', key: keyOf(order - 1n), usable: true },
  { name: 'the order', key: keyOf(order), usable: false },
  { name: 'all ones', key: keyOf(2n ** 256n - 1n), usable: false },
  { name: '31 bytes', key: new Uint8Array(31).fill(1), usable: false },
  { name: '33 bytes', key: new Uint8Array(33).fill(1), usable: false },
  { name: 'no bytes', key: new Uint8Array(), usable: false },
])('$name as a private key: $usable', ({ key, usable }) => {
  expect(isPrivateKey(key)).toBe(usable)
  const derive = () => publicKeyHexFromPrivate(key)
  const sign = () => signHash('0'.repeat(64), key)
  for (const work of [derive, sign])
    if (usable) expect(work).not.toThrow()
    else expect(work).toThrow(expect.objectContaining({ code: 'WALLET_ERROR', details: { reason: 'signing_failed' } }))
})

test.each([
  { name: 'upper-case digits', hash: 'A'.repeat(64) },
  { name: 'too few digits', hash: 'a'.repeat(63) },
  { name: 'other characters', hash: 'g'.repeat(64) },
  { name: 'a line break behind', hash: `${'a'.repeat(64)}\n` },
])('signs no hash of $name', ({ hash }) => {
  expect(() => signHash(hash, keyOf(1n))).toThrow(expect.objectContaining({ code: 'WALLET_ERROR', kind: 'internal' }))
})

test('law: a signature has low s, verifies, and the next one is the same', async () => {
  const verifier = createVerifier({ maxKeys: 4 })
  await fc.assert(
    fc.asyncProperty(privateKey, hashHex, async (key, hash) => {
      const before = encodeHex(key)
      const signature = signHash(hash, key)
      expect(signHash(hash, key)).toBe(signature)
      expect(decodeDer(decodeHex(signature) ?? new Uint8Array())?.s).toBeLessThanOrEqual(order / 2n)
      const id = publicKeyHexFromPrivate(key).slice(2)
      expect(await verifier.verifyProof(hash, { id, signature })).toBe(true)
      expect(encodeHex(key)).toBe(before)
    }),
    { numRuns: 30 },
  )
})
