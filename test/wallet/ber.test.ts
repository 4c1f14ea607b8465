import fc from 'fast-check'
import forge from 'node-forge'
import { describe, expect, test } from 'vitest'
import type { BerNode } from '../../src/wallet/ber.ts'
import { childAt, decodeBer, octetsOf, oidOf, smallIntOf, tagged } from '../../src/wallet/ber.ts'
import { KeystoreUnreadableError } from '../../src/wallet/errors.ts'
import { fromDer } from './_keystores.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

describe('decodeBer', () => {
  test.each([
    { name: 'a primitive', bytes: '04 02 aabb', tag: 0x04, content: 'aabb', children: 0 },
    { name: 'a long length', bytes: `04 81 80 ${'11'.repeat(128)}`, tag: 0x04, content: '11'.repeat(128), children: 0 },
    { name: 'a length longer than it must be', bytes: '04 82 0001 aa', tag: 0x04, content: 'aa', children: 0 },
    { name: 'children', bytes: '30 06 020101 020102', tag: 0x30, content: '020101020102', children: 2 },
    { name: 'an indefinite length', bytes: '30 80 020101 0000', tag: 0x30, content: '020101', children: 1 },
    { name: 'nested indefinite lengths', bytes: 'a0 80 30 80 0000 0000', tag: 0xa0, content: '30800000', children: 1 },
  ])('reads $name', ({ bytes, tag, content, children }) => {
    const node = decodeBer(hex(bytes))
    expect(node.tag).toBe(tag)
    expect(Buffer.from(node.content).toString('hex')).toBe(content)
    expect(Buffer.from(node.encoded).toString('hex')).toBe(bytes.replaceAll(' ', ''))
    expect(node.children).toHaveLength(children)
  })

  test.each([
    { name: 'nothing', bytes: '' },
    { name: 'a tag alone', bytes: '30' },
    { name: 'a cut-off length', bytes: '30 82 01' },
    { name: 'content that ends early', bytes: '04 03 aabb' },
    { name: 'trailing bytes', bytes: '04 01 aa 00' },
    { name: 'a child that outgrows its parent', bytes: '30 03 0402 aa bb' },
    { name: 'a primitive without a length', bytes: '04 80 aa 0000' },
    { name: 'an indefinite length that never ends', bytes: '30 80 020101' },
    { name: 'a tag number above 30', bytes: '1f 81 01 00' },
    { name: 'a length of five octets', bytes: '04 85 0000000001 aa' },
    { name: '33 levels', bytes: '3080'.repeat(34) + '0000'.repeat(34) },
    { name: 'as many levels as a file has room for', bytes: '3080'.repeat(32_768) },
  ])('refuses $name', ({ bytes }) => {
    expect(() => decodeBer(hex(bytes))).toThrow(KeystoreUnreadableError)
  })

  test('takes 32 levels', () => {
    expect(decodeBer(hex('3080'.repeat(33) + '0000'.repeat(33))).children).toHaveLength(1)
  })

  test('law: reads what node-forge writes, as node-forge reads it', () => {
    fc.assert(
      fc.property(asn1Tree, (tree) => {
        const text = forge.asn1.toDer(toForge(tree)).getBytes()
        expect(plain(decodeBer(Buffer.from(text, 'latin1')))).toEqual(plainForge(fromDer(text)))
      }),
      { numRuns: 100 },
    )
  })

  test('law: any bytes are read or refused, nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeBer(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(KeystoreUnreadableError)
        }
      }),
    )
  })
})

test('octetsOf joins the pieces of a constructed string', () => {
  expect(octetsOf(decodeBer(hex('24 80 0402 aabb 24 03 0401 cc 0000')))).toEqual(Buffer.from('aabbcc', 'hex'))
  expect(octetsOf(decodeBer(hex('a0 80 0401 aa 0401 bb 0000')), 0x80)).toEqual(Buffer.from('aabb', 'hex'))
  expect(() => octetsOf(decodeBer(hex('020101')))).toThrow(KeystoreUnreadableError)
})

test.each([
  { bytes: '0201 00', value: 0 },
  { bytes: '0202 00c8', value: 200 },
  { bytes: '0204 7fffffff', value: 2_147_483_647 },
  { bytes: '0201 ff', value: undefined },
  { bytes: '0205 0100000000', value: undefined },
  { bytes: '0200', value: undefined },
  { bytes: '0401 01', value: undefined },
])('smallIntOf gives $value for $bytes', ({ bytes, value }) => {
  const read = () => smallIntOf(decodeBer(hex(bytes)))
  if (value === undefined) expect(read).toThrow(KeystoreUnreadableError)
  else expect(read()).toBe(value)
})

test.each(['1.2.840.113549.1.12.10.1.2', '2.16.840.1.101.3.4.1.42', '1.3.132.0.10', '2.5.4.3', '2.100.3', '0.9.2342'])(
  'oidOf reads %s as node-forge writes it',
  (dotted) => {
    const content = Buffer.from(forge.asn1.oidToDer(dotted).getBytes(), 'latin1')
    // node-forge has one octet for the first two arcs, too few for 2.100.
    const body = dotted === '2.100.3' ? hex('8134 03') : content
    expect(oidOf(decodeBer(Uint8Array.of(0x06, body.length, ...body)))).toBe(dotted)
  },
)

test('childAt and tagged refuse what is not there', () => {
  const node = decodeBer(hex('3003020101'))
  expect(childAt(node, 0).tag).toBe(0x02)
  expect(() => childAt(node, 1)).toThrow(KeystoreUnreadableError)
  expect(() => tagged(node, 0x31)).toThrow(KeystoreUnreadableError)
})

type Tree = Uint8Array | { readonly children: readonly Tree[] }

const asn1Tree = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.uint8Array({ maxLength: 200 }),
    fc.record({ children: fc.array(tie('tree'), { maxLength: 4 }) }),
  ),
})).tree

function toForge(tree: Tree): forge.asn1.Asn1 {
  const { asn1 } = forge
  return tree instanceof Uint8Array
    ? asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, Buffer.from(tree).toString('latin1'))
    : asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, tree.children.map(toForge))
}

const plain = (node: BerNode): unknown =>
  node.tag === 0x30 ? node.children.map(plain) : Buffer.from(node.content).toString('hex')

const plainForge = ({ value }: forge.asn1.Asn1): unknown =>
  typeof value === 'string' ? Buffer.from(value, 'latin1').toString('hex') : value.map(plainForge)
