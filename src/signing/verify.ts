import type { KeyObject } from 'node:crypto'
import { createPublicKey, verify } from 'node:crypto'
import { createBoundedMap } from '../core/bounded-map.ts'
import { decodeHex } from '../core/hex.ts'
import { spkiFromId } from './address.ts'
import { decodeDer } from './der.ts'
import type { Proof } from './signed.ts'

/** Checks proofs. Parsed keys are kept for the ids used last. */
export type Verifier = {
  /**
   * Did the key of `proof.id` sign this hash? High s is accepted and so is upper-case hex, as a node does. Anything
   * malformed is false, never an error: an id with its `04` or compressed, DER that is not strict, a point off the curve.
   */
  verifyProof(hashHex: string, proof: Proof): Promise<boolean>
}

/**
 * A verifier that keeps at most `maxKeys` (≥ 1) parsed keys, about 1 KiB each.
 * It verifies on libuv's pool: 0.2 ms there, next to nothing on the event loop.
 * @see Constellation node: SHA512withECDSA over the 64 characters of the hash
 */
export function createVerifier({ maxKeys }: { maxKeys: number }): Verifier {
  const keys = createBoundedMap<string, KeyObject>(maxKeys)

  function keyOf(id: string): KeyObject {
    const known = keys.get(id)
    if (known !== undefined) return known
    const key = createPublicKey({ key: spkiFromId(id), format: 'der', type: 'spki' })
    keys.set(id, key)
    return key
  }

  return {
    async verifyProof(hashHex, { id, signature }) {
      try {
        const der = decodeHex(signature)
        // Judged here first, so that strictness does not hang on the version of OpenSSL.
        if (der === undefined || decodeDer(der) === undefined) return false
        return await verifyOnPool(hashHex, keyOf(id), der)
      } catch {
        return false // the id is no key
      }
    },
  }
}

/**
 * Is there a proof, and does every one of them verify? Exact duplicates count once; the first bad one ends the work.
 * @see Constellation node, `Signed.hasValidSignature`
 */
export async function verifySigned(hashHex: string, proofs: readonly Proof[], verifier: Verifier): Promise<boolean> {
  const distinct = new Map(proofs.map((proof) => [`${proof.id} ${proof.signature}`, proof]))
  for (const proof of distinct.values()) if (!(await verifier.verifyProof(hashHex, proof))) return false
  return distinct.size > 0
}

function verifyOnPool(hashHex: string, key: KeyObject, der: Uint8Array): Promise<boolean> {
  return new Promise((resolve, reject) => {
    verify('sha512', Buffer.from(hashHex, 'utf8'), key, der, (error, valid) => {
      if (error) reject(error)
      else resolve(valid)
    })
  })
}
