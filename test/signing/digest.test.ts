import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeHex } from '../../src/core/hex.ts'
import { dataUpdateBytes, dataUpdateHash, hashBytes, plainHash, signingDigest } from '../../src/signing/digest.ts'
import { signingVectors, upstreamVectors } from './vectors.ts'

test.each(signingVectors.vectors)('frames, hashes and digests as peers do: $name', (vector) => {
  const { flow, canonicalJson, bytesHex, hashHex, digestHex } = vector
  const bytes = flow === 'data-update' ? dataUpdateBytes(canonicalJson) : Buffer.from(canonicalJson)
  expect(encodeHex(bytes)).toBe(bytesHex)
  expect(hashBytes(bytes)).toBe(hashHex)
  expect(flow === 'data-update' ? dataUpdateHash(canonicalJson) : plainHash(canonicalJson)).toBe(hashHex)
  expect(encodeHex(signingDigest(hashHex))).toBe(digestHex)
})

test.each(upstreamVectors)('hashes as the $source signer does: $hashHex', ({ flow, canonicalJson, hashHex }) => {
  expect((flow === 'data-update' ? dataUpdateHash : plainHash)(canonicalJson)).toBe(hashHex)
})

test('law: a hash is SHA-256 of the framed bytes, a digest half of SHA-512 of its text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const hashHex = dataUpdateHash(text)
      expect(hashHex).toBe(createHash('sha256').update(dataUpdateBytes(text)).digest('hex'))
      expect(plainHash(text)).toBe(hashBytes(Buffer.from(text)))
      expect(encodeHex(signingDigest(hashHex))).toBe(createHash('sha512').update(hashHex).digest('hex').slice(0, 64))
    }),
  )
})
