import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHex, encodeHex } from '../../src/core/hex.ts'
import { decodeDer, encodeDer } from '../../src/signing/der.ts'
import { signingVectors, upstreamVectors } from './vectors.ts'

const number = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 16n }))
const signature = fc.record({ r: number, s: number })
const hexOf = (text: string): Uint8Array => decodeHex(text) ?? new Uint8Array()

test('law: decode undoes encode', () => {
  fc.assert(
    fc.property(signature, (value) => {
      expect(decodeDer(encodeDer(value))).toEqual(value)
    }),
  )
})

test('law: what decodes at all has one text, so a changed byte is another signature or none', () => {
  fc.assert(
    fc.property(signature, fc.nat(71), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const bytes = encodeDer(value)
      bytes.set([(bytes[at % bytes.length] ?? 0) ^ flip], at % bytes.length)
      const decoded = decodeDer(bytes)
      if (decoded === undefined) return
      expect(decoded).not.toEqual(value)
      expect(encodeDer(decoded)).toEqual(bytes)
    }),
    { numRuns: 500 },
  )
})

test.each([...signingVectors.vectors, ...upstreamVectors])('writes the very bytes it read: $hashHex', (vector) => {
  const decoded = decodeDer(hexOf(vector.signatureDerHex))
  expect(decoded && encodeHex(encodeDer(decoded))).toBe(vector.signatureDerHex)
})

test.each([
  { name: 'no bytes', der: '' },
  { name: 'a header alone', der: '30' },
  { name: 'an empty sequence', der: '3000' },
  { name: 'one integer', der: '3003020101' },
  { name: 'three integers', der: '3009020101020101020101' },
  { name: 'another tag than SEQUENCE', der: '3106020101020101' },
  { name: 'another tag than INTEGER', der: '3006040101020101' },
  { name: 'a byte behind', der: '300602010102010100' },
  { name: 'a byte too few', der: '30060201010201' },
  { name: 'an outer length that is too long', der: '3007020101020101' },
  { name: 'an outer length in the long form', der: '308106020101020101' },
  { name: 'an indefinite length', der: '30800201010201010000' },
  { name: 'an inner length in the long form', der: '300702810101020101' },
  { name: 'an inner length beyond the end', der: '3006020101020201' },
  { name: 'an integer without bytes', der: '30050200020101' },
  { name: 'a zero that no sign needs', der: '300702020001020101' },
  { name: 'a zero before the largest byte that needs none', der: '30070202007f020101' },
  { name: 'a negative integer', der: '3006020180020101' },
  { name: 'an integer of 2^256', der: `3026022101${'00'.repeat(32)}020101` },
  { name: 'an integer of 34 bytes', der: `3027022200ff${'00'.repeat(32)}020101` },
])('refuses $name', ({ der }) => {
  expect(decodeDer(hexOf(der))).toBeUndefined()
})

test('accepts integers at the edges of their widths', () => {
  expect(decodeDer(hexOf('300702017f02020080'))).toEqual({ r: 127n, s: 128n })
  expect(decodeDer(hexOf('3006020100020100'))).toEqual({ r: 0n, s: 0n })
  const max = 2n ** 256n - 1n
  expect(decodeDer(hexOf(`3046022100${'ff'.repeat(32)}022100${'ff'.repeat(32)}`))).toEqual({ r: max, s: max })
})
