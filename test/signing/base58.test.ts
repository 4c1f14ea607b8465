import fc from 'fast-check'
import { expect, test } from 'vitest'
import { base58Alphabet, encodeBase58 } from '../../src/signing/base58.ts'
import { signingVectors } from './vectors.ts'

test.each(signingVectors.keys)('encodes the hash of a key as peers do: $name', ({ spkiSha256Hex, base58 }) => {
  expect(encodeBase58(Buffer.from(spkiSha256Hex, 'hex'))).toBe(base58)
})

// The test vectors of draft-msporny-base58-03 §5, and the edges of its leading zeros.
test.each([
  { bytes: Buffer.from('Hello World!'), text: '2NEpo7TZRRrLZSi2U' },
  {
    bytes: Buffer.from('The quick brown fox jumps over the lazy dog.'),
    text: 'USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z',
  },
  { bytes: Buffer.from('0000287fb4cd', 'hex'), text: '11233QC4' },
  { bytes: Buffer.alloc(0), text: '' },
  { bytes: Buffer.alloc(3), text: '111' },
  { bytes: Buffer.of(57), text: 'z' },
  { bytes: Buffer.of(58), text: '21' },
])('encodes to "$text"', ({ bytes, text }) => {
  expect(encodeBase58(bytes)).toBe(text)
})

test('law: the digits add up to the number that the bytes hold', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) => {
      let sum = 0n
      for (const character of encodeBase58(bytes)) sum = sum * 58n + BigInt(base58Alphabet.indexOf(character))
      expect(sum).toBe(BigInt(`0x${Buffer.from(bytes).toString('hex')}`))
    }),
  )
})
