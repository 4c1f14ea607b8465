import { encodeHex } from '../core/hex.ts'
import { isPrivateKey, publicKeyHexFromPrivate } from '../signing/ecdsa.ts'
import type { BerNode } from './ber.ts'
import { childAt, decodeBer, octetsOf, oidOf, smallIntOf, tagged } from './ber.ts'
import { KeystoreUnreadableError } from './errors.ts'
import { oids } from './oids.ts'

/** A private key: 32 bytes, and the public key they give: 130 hex digits. */
export type KeyPair = { readonly privateKey: Uint8Array; readonly publicKeyHex: string }

/** Everything of a PrivateKeyInfo for secp256k1 before the 32 bytes: version 0, algorithm, ECPrivateKey version 1. */
const infoStart = Buffer.from('30818d020100301006072a8648ce3d020106052b8104000a047630740201010420', 'hex')
/** `[0]` with the curve, and the start of `[1]` with the 65-byte point. */
const infoMiddle = Buffer.from('a00706052b8104000aa144034200', 'hex')

/**
 * PKCS#8 PrivateKeyInfo of a secp256k1 key, with curve and public key inside: 144 bytes, which the caller zeroes.
 * Put together whole, so that no half-built copy of the key stays behind.
 * @see RFC 5208 §5, RFC 5915 §3
 */
export function encodePrivateKeyInfo({ privateKey, publicKeyHex }: KeyPair): Buffer {
  return Buffer.concat([infoStart, privateKey, infoMiddle, Buffer.from(publicKeyHex, 'hex')])
}

/**
 * The secp256k1 key of a PKCS#8 PrivateKeyInfo, as a copy of its own. A public key inside must be the one it gives.
 * @throws KeystoreUnreadableError for any other key
 */
export function decodePrivateKeyInfo(bytes: Uint8Array): KeyPair {
  const info = tagged(decodeBer(bytes), 0x30)
  const algorithm = childAt(info, 1, 0x30)
  const isEc = oidOf(childAt(algorithm, 0)) === oids.ecPublicKey
  if (!isEc || oidOf(childAt(algorithm, 1)) !== oids.secp256k1) throw new KeystoreUnreadableError()
  const ecKey = tagged(decodeBer(octetsOf(childAt(info, 2))), 0x30)
  if (smallIntOf(childAt(ecKey, 0)) !== 1) throw new KeystoreUnreadableError()
  const privateKey = toKeyBytes(octetsOf(childAt(ecKey, 1)))
  const publicKeyHex = publicKeyHexFromPrivate(privateKey)
  for (const optional of ecKey.children.slice(2)) assertAgrees(optional, publicKeyHex)
  return { privateKey, publicKeyHex }
}

/** The number in 32 bytes: some writers leave leading zeros away. */
function toKeyBytes(number: Uint8Array): Uint8Array {
  if (number.length > 32) throw new KeystoreUnreadableError()
  const privateKey = new Uint8Array(32)
  privateKey.set(number, 32 - number.length)
  if (!isPrivateKey(privateKey)) throw new KeystoreUnreadableError()
  return privateKey
}

/** `[0]` must name the curve, `[1]` the public key. */
function assertAgrees(optional: BerNode, publicKeyHex: string): void {
  const inner = childAt(optional, 0)
  const agrees =
    optional.tag === 0xa1
      ? encodeHex(tagged(inner, 0x03).content) === `00${publicKeyHex}`
      : oidOf(inner) === oids.secp256k1
  if (!agrees) throw new KeystoreUnreadableError()
}
