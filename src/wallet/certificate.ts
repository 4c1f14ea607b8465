import { createPrivateKey, sign, X509Certificate } from 'node:crypto'
import { idFromPublicKey, spkiFromId } from '../signing/address.ts'
import { bitString, der, explicit, objectId, sequence, setOf, smallInteger, time, utf8String } from './der.ts'
import type { KeyPair } from './ec-key.ts'
import { encodePrivateKeyInfo } from './ec-key.ts'
import { oids } from './oids.ts'

export type CertificateInput = {
  readonly keyPair: KeyPair
  readonly nowMs: number
  readonly randomBytes: (size: number) => Uint8Array
}

/** As long as the Constellation keytool's: nobody checks it, and an expired one would only get in the way. */
const validityMs = 365_000 * 86_400_000

/**
 * A self-signed X.509 v3 certificate (DER) without extensions. The JDK and the Constellation tools take no key without one.
 * @see RFC 5280 §4.1, Constellation keytool (names, serial, validity, signature algorithm)
 */
export function createCertificate({ keyPair, nowMs, randomBytes }: CertificateInput): Uint8Array {
  const name = sequence(
    attribute(oids.commonName, 'constellationnetwork.io'),
    attribute(oids.organization, 'Constellation Labs'),
  )
  const algorithm = sequence(objectId(oids.ecdsaWithSha512))
  const toSign = sequence(
    explicit(0, smallInteger(2)),
    serialNumber(randomBytes),
    algorithm,
    name,
    sequence(time(nowMs), time(nowMs + validityMs)),
    name,
    spkiFromId(idFromPublicKey(keyPair.publicKeyHex)),
  )
  return sequence(toSign, algorithm, bitString(signDer(toSign, keyPair)))
}

const attribute = (type: string, value: string) => setOf(sequence(objectId(type), utf8String(value)))

/** Eight random bytes, the first between 0x40 and 0x7f: positive and minimal, as DER wants it. */
function serialNumber(randomBytes: (size: number) => Uint8Array): Uint8Array {
  const [first = 0, ...rest] = randomBytes(8)
  return der(0x02, Uint8Array.of((first & 0x3f) | 0x40, ...rest))
}

function signDer(bytes: Uint8Array, keyPair: KeyPair): Uint8Array {
  const info = encodePrivateKeyInfo(keyPair)
  try {
    return sign('sha512', bytes, createPrivateKey({ key: info, format: 'der', type: 'pkcs8' }))
  } finally {
    info.fill(0)
  }
}

/**
 * The public key a certificate (DER) is for, if it is a secp256k1 key: 130 hex digits; else undefined.
 * @throws node:crypto's error for what is no certificate
 */
export function publicKeyOfCertificate(certificate: Uint8Array): string | undefined {
  const { crv, x, y } = new X509Certificate(certificate).publicKey.export({ format: 'jwk' })
  if (crv !== 'secp256k1' || x === undefined || y === undefined) return undefined
  return `04${Buffer.from(x, 'base64url').toString('hex')}${Buffer.from(y, 'base64url').toString('hex')}`
}
