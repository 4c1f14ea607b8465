import { createCipheriv, createDecipheriv } from 'node:crypto'
import forge from 'node-forge'
import type { BerNode } from './ber.ts'
import { childAt, octetsOf, oidOf, smallIntOf } from './ber.ts'
import { objectId, octetString, sequence, smallInteger } from './der.ts'
import { KeystoreUnreadableError } from './errors.ts'
import { derivePbkdf2, derivePkcs12Key, purposes, sha1 } from './kdf.ts'
import { oids } from './oids.ts'

type Decrypt = (key: Uint8Array, iv: Uint8Array, encrypted: Uint8Array) => Buffer
type Cipher = { readonly keyBytes: number; readonly decrypt: Decrypt }

const nodeCipher = (name: string, keyBytes: number): Cipher => ({
  keyBytes,
  decrypt(key, iv, encrypted) {
    const decipher = createDecipheriv(name, key, iv)
    return joinAndZero([decipher.update(encrypted), decipher.final()])
  },
})

/** RC2 sits in OpenSSL's legacy provider, out of node:crypto's reach; forge brings it. Stores use it for certificates. */
const rc2Cipher = (keyBytes: number): Cipher => ({
  keyBytes,
  decrypt(key, iv, encrypted) {
    const binary = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')
    const cipher = forge.rc2.createDecryptionCipher(binary(key), keyBytes * 8)
    cipher.start(binary(iv))
    cipher.update(forge.util.createBuffer(binary(encrypted)))
    if (!cipher.finish()) throw new KeystoreUnreadableError()
    return Buffer.from(cipher.output.getBytes(), 'latin1')
  },
})

/** Ciphers whose key and IV both come from the PKCS#12 derivation with SHA-1. @see RFC 7292 appendix C */
const pkcs12Ciphers: Readonly<Record<string, Cipher>> = {
  '1.2.840.113549.1.12.1.3': nodeCipher('des-ede3-cbc', 24),
  '1.2.840.113549.1.12.1.5': rc2Cipher(16),
  '1.2.840.113549.1.12.1.6': rc2Cipher(5),
}

/** Ciphers of PBES2. @see RFC 8018 appendix B.2 */
const pbes2Ciphers: Readonly<Record<string, Cipher>> = {
  '1.2.840.113549.3.7': nodeCipher('des-ede3-cbc', 24),
  '2.16.840.1.101.3.4.1.2': nodeCipher('aes-128-cbc', 16),
  '2.16.840.1.101.3.4.1.22': nodeCipher('aes-192-cbc', 24),
  [oids.aes256Cbc]: nodeCipher('aes-256-cbc', 32),
}

/** Pseudo-random functions of PBKDF2 by the hash inside. @see RFC 8018 appendix B.1 */
const prfHashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  [oids.hmacSha256]: 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
}

/**
 * Decrypts what an AlgorithmIdentifier of PKCS#12 or PBES2 describes. The caller zeroes the result.
 * @throws KeystoreUnreadableError for an unknown algorithm, or node:crypto's error for bad padding.
 */
export function decryptPbe(algorithm: BerNode, encrypted: Uint8Array, password: string): Buffer {
  const id = oidOf(childAt(algorithm, 0))
  const parameters = childAt(algorithm, 1, 0x30)
  return id === oids.pbes2
    ? decryptPbes2(parameters, encrypted, password)
    : decryptPkcs12(known(pkcs12Ciphers, id), { parameters, encrypted, password })
}

type Pkcs12Encrypted = { parameters: BerNode; encrypted: Uint8Array; password: string }

function decryptPkcs12(cipher: Cipher, { parameters, encrypted, password }: Pkcs12Encrypted): Buffer {
  const salt = octetsOf(childAt(parameters, 0))
  const iterations = smallIntOf(childAt(parameters, 1))
  const shared = { digest: sha1, password, salt, iterations }
  const key = derivePkcs12Key({ ...shared, purpose: purposes.key, bytes: cipher.keyBytes })
  const iv = derivePkcs12Key({ ...shared, purpose: purposes.iv, bytes: 8 })
  return withKey(key, () => cipher.decrypt(key, iv, encrypted))
}

function decryptPbes2(parameters: BerNode, encrypted: Uint8Array, password: string): Buffer {
  const [derivation, encryption] = [childAt(parameters, 0), childAt(parameters, 1)]
  if (oidOf(childAt(derivation, 0)) !== oids.pbkdf2) throw new KeystoreUnreadableError()
  const cipher = known(pbes2Ciphers, oidOf(childAt(encryption, 0)))
  const [salt, iterations, ...optional] = childAt(derivation, 1, 0x30).children
  if (salt === undefined || iterations === undefined) throw new KeystoreUnreadableError()
  // keyLength (INTEGER) may stand before the function; the cipher already fixes it. The default is HMAC-SHA-1.
  const prf = optional.find(({ tag }) => tag === 0x30)
  const key = derivePbkdf2({
    hashName: prf === undefined ? 'sha1' : known(prfHashes, oidOf(childAt(prf, 0))),
    password,
    salt: octetsOf(salt),
    iterations: smallIntOf(iterations),
    bytes: cipher.keyBytes,
  })
  return withKey(key, () => cipher.decrypt(key, octetsOf(childAt(encryption, 1)), encrypted))
}

export type EncryptOptions = {
  readonly password: string
  readonly iterations: number
  readonly randomBytes: (size: number) => Uint8Array
}

/** Encrypts by PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC; gives the AlgorithmIdentifier (DER) beside the bytes. */
export function encryptPbes2(plain: Uint8Array, { password, iterations, randomBytes }: EncryptOptions) {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const key = derivePbkdf2({ hashName: 'sha256', password, salt, iterations, bytes: 32 })
  const encrypted = withKey(key, () => {
    const cipher = createCipheriv('aes-256-cbc', key, iv)
    return Buffer.concat([cipher.update(plain), cipher.final()])
  })
  const prf = sequence(objectId(oids.hmacSha256), Uint8Array.of(0x05, 0x00))
  const derivation = sequence(objectId(oids.pbkdf2), sequence(octetString(salt), smallInteger(iterations), prf))
  const encryption = sequence(objectId(oids.aes256Cbc), octetString(iv))
  return { algorithm: sequence(objectId(oids.pbes2), sequence(derivation, encryption)), encrypted }
}

function known<T>(table: Readonly<Record<string, T>>, id: string): T {
  const entry = Object.hasOwn(table, id) ? table[id] : undefined
  if (entry === undefined) throw new KeystoreUnreadableError()
  return entry
}

function withKey<T>(key: Uint8Array, work: () => T): T {
  try {
    return work()
  } finally {
    key.fill(0)
  }
}

function joinAndZero(parts: Buffer[]): Buffer {
  const joined = Buffer.concat(parts)
  for (const part of parts) part.fill(0)
  return joined
}
