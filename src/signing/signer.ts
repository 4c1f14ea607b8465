import { inspect } from 'node:util'
import type { JsonObject } from '../core/json.ts'
import { addressFromId, idFromPublicKey } from './address.ts'
import { isPrivateKey, publicKeyHexFromPrivate, signHash } from './ecdsa.ts'
import { SigningFailedError } from './errors.ts'
import type { Proof, Signed, Signer } from './signed.ts'

/** A signer that can be closed: its key is overwritten, and from then on `sign` rejects. */
export type ClosableSigner = Signer & { close(): void }

/**
 * A signer for one private key (32 bytes). It keeps a copy of its own, as bytes and in a closure only; the caller may
 * overwrite what it passed in. As text, as JSON and in a log it is its address.
 * @throws SigningFailedError for bytes that are no secp256k1 key
 */
export function createSigner(privateKey: Uint8Array): ClosableSigner {
  const key = Uint8Array.from(privateKey)
  const id = idFromPublicKey(publicKeyHexFromPrivate(key))
  const address = addressFromId(id)
  const signer = {
    id,
    address,
    async sign(hashHex: string): Promise<string> {
      // The key was usable when it came, so only `close` can have made it otherwise.
      if (!isPrivateKey(key)) throw new SigningFailedError(`The signer ${address} is closed.`)
      return signHash(hashHex, key)
    },
    close() {
      key.fill(0)
    },
    toJSON: () => address,
    toString: () => address,
    [inspect.custom]: () => address,
  }
  return Object.freeze(signer)
}

/**
 * A value with one proof of each signer over its hash, sorted by id. The hash is the caller's: only a
 * dialect knows which text of the value a node hashes.
 * @throws SigningFailedError without a signer, or where one of them cannot sign
 * @see Constellation node: proofs are a set ordered by id and signature, and never empty
 */
export async function signValue<T extends JsonObject>(
  value: T,
  hashHex: string,
  signers: readonly Signer[],
): Promise<Signed<T>> {
  const distinct = [...new Map(signers.map((signer) => [signer.id, signer])).values()]
  if (distinct.length === 0) throw new SigningFailedError('Nobody was named to sign.')
  const proofs = await Promise.all(
    distinct.map(async (signer): Promise<Proof> => ({ id: signer.id, signature: await signer.sign(hashHex) })),
  )
  // By code unit, as a node compares texts. The ids are distinct, so no signature has to decide.
  return { value, proofs: proofs.sort((left, right) => (left.id < right.id ? -1 : 1)) }
}
