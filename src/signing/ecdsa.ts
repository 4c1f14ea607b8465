import { hash } from 'node:crypto'
import { getPublicKey, hashes, Signature, sign, utils } from '@noble/secp256k1'
import { encodeHex } from '../core/hex.ts'
import { encodeDer } from './der.ts'
import { signingDigest } from './digest.ts'
import { SigningFailedError } from './errors.ts'

// The library asks for both before it signs synchronously: HMAC-SHA-256 gives the nonces of RFC 6979.
hashes.sha256 = (message) => new Uint8Array(hash('sha256', message, 'buffer'))
hashes.hmacSha256 = (key, message) => new Uint8Array(hmacSha256(key, message))

/**
 * HMAC-SHA-256 for keys of at most one block (64 bytes); a nonce's are of 32. Two hashes cost a third of what node:crypto's
 * object for a running HMAC does, and a signature takes half a dozen of them.
 * @see RFC 2104 §2
 */
function hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array {
  const inner = Buffer.alloc(64 + message.length, 0x36)
  const outer = Buffer.alloc(96, 0x5c)
  for (const [at, byte] of key.entries()) {
    inner[at] = byte ^ 0x36
    outer[at] = byte ^ 0x5c
  }
  inner.set(message, 64)
  outer.set(hash('sha256', inner, 'buffer'), 64)
  inner.fill(0) // one of the messages holds the private key
  return hash('sha256', outer, 'buffer')
}

/** Is it a secp256k1 private key: 32 bytes, big-endian, from 1 to n - 1? @see SEC 1 §3.2.1 */
export const isPrivateKey = (bytes: Uint8Array): boolean => utils.isValidSecretKey(bytes)

/**
 * The uncompressed public key: 130 lower-case hex digits, `04` first.
 * @throws SigningFailedError where `isPrivateKey` says no
 */
export function publicKeyHexFromPrivate(privateKey: Uint8Array): string {
  assertPrivateKey(privateKey)
  return encodeHex(getPublicKey(privateKey, false))
}

/**
 * Signs a hash (64 lower-case hex digits) the one way all peers agree on: nonce of RFC 6979, low s. Gives strict DER as
 * lower-case hex; the same key and hash always give the same text.
 * @throws SigningFailedError for anything but a hash, and where `isPrivateKey` says no
 * @see Constellation data update, as dag4 and the metakit SDK sign it
 */
export function signHash(hashHex: string, privateKey: Uint8Array): string {
  if (!/^[0-9a-f]{64}$/.test(hashHex)) throw new SigningFailedError('A hash has 64 lower-case hex digits.')
  assertPrivateKey(privateKey)
  const compact = sign(signingDigest(hashHex), privateKey, { prehash: false, lowS: true })
  return encodeHex(encodeDer(Signature.fromBytes(compact)))
}

function assertPrivateKey(bytes: Uint8Array): void {
  if (!isPrivateKey(bytes)) throw new SigningFailedError('The private key is not a secp256k1 key.')
}
