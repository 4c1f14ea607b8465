import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { Signature, verify } from '@noble/secp256k1'
import { canonicalize, dropNulls } from '../../../src/signing/canonical.ts'
import { addressFromId } from './address.ts'
import { decodeDer } from './der.ts'
import { bytesOf, hexOf } from './hex.ts'
import type { LedgerMessage, Nulls, Proof } from './message.ts'

/** One thing that was looked at: what was found here, and what it had to be. */
export type Check = {
  readonly step: 'canonical' | 'hash' | 'signature' | 'address' | 'wallet' | 'signer'
  readonly isRight: boolean
  readonly found: string
  readonly expected: string | null
}

/** Whom a message must be of: the service's two wallets, and the player whose move it is. */
export type Expected = {
  readonly wallets: readonly string[]
  /** The address of the move's player; null for a message that is no move. */
  readonly player: string | null
}

const textBytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** The one text of a value that is hashed. @throws JsonUnsupportedError @see src/signing/canonical.ts */
export const canonicalText = (value: LedgerMessage['value'], nulls: Nulls): string =>
  canonicalize(nulls === 'drop' ? dropNulls(value) : value)

/** SHA-256 of a data update: `0x19`, a fixed line, the length of the base64 text, and that text. @see src/signing/digest.ts */
export function hashOf(canonical: string): string {
  const base64 = btoa(Array.from(textBytes(canonical), (byte) => String.fromCharCode(byte)).join(''))
  return hexOf(sha256(textBytes(`\x19Constellation Signed Data:\n${base64.length}\n${base64}`)))
}

/**
 * Did the key of `proof.id` sign this hash? ECDSA runs over the first half of SHA-512 of the hash's hex text; high s is
 * accepted, as a node does. Anything malformed is false.
 * @see src/signing/verify.ts
 */
export function isSignedBy(hashHex: string, { id, signature }: Proof): boolean {
  const [der, key] = [bytesOf(signature), id.length === 128 ? bytesOf(`04${id}`) : undefined]
  const numbers = der === undefined ? undefined : decodeDer(der)
  if (numbers === undefined || key === undefined) return false
  try {
    const compact = new Signature(numbers.r, numbers.s).toBytes()
    return verify(compact, sha512(textBytes(hashHex)).subarray(0, 32), key, { prehash: false, lowS: false })
  } catch {
    return false // the numbers are no signature, or the point lies off the curve
  }
}

/**
 * Checks a message here, believing nothing but its value and its proofs: hash, signatures, addresses, and that they are
 * of whom they should be. Every step is told, the wrong ones too.
 */
export function verifyMessage(message: LedgerMessage, nulls: Nulls, expected: Expected): readonly Check[] {
  const canonical = canonicalOrNull(message.value, nulls)
  if (canonical === null) return [{ step: 'canonical', isRight: false, found: '', expected: null }]
  const hash = hashOf(canonical)
  const addresses = message.proofs.map(({ id }) => addressFromId(id) ?? '')
  return [
    { step: 'canonical', isRight: true, found: `${canonical.length}`, expected: null },
    { step: 'hash', isRight: hash === message.hash, found: hash, expected: message.hash },
    ...signatureChecks(hash, message.proofs),
    ...addresses.map((found, at) => toCheck('address', found, message.signers[at] ?? '')),
    ...addresses.map((found) => walletCheck(found, expected.wallets)),
    ...(expected.player === null ? [] : [playerCheck(addresses, expected.player)]),
  ]
}

function canonicalOrNull(value: LedgerMessage['value'], nulls: Nulls): string | null {
  try {
    return canonicalText(value, nulls)
  } catch {
    return null
  }
}

/** A message without any proof is signed by nobody. */
const signatureChecks = (hash: string, proofs: readonly Proof[]): readonly Check[] =>
  proofs.length === 0
    ? [{ step: 'signature', isRight: false, found: '', expected: null }]
    : proofs.map((proof) => ({
        step: 'signature',
        isRight: isSignedBy(hash, proof),
        found: proof.id,
        expected: null,
      }))

const toCheck = (step: Check['step'], found: string, expected: string): Check => ({
  step,
  isRight: found !== '' && found === expected,
  found,
  expected,
})

const walletCheck = (found: string, wallets: readonly string[]): Check => ({
  step: 'wallet',
  isRight: wallets.includes(found),
  found,
  expected: wallets.join(', '),
})

const playerCheck = (addresses: readonly string[], player: string): Check => ({
  step: 'signer',
  isRight: addresses.includes(player),
  found: addresses.join(', '),
  expected: player,
})
