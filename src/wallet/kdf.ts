import { hash, pbkdf2Sync } from 'node:crypto'
import { KeystoreUnreadableError } from './errors.ts'
import { oids } from './oids.ts'

/** A hash by its name in node:crypto, with its output and block size in bytes. */
export type Digest = { readonly name: string; readonly outputBytes: number; readonly blockBytes: number }

/** The hash of every PKCS#12 cipher, and of the MAC of older stores. */
export const sha1: Digest = { name: 'sha1', outputBytes: 20, blockBytes: 64 }

/** The hash of the MAC in stores of today. */
export const sha256: Digest = { name: 'sha256', outputBytes: 32, blockBytes: 64 }

/** The hashes a store may use for its MAC, by object identifier. */
export const digests: Readonly<Record<string, Digest>> = {
  '1.3.14.3.2.26': sha1,
  [oids.sha256]: sha256,
  '2.16.840.1.101.3.4.2.2': { name: 'sha384', outputBytes: 48, blockBytes: 128 },
  '2.16.840.1.101.3.4.2.3': { name: 'sha512', outputBytes: 64, blockBytes: 128 },
}

/** Fifty times what the Constellation keytool writes; the count stands in a file that may be hostile. */
const maxIterations = 5_000_000

function assertIterations(iterations: number): void {
  if (iterations < 1 || iterations > maxIterations) throw new KeystoreUnreadableError()
}

/** What a derived key is for: the diversifier byte of the PKCS#12 derivation. @see RFC 7292 appendix B.3 */
export const purposes = { key: 1, iv: 2, mac: 3 } as const

export type Pkcs12KeyInput = {
  readonly digest: Digest
  readonly password: string
  readonly salt: Uint8Array
  readonly iterations: number
  readonly purpose: (typeof purposes)[keyof typeof purposes]
  readonly bytes: number
}

/**
 * A key derived the PKCS#12 way. The password counts as UTF-16BE with a closing zero.
 * @throws KeystoreUnreadableError for no iteration, or above 5,000,000.
 * @see RFC 7292 appendix B.2
 */
export function derivePkcs12Key({ digest, password, salt, iterations, purpose, bytes }: Pkcs12KeyInput): Buffer {
  assertIterations(iterations)
  const { name, outputBytes, blockBytes } = digest
  const diversifier = Buffer.alloc(blockBytes, purpose)
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16()
  const input = Buffer.concat([fillBlocks(salt, blockBytes), fillBlocks(secret, blockBytes)])
  const derived = Buffer.alloc(Math.ceil(bytes / outputBytes) * outputBytes)
  for (let at = 0; at < bytes; at += outputBytes) {
    let block = hash(name, Buffer.concat([diversifier, input]), 'buffer')
    for (let round = 1; round < iterations; round++) block = hash(name, block, 'buffer')
    derived.set(block, at)
    const addend = fillBlocks(block.subarray(0, blockBytes), blockBytes)
    for (let start = 0; start < input.length; start += blockBytes)
      addOnePlus(input.subarray(start, start + blockBytes), addend)
  }
  input.fill(0)
  secret.fill(0)
  return derived.subarray(0, bytes)
}

/** The bytes repeated to the next whole number of blocks; nothing stays nothing. */
function fillBlocks(bytes: Uint8Array, blockBytes: number): Buffer {
  const filled = Buffer.alloc(Math.ceil(bytes.length / blockBytes) * blockBytes)
  for (let i = 0; i < filled.length; i++) filled[i] = bytes[i % bytes.length] ?? 0
  return filled
}

/** `target = target + addend + 1`, as big-endian numbers of the same length, modulo their size. */
function addOnePlus(target: Uint8Array, addend: Uint8Array): void {
  let carry = 1
  for (let i = target.length - 1; i >= 0; i--) {
    carry += (target[i] ?? 0) + (addend[i] ?? 0)
    target[i] = carry & 0xff
    carry >>= 8
  }
}

export type Pbkdf2Input = {
  readonly hashName: string
  readonly password: string
  readonly salt: Uint8Array
  readonly iterations: number
  readonly bytes: number
}

/** PBKDF2. @throws KeystoreUnreadableError for no iteration, or above 5,000,000. @see RFC 8018 §5.2 */
export function derivePbkdf2({ hashName, password, salt, iterations, bytes }: Pbkdf2Input): Buffer {
  assertIterations(iterations)
  return pbkdf2Sync(password, salt, iterations, bytes, hashName)
}
