import { BaseError } from '../core/errors.ts'
import type { JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import type { Proof, Signed } from '../signing/signed.ts'

/** The body is not a message with its proofs. */
export class EnvelopeUndecodableError extends BaseError {
  override readonly code = 'ENVELOPE_UNDECODABLE'
  override readonly kind = 'invalid'
  constructor(fault: string) {
    super(fault, { hint: 'Send {"value": message, "proofs": [{"id", "signature"}, …]}.' })
  }
}

const maxProofs = 64 // verifying them takes 15 ms; a thousand would be an attack

/**
 * Reads the body of a POST: `{ value, proofs }`, or that inside `{ data, fee }`. Unknown members are ignored.
 * @throws EnvelopeUndecodableError also for no proof, more than 64, or a fee: nothing here costs one
 * @see Constellation Data L1, POST /data
 */
export function parseEnvelope(body: JsonValue): Signed<JsonValue> {
  const outer = asObject(body, 'The body')
  const data = member(outer, 'data')
  if (data === undefined) return parseSigned(outer)
  if ((member(outer, 'fee') ?? null) !== null) throw new EnvelopeUndecodableError('Fee transactions are not taken.')
  return parseSigned(asObject(data, 'data'))
}

function parseSigned(envelope: ReturnType<typeof asObject>): Signed<JsonValue> {
  const value = member(envelope, 'value')
  const proofs = member(envelope, 'proofs')
  if (value === undefined) throw new EnvelopeUndecodableError('value is missing.')
  if (!isJsonArray(proofs) || proofs.length === 0) throw new EnvelopeUndecodableError('proofs is no list with a proof.')
  if (proofs.length > maxProofs) throw new EnvelopeUndecodableError(`There are more than ${maxProofs} proofs.`)
  return { value, proofs: proofs.map(parseProof) }
}

function parseProof(json: JsonValue): Proof {
  const proof = asObject(json, 'A proof')
  const id = member(proof, 'id')
  const signature = member(proof, 'signature')
  if (typeof id !== 'string' || typeof signature !== 'string')
    throw new EnvelopeUndecodableError('A proof has an id and a signature, both texts.')
  return { id, signature }
}

function asObject(json: JsonValue, name: string) {
  if (!isJsonObject(json)) throw new EnvelopeUndecodableError(`${name} is no object.`)
  return json
}
