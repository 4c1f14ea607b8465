import { createPrivateKey } from 'node:crypto'
import { expect, test } from 'vitest'
import { decodePrivateKeyInfo, encodePrivateKeyInfo } from '../../src/wallet/ec-key.ts'
import { KeystoreUnreadableError } from '../../src/wallet/errors.ts'
import { vectors } from './_keystores.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const [first, second] = vectors
const keyPair = { privateKey: hex(first?.privateKeyHex ?? ''), publicKeyHex: first?.publicKeyHex ?? '' }

test('the encoding is one that OpenSSL reads as the same key', () => {
  const info = encodePrivateKeyInfo(keyPair)
  expect(info).toHaveLength(144)
  const { d, crv } = createPrivateKey({ key: info, format: 'der', type: 'pkcs8' }).export({ format: 'jwk' })
  expect(crv).toBe('secp256k1')
  expect(Buffer.from(d ?? '', 'base64url').toString('hex')).toBe(first?.privateKeyHex)
})

test('decoding undoes encoding, into bytes of its own', () => {
  const info = encodePrivateKeyInfo(keyPair)
  const decoded = decodePrivateKeyInfo(info)
  info.fill(0)
  expect(decoded).toEqual(keyPair)
})

const curve = '3010 06072a8648ce3d0201 06052b8104000a'
const scalar = `0420 ${first?.privateKeyHex}`

test.each([
  {
    name: 'a public key of another private key',
    info: Buffer.from(encodePrivateKeyInfo({ ...keyPair, publicKeyHex: second?.publicKeyHex ?? '' })),
  },
  { name: 'an RSA key', info: privateKeyInfo('300d 06092a864886f70d010101 0500', `020101 ${scalar}`) },
  { name: 'another curve', info: privateKeyInfo('3013 06072a8648ce3d0201 06082a8648ce3d030107', `020101 ${scalar}`) },
  { name: 'another curve beside the key', info: privateKeyInfo(curve, `020101 ${scalar} a00a 06082a8648ce3d030107`) },
  { name: 'another version', info: privateKeyInfo(curve, `020102 ${scalar}`) },
  { name: 'zero', info: privateKeyInfo(curve, `020101 0420 ${'00'.repeat(32)}`) },
  {
    name: 'the order of the curve',
    info: privateKeyInfo(curve, '020101 0420 fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'),
  },
  { name: '33 bytes', info: privateKeyInfo(curve, `020101 0421 00${first?.privateKeyHex}`) },
  { name: 'no key', info: privateKeyInfo(curve, '020101') },
])('$name is refused', ({ info }) => {
  expect(() => decodePrivateKeyInfo(info)).toThrow(KeystoreUnreadableError)
})

test('leading zeros that a writer left away come back', () => {
  const { privateKey } = decodePrivateKeyInfo(privateKeyInfo(curve, '020101 0402 0102'))
  expect(Buffer.from(privateKey).toString('hex')).toBe(`${'00'.repeat(30)}0102`)
})

test('a key without its public key is taken', () => {
  expect(decodePrivateKeyInfo(privateKeyInfo(curve, `020101 ${scalar}`))).toEqual(keyPair)
})

/** Short forms only: each part stays below 128 bytes. */
function privateKeyInfo(algorithm: string, ecKey: string): Uint8Array {
  const wrap = (tag: number, bytes: Uint8Array) => Uint8Array.of(tag, bytes.length, ...bytes)
  const octets = wrap(0x04, wrap(0x30, hex(ecKey)))
  return wrap(0x30, Uint8Array.of(...hex('020100'), ...hex(algorithm), ...octets))
}
