import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { EngineProof } from '../fiber/lookup.ts'
import type { Message } from '../fiber/messages.ts'
import { addressFromId } from '../signing/address.ts'
import { canonicalize, dropNulls } from '../signing/canonical.ts'
import { dataUpdateHash } from '../signing/digest.ts'
import type { Proof, Signed } from '../signing/signed.ts'

/** A posted message as a node understands it. */
export type DecodedUpdate = {
  readonly message: Message
  /** The message encoded again: what is hashed, logged and shown, whatever was sent. */
  readonly wire: JsonObject
  readonly hash: string
  /** Characters of its canonical text: what it costs to keep. */
  readonly size: number
}

/** A message ready to run: its proofs verified, sorted, each with its address. */
export type Update = DecodedUpdate & { readonly proofs: readonly EngineProof[] }

/**
 * Decodes a message as a node does: what counts is its re-encoding.
 * @throws MessageUndecodableError, JsonUnsupportedError
 * @see Constellation node, `DataUpdate` serializer
 */
export function decodeUpdate(dialect: Dialect, value: JsonValue): DecodedUpdate {
  const message = dialect.decode(value)
  const wire = dialect.encode(message)
  const canonical = canonicalize(dialect.nulls === 'drop' ? dropNulls(wire) : wire)
  return { message, wire, hash: dataUpdateHash(canonical), size: canonical.length }
}

/**
 * Proofs as a node holds them: a set, ordered by id, then signature.
 * @see Constellation node, `Signed.proofs`
 */
export function proofSet(proofs: readonly Proof[]): readonly Proof[] {
  const keyed = proofs.map(({ id, signature }) => [`${id} ${signature}`, { id, signature }] as const)
  return [...new Map(keyed)].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, proof]) => proof)
}

/** Adds the address to each proof. @throws PublicKeyInvalidError for an id that no signature can verify under */
export const withAddresses = (proofs: readonly Proof[]): readonly EngineProof[] =>
  proofs.map((proof) => ({ ...proof, address: addressFromId(proof.id) }))

/** The envelope of an update, as the queue shows it and the log keeps it. */
export const envelopeOf = ({ wire, proofs }: Update): Signed<JsonObject> => ({
  value: wire,
  proofs: proofs.map(({ id, signature }) => ({ id, signature })),
})
