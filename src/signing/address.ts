import { hash } from 'node:crypto'
import { encodeBase58 } from './base58.ts'
import { PublicKeyInvalidError } from './errors.ts'

/** What stands before an `id` in a SubjectPublicKeyInfo for secp256k1; its last byte is the `04` of an uncompressed key. */
const spkiPrefix = '3056301006072a8648ce3d020106052b8104000a03420004'

/** Is it the form of an id: 128 hex digits of either case? Whether the point lies on the curve, only a verifier asks. */
export const isId = (text: string): boolean => /^[0-9a-fA-F]{128}$/.test(text)

/**
 * The id of an uncompressed public key (130 hex digits): the same without its `04`, in lower case.
 * @throws PublicKeyInvalidError for another form
 */
export function idFromPublicKey(publicKeyHex: string): string {
  const id = publicKeyHex.slice(2).toLowerCase()
  if (!publicKeyHex.startsWith('04') || !isId(id)) throw new PublicKeyInvalidError('The public key has another form.')
  return id
}

/**
 * An id as the DER of X.509's SubjectPublicKeyInfo, 88 bytes.
 * @throws PublicKeyInvalidError for what is not the form of an id
 * @see RFC 5480 §2
 */
export function spkiFromId(id: string): Buffer {
  if (!isId(id)) throw new PublicKeyInvalidError('An id has 128 hex digits.')
  return Buffer.from(spkiPrefix + id, 'hex')
}

/**
 * The DAG address of an id: 40 characters. `DAG`, a check digit, the last 36 characters of base58(SHA-256(SPKI)).
 * @throws PublicKeyInvalidError for what is not the form of an id
 * @see Constellation node, `PublicKey.toAddress`
 */
export function addressFromId(id: string): string {
  const tail = encodeBase58(hash('sha256', spkiFromId(id), 'buffer')).slice(-36)
  return `DAG${digitParity(tail)}${tail}`
}

/** Is it a DAG address whose check digit fits? @see Constellation node, `DAGAddressRefined` */
export const isAddress = (text: string): boolean =>
  /^DAG[0-8][1-9A-HJ-NP-Za-km-z]{36}$/.test(text) && Number(text.charAt(3)) === digitParity(text.slice(4))

/** The sum of the decimal digits that occur in a text, modulo 9; letters count nothing. */
function digitParity(text: string): number {
  let sum = 0
  for (const character of text) if (character >= '0' && character <= '9') sum += Number(character)
  return sum % 9
}
