import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHex, encodeHex } from '../../src/core/hex.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import { decodeDer, encodeDer } from '../../src/signing/der.ts'
import { dataUpdateHash } from '../../src/signing/digest.ts'
import { signHash } from '../../src/signing/ecdsa.ts'
import type { Proof } from '../../src/signing/signed.ts'
import { createVerifier, verifySigned } from '../../src/signing/verify.ts'
import { hashHex, privateKey } from './arbitraries.ts'
import { idOf, verifyWithNoble } from './noble-reference.ts'
import { signingVectors, upstreamVectors } from './vectors.ts'

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const verifier = createVerifier({ maxKeys: 16 })

test.each(signingVectors.vectors)(
  'accepts what peers signed: $name',
  async ({ hashHex: hash, id, signatureDerHex }) => {
    expect(await verifier.verifyProof(hash, { id, signature: signatureDerHex })).toBe(true)
  },
)

test.each(upstreamVectors)('judges the $source signature over $hashHex', async (vector) => {
  const proof = { id: vector.id, signature: vector.signatureDerHex }
  expect(await verifier.verifyProof(vector.hashHex, proof)).toBe(vector.valid)
})

const { negative } = signingVectors

test('the vectors hold 52 signatures, 16 from upstream and 69 variations, 14 of them about re-encoding', () => {
  expect([signingVectors.vectors.length, upstreamVectors.length, negative.length]).toEqual([52, 16, 69])
  expect(negative.filter(({ category }) => category === 're-encode')).toHaveLength(14)
})

test.each(negative.filter(({ category }) => category !== 're-encode'))(
  'must $recommend ($category): $name',
  async ({ value, id, signatureDerHex, hashHex: hash, recommend }) => {
    expect(dataUpdateHash(canonicalize(value))).toBe(hash)
    expect(await verifier.verifyProof(hash, { id, signature: signatureDerHex })).toBe(recommend === 'accept')
  },
)

// A node hashes what it makes of the message. That it makes `nodeReencodesTo` of `value` is the dialects' to show; that
// the signature then fails, and would have held for the text as sent, is decided here.
test.each(negative.filter(({ category }) => category === 're-encode'))(
  'must $recommend what a node reads as another text: $name',
  async ({ value, id, signatureDerHex, hashHex: hash, nodeReencodesTo = null }) => {
    const proof = { id, signature: signatureDerHex }
    expect(dataUpdateHash(canonicalize(nodeReencodesTo))).toBe(hash)
    expect(await verifier.verifyProof(hash, proof)).toBe(false)
    expect(await verifier.verifyProof(dataUpdateHash(canonicalize(value)), proof)).toBe(true)
  },
)

const mutations: Record<string, (proof: Proof, at: number) => Proof> = {
  'left alone': (proof) => proof,
  'turned to the other s': ({ id, signature }) => {
    const { r, s } = decoded(signature)
    return { id, signature: encodeHex(encodeDer({ r, s: order - s })) }
  },
  'with r and s swapped': ({ id, signature }) => {
    const { r, s } = decoded(signature)
    return { id, signature: encodeHex(encodeDer({ r: s, s: r })) }
  },
  'with s past the order': ({ id, signature }) => {
    const { r, s } = decoded(signature)
    return { id, signature: encodeHex(encodeDer({ r, s: s + order })) }
  },
  'with a changed digit of the signature': ({ id, signature }, at) => ({ id, signature: changeDigit(signature, at) }),
  'with a changed digit of the id': ({ id, signature }, at) => ({ id: changeDigit(id, at), signature }),
  'in upper case': ({ id, signature }) => ({ id: id.toUpperCase(), signature: signature.toUpperCase() }),
}

test.each(Object.entries(mutations))('law: node:crypto judges as noble does a signature %s', async (_name, mutate) => {
  await fc.assert(
    fc.asyncProperty(privateKey, hashHex, fc.nat(500), async (key, hash, at) => {
      const proof = mutate({ id: idOf(key), signature: signHash(hash, key) }, at)
      expect(await verifier.verifyProof(hash, proof)).toBe(verifyWithNoble(hash, proof))
    }),
    { numRuns: 15 },
  )
})

test('law: a signature holds for its hash and its key only', async () => {
  await fc.assert(
    fc.asyncProperty(privateKey, privateKey, hashHex, hashHex, async (key, otherKey, hash, otherHash) => {
      fc.pre(idOf(key) !== idOf(otherKey) && hash !== otherHash)
      const signature = signHash(hash, key)
      expect(await verifier.verifyProof(hash, { id: idOf(key), signature })).toBe(true)
      expect(await verifier.verifyProof(otherHash, { id: idOf(key), signature })).toBe(false)
      expect(await verifier.verifyProof(hash, { id: idOf(otherKey), signature })).toBe(false)
    }),
    { numRuns: 15 },
  )
})

test('forgets keys beyond its bound and still judges them', async () => {
  const small = createVerifier({ maxKeys: 1 })
  const proofs = signingVectors.vectors.slice(0, 6)
  for (const { hashHex: hash, id, signatureDerHex } of [...proofs, ...proofs])
    expect(await small.verifyProof(hash, { id, signature: signatureDerHex })).toBe(true)
})

const hash = 'ab'.repeat(32)
const proofOf = (secret: number): Proof => {
  const key = new Uint8Array(32).fill(secret)
  return { id: idOf(key), signature: signHash(hash, key) }
}
const forged: Proof = { id: proofOf(1).id, signature: proofOf(2).signature }
const broken: Proof = { ...proofOf(3), id: 'no id' }

test.each([
  { name: 'one good proof', proofs: [proofOf(1)], valid: true },
  { name: 'two good proofs', proofs: [proofOf(1), proofOf(2)], valid: true },
  { name: 'a good proof twice', proofs: [proofOf(1), proofOf(1)], valid: true },
  { name: 'no proof', proofs: [], valid: false },
  { name: 'a bad proof before a good one', proofs: [broken, proofOf(1)], valid: false },
  { name: 'a bad proof after a good one', proofs: [proofOf(1), broken], valid: false },
  { name: 'a bad and a good proof of one key', proofs: [forged, proofOf(1)], valid: false },
  { name: 'a good and a bad proof of one key', proofs: [proofOf(1), forged], valid: false },
  { name: "another key's signature", proofs: [{ ...proofOf(1), id: proofOf(2).id }], valid: false },
])('a message with $name: $valid', async ({ proofs, valid }) => {
  expect(await verifySigned(hash, proofs, verifier)).toBe(valid)
})

function decoded(signature: string): { r: bigint; s: bigint } {
  return decodeDer(decodeHex(signature) ?? new Uint8Array()) ?? { r: 0n, s: 0n }
}

function changeDigit(hex: string, at: number): string {
  const index = at % hex.length
  const digit = (Number.parseInt(hex.charAt(index), 16) + 1 + (at % 15)) % 16
  return hex.slice(0, index) + digit.toString(16) + hex.slice(index + 1)
}
