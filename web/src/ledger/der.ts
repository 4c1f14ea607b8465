import { hexOf } from './hex.ts'

/** An ECDSA signature as its two numbers. */
type EcdsaSignature = { readonly r: bigint; readonly s: bigint }

/**
 * The signature that strict DER bytes hold; undefined for any other form, as a node refuses it.
 * @see RFC 3279 §2.2.3, ITU-T X.690 §8.3 and §10
 */
export function decodeDer(bytes: Uint8Array): EcdsaSignature | undefined {
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2) return undefined
  const r = decodeInteger(bytes, 2)
  if (r === undefined) return undefined
  const s = decodeInteger(bytes, r.end)
  return s?.end === bytes.length ? { r: r.value, s: s.value } : undefined
}

function decodeInteger(bytes: Uint8Array, start: number): { value: bigint; end: number } | undefined {
  const length = bytes[start + 1]
  if (bytes[start] !== 0x02 || length === undefined || length < 1 || length > 33) return undefined
  const content = bytes.subarray(start + 2, start + 2 + length)
  const [first, second] = content
  if (first === undefined || first >= 0x80) return undefined
  if (first === 0 && second !== undefined && second < 0x80) return undefined // a zero that no sign needs
  if (length === 33 && first !== 0) return undefined
  return { value: BigInt(`0x${hexOf(content)}`), end: start + 2 + length }
}
