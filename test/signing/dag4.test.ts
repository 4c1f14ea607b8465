import { dag4 } from '@stardust-collective/dag4'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeHex } from '../../src/core/hex.ts'
import { addressFromId } from '../../src/signing/address.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import { dataUpdateHash } from '../../src/signing/digest.ts'
import { createSigner } from '../../src/signing/signer.ts'
import { createVerifier } from '../../src/signing/verify.ts'
import { jsonObject, privateKey } from './arbitraries.ts'

const verifier = createVerifier({ maxKeys: 8 })

test('law: dag4 derives the same key, id and address', () => {
  fc.assert(
    fc.property(privateKey, (key) => {
      const { id, address } = createSigner(key)
      const keyHex = encodeHex(key)
      expect(dag4.keyStore.getPublicKeyFromPrivate(keyHex)).toBe(`04${id}`)
      expect(dag4.keyStore.getDagAddressFromPrivateKey(keyHex)).toBe(address)
      expect(dag4.keyStore.getDagAddressFromPublicKey(id)).toBe(addressFromId(id))
    }),
    { numRuns: 30 },
  )
})

test('law: dag4 signs a message with the same bytes, and each side accepts what the other signed', async () => {
  await fc.assert(
    fc.asyncProperty(privateKey, jsonObject, async (key, message) => {
      const signer = createSigner(key)
      const canonical = canonicalize(message)
      const hash = dataUpdateHash(canonical)
      const ours = await signer.sign(hash)
      const theirs = await dag4.keyStore.dataSign(encodeHex(key), Buffer.from(canonical).toString('base64'))
      expect(ours).toBe(theirs)
      expect(await dag4.keyStore.sign(encodeHex(key), hash)).toBe(ours)
      expect(dag4.keyStore.verify(`04${signer.id}`, hash, ours)).toBe(true)
      expect(await verifier.verifyProof(hash, { id: signer.id, signature: theirs })).toBe(true)
    }),
    { numRuns: 30 },
  )
})

test('law: neither accepts a signature for another message', async () => {
  await fc.assert(
    fc.asyncProperty(privateKey, jsonObject, jsonObject, async (key, message, other) => {
      const [hash, otherHash] = [dataUpdateHash(canonicalize(message)), dataUpdateHash(canonicalize(other))]
      fc.pre(hash !== otherHash)
      const signer = createSigner(key)
      const signature = await signer.sign(hash)
      expect(dag4.keyStore.verify(`04${signer.id}`, otherHash, signature)).toBe(false)
      expect(await verifier.verifyProof(otherHash, { id: signer.id, signature })).toBe(false)
    }),
    { numRuns: 30 },
  )
})
