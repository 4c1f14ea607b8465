import { hash } from 'node:crypto'

/**
 * The bytes that are hashed for a message posted to `/data`: `0x19`, a fixed line, the length of the base64 text in
 * characters, and that base64 text of the canonical JSON.
 * @see Constellation data update, as dag4's `dataSign` frames it
 */
export const dataUpdateBytes = (canonical: string): Uint8Array => Buffer.from(dataUpdateText(canonical), 'latin1')

/** SHA-256 of any bytes, as 64 lower-case hex digits. */
export const hashBytes = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex')

/** The hash of a data update: what its proofs sign, and the name under which a node knows it. */
export const dataUpdateHash = (canonical: string): string => hash('sha256', dataUpdateText(canonical), 'hex')

/** The hash of a value outside `/data` (state hashes, generic signed objects): SHA-256 of the canonical text itself. */
export const plainHash = (canonical: string): string => hash('sha256', canonical, 'hex')

/**
 * The 32 bytes that ECDSA signs for a hash: the first half of SHA-512 over its hex **text**. A node runs ECDSA with
 * SHA-512 over those 64 characters, and a curve of 256 bits uses the leftmost 256 (FIPS 186-5 §6.4.1).
 */
export const signingDigest = (hashHex: string): Uint8Array =>
  new Uint8Array(hash('sha512', hashHex, 'buffer').subarray(0, 32))

function dataUpdateText(canonical: string): string {
  const base64 = Buffer.from(canonical, 'utf8').toString('base64')
  return `\x19Constellation Signed Data:\n${base64.length}\n${base64}`
}
