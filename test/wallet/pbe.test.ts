import { randomBytes } from 'node:crypto'
import forge from 'node-forge'
import { expect, test } from 'vitest'
import { childAt, decodeBer, octetsOf } from '../../src/wallet/ber.ts'
import { KeystoreUnreadableError } from '../../src/wallet/errors.ts'
import { decryptPbe, encryptPbes2 } from '../../src/wallet/pbe.ts'
import { toDer } from './_keystores.ts'

const { asn1, pki } = forge
// node-forge encrypts whole structures; any will do.
const structure = asn1.create(asn1.Class.UNIVERSAL, asn1.Type.OCTETSTRING, false, 'thirteen more')

test.each([
  { algorithm: '3des', prfAlgorithm: 'sha1' },
  { algorithm: 'aes128', prfAlgorithm: 'sha1' },
  { algorithm: 'aes192', prfAlgorithm: 'sha256' },
  { algorithm: 'aes256', prfAlgorithm: 'sha384' },
  { algorithm: 'aes256', prfAlgorithm: 'sha512' },
] as const)('decrypts what node-forge encrypts by $algorithm and $prfAlgorithm', ({ algorithm, prfAlgorithm }) => {
  const options = { algorithm, prfAlgorithm, count: 7, saltSize: 11 }
  const encrypted = decodeBer(toDer(pki.encryptPrivateKeyInfo(structure, 'p w', options)))
  const plain = decryptPbe(childAt(encrypted, 0), octetsOf(childAt(encrypted, 1)), 'p w')
  expect(plain.toString('hex')).toBe(toDer(structure).toString('hex'))
})

test('decrypting undoes encrypting, and asks for 16 bytes of salt and of IV', () => {
  const sizes: number[] = []
  const draw = (size: number) => {
    sizes.push(size)
    return randomBytes(size)
  }
  const plain = Buffer.from('some bytes')
  const { algorithm, encrypted } = encryptPbes2(plain, { password: 'p', iterations: 10, randomBytes: draw })
  expect(decryptPbe(decodeBer(algorithm), encrypted, 'p')).toEqual(plain)
  expect(sizes).toEqual([16, 16])
})

test.each(['3006 0602 2a03 3000', '3006 0602 2a03 0500', '3000'])('the algorithm %s is refused', (text) => {
  const algorithm = decodeBer(Buffer.from(text.replaceAll(' ', ''), 'hex'))
  expect(() => decryptPbe(algorithm, new Uint8Array(16), 'p')).toThrow(KeystoreUnreadableError)
})
