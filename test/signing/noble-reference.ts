import { verify } from '@noble/secp256k1'
import { decodeHex } from '../../src/core/hex.ts'
import { decodeDer } from '../../src/signing/der.ts'
import { signingDigest } from '../../src/signing/digest.ts'
import { publicKeyHexFromPrivate } from '../../src/signing/ecdsa.ts'
import type { Proof } from '../../src/signing/signed.ts'

/** ECDSA written a second time, by another author: what node:crypto must agree with. High s is accepted here too. */
export function verifyWithNoble(hashHex: string, { id, signature }: Proof): boolean {
  const der = decodeDer(decodeHex(signature) ?? new Uint8Array())
  const publicKey = decodeHex(`04${id}`)
  // 64 raw bytes are all that the library reads.
  if (der === undefined || publicKey?.length !== 65) return false
  const compact = Buffer.from([der.r, der.s].map((value) => value.toString(16).padStart(64, '0')).join(''), 'hex')
  try {
    return verify(new Uint8Array(compact), signingDigest(hashHex), publicKey, { prehash: false, lowS: false })
  } catch {
    return false
  }
}

/** The id of a private key. */
export const idOf = (privateKey: Uint8Array): string => publicKeyHexFromPrivate(privateKey).slice(2)
