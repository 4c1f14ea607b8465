import { createHmac, hash } from 'node:crypto'
import { isPrivateKey, publicKeyHexFromPrivate } from '../signing/ecdsa.ts'
import { createCertificate } from './certificate.ts'
import { bmpString, der, explicit, objectId, octetString, sequence, setOf, smallInteger } from './der.ts'
import type { KeyPair } from './ec-key.ts'
import { encodePrivateKeyInfo } from './ec-key.ts'
import { derivePkcs12Key, purposes, sha256 } from './kdf.ts'
import { oids } from './oids.ts'
import { assertNewPassword } from './password.ts'
import type { EncryptOptions } from './pbe.ts'
import { encryptPbes2 } from './pbe.ts'

export type WriteKeystoreInput = {
  /** 32 bytes; stays the caller's to zero. */
  readonly privateKey: Uint8Array
  readonly alias: string
  readonly password: string
  readonly randomBytes: (size: number) => Uint8Array
  /** The certificate is valid from here on. */
  readonly nowMs: number
}

/** What JDK 17 writes, and what every reader takes without a legacy switch. */
const iterations = 10_000

/**
 * A PKCS#12 store with one secp256k1 key and its self-signed certificate, as OpenSSL 3, the JDK, BouncyCastle and the
 * Constellation tools read it: PBES2 (PBKDF2-HMAC-SHA-256, AES-256-CBC) for both, MAC by HMAC-SHA-256, 10,000 rounds each.
 * @throws WalletPasswordError for an empty password or one beyond printable ASCII, SigningFailedError for no private key
 * @see RFC 7292 §4
 */
export function writeKeystore({ privateKey, alias, password, randomBytes, nowMs }: WriteKeystoreInput): Uint8Array {
  assertNewPassword(password)
  const keyPair = { privateKey, publicKeyHex: publicKeyHexFromPrivate(privateKey) }
  const certificate = createCertificate({ keyPair, nowMs, randomBytes })
  const attributes = bagAttributes(alias, hash('sha1', certificate, 'buffer'))
  const options = { password, iterations, randomBytes }
  const contents = sequence(
    contentInfo(oids.data, octetString(keyContents(keyPair, attributes, options))),
    contentInfo(oids.encryptedData, certificateContents(certificate, attributes, options)),
  )
  const authSafe = contentInfo(oids.data, octetString(contents))
  return sequence(smallInteger(3), authSafe, macData(contents, options))
}

/** A private key by rejection: uniform over the valid ones. @see SEC 1 §3.2.1 */
export function randomPrivateKey(randomBytes: (size: number) => Uint8Array): Uint8Array {
  for (;;) {
    const candidate = randomBytes(32)
    if (isPrivateKey(candidate)) return candidate
  }
}

const contentInfo = (type: string, content: Uint8Array) => sequence(objectId(type), explicit(0, content))

/** The same on both bags: `localKeyID` is how a reader finds the certificate of a key. */
const bagAttributes = (alias: string, localKeyId: Uint8Array) =>
  setOf(
    sequence(objectId(oids.friendlyName), setOf(bmpString(alias))),
    sequence(objectId(oids.localKeyId), setOf(octetString(localKeyId))),
  )

function keyContents(keyPair: KeyPair, attributes: Uint8Array, options: EncryptOptions): Uint8Array {
  const plain = encodePrivateKeyInfo(keyPair)
  const { algorithm, encrypted } = encryptPbes2(plain, options)
  plain.fill(0)
  const shrouded = sequence(algorithm, octetString(encrypted))
  return sequence(sequence(objectId(oids.shroudedKeyBag), explicit(0, shrouded), attributes))
}

function certificateContents(certificate: Uint8Array, attributes: Uint8Array, options: EncryptOptions): Uint8Array {
  const bag = sequence(objectId(oids.x509Certificate), explicit(0, octetString(certificate)))
  const plain = sequence(sequence(objectId(oids.certBag), explicit(0, bag), attributes))
  const { algorithm, encrypted } = encryptPbes2(plain, options)
  const content = sequence(objectId(oids.data), algorithm, der(0x80, encrypted))
  return sequence(smallInteger(0), content)
}

function macData(contents: Uint8Array, { password, randomBytes }: EncryptOptions): Uint8Array {
  const salt = randomBytes(20)
  const key = derivePkcs12Key({ digest: sha256, password, salt, iterations, purpose: purposes.mac, bytes: 32 })
  const mac = createHmac('sha256', key).update(contents).digest()
  key.fill(0)
  const algorithm = sequence(objectId(oids.sha256), Uint8Array.of(0x05, 0x00))
  return sequence(sequence(algorithm, octetString(mac)), octetString(salt), smallInteger(iterations))
}
