import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBer, oidOf, smallIntOf } from '../../src/wallet/ber.ts'
import { bmpString, der, objectId, setOf, smallInteger, time } from '../../src/wallet/der.ts'
import { fromDer } from './_keystores.ts'

test.each([0, 1, 127, 128, 255, 256, 65_535, 65_536])('a length of %i is the shortest and reads back', (length) => {
  const bytes = new Uint8Array(length).fill(7)
  const encoded = der(0x04, bytes)
  expect(decodeBer(encoded).content).toHaveLength(length)
  expect(fromDer(encoded).value).toBe(Buffer.from(bytes).toString('latin1'))
  expect(encoded.length - length).toBe(length < 128 ? 2 : length < 256 ? 3 : length < 65_536 ? 4 : 5)
})

test('law: an integer reads back', () => {
  fc.assert(
    fc.property(fc.nat(0x7fffffff), (value) => {
      expect(smallIntOf(decodeBer(smallInteger(value)))).toBe(value)
    }),
  )
})

test('law: an object identifier reads back', () => {
  const arcs = fc.array(fc.nat(1_000_000), { maxLength: 8 })
  fc.assert(
    fc.property(fc.nat(2), fc.nat(39), arcs, (root, second, rest) => {
      const dotted = [root, second, ...rest].join('.')
      expect(oidOf(decodeBer(objectId(dotted)))).toBe(dotted)
    }),
  )
})

test('a set stands in the order of its encodings', () => {
  const [one, two] = [smallInteger(1), smallInteger(2)]
  expect(setOf(two, one)).toEqual(setOf(one, two))
})

test('a BMPString is big endian', () => {
  expect(Buffer.from(bmpString('pX')).toString('hex')).toBe('1e0400700058')
})

test.each([
  { at: '2026-01-02T03:04:05.678Z', text: '260102030405Z', tag: 0x17 },
  { at: '2049-12-31T23:59:59.999Z', text: '491231235959Z', tag: 0x17 },
  { at: '2050-01-01T00:00:00.000Z', text: '20500101000000Z', tag: 0x18 },
  { at: '3025-05-04T00:00:00.000Z', text: '30250504000000Z', tag: 0x18 },
])('$at is written $text', ({ at, text, tag }) => {
  const node = decodeBer(time(Date.parse(at)))
  expect(node.tag).toBe(tag)
  expect(Buffer.from(node.content).toString('latin1')).toBe(text)
})
