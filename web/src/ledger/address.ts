import { sha256 } from '@noble/hashes/sha2.js'
import { bytesOf } from './hex.ts'

/** What stands before an `id` in a SubjectPublicKeyInfo for secp256k1. @see RFC 5480 §2 */
const spkiPrefix = '3056301006072a8648ce3d020106052b8104000a03420004'

/** The alphabet of Bitcoin: no 0, O, I or l. @see draft-msporny-base58-03 §2 */
const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** Is it the form of an id: X and Y of an uncompressed key, 128 hex digits? */
export const isId = (text: string): boolean => /^[0-9a-fA-F]{128}$/.test(text)

/**
 * The DAG address of an id, undefined for what has not the form of one. `DAG`, a check digit, the last 36 characters of
 * base58(SHA-256(SPKI)).
 * @see Constellation node, `PublicKey.toAddress`
 */
export function addressFromId(id: string): string | undefined {
  const spki = isId(id) ? bytesOf(spkiPrefix + id) : undefined
  if (spki === undefined) return undefined
  const tail = base58(sha256(spki)).slice(-36)
  const digits = [...tail].filter((character) => character >= '0' && character <= '9')
  return `DAG${digits.reduce((sum, digit) => sum + Number(digit), 0) % 9}${tail}`
}

function base58(bytes: Uint8Array): string {
  let rest = bytes.reduce((number, byte) => number * 256n + BigInt(byte), 0n)
  let text = ''
  for (; rest > 0n; rest /= 58n) text = alphabet.charAt(Number(rest % 58n)) + text
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros === -1 ? bytes.length : zeros) + text
}
