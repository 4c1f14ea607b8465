/** An ECDSA signature as its two numbers. */
export type EcdsaSignature = { readonly r: bigint; readonly s: bigint }

/**
 * The one DER text of a signature: SEQUENCE of two INTEGERs, each minimal. Both numbers below 2^256.
 * @see RFC 3279 §2.2.3, ITU-T X.690 §8.3 and §10
 */
export function encodeDer({ r, s }: EcdsaSignature): Uint8Array {
  const body = [...encodeInteger(r), ...encodeInteger(s)]
  return Uint8Array.of(0x30, body.length, ...body)
}

/** The signature that DER bytes hold; undefined unless `encodeDer` of it gives these very bytes. */
export function decodeDer(bytes: Uint8Array): EcdsaSignature | undefined {
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2) return undefined
  const r = decodeInteger(bytes, 2)
  if (r === undefined) return undefined
  const s = decodeInteger(bytes, r.end)
  return s?.end === bytes.length ? { r: r.value, s: s.value } : undefined
}

function encodeInteger(value: bigint): number[] {
  const digits = value.toString(16)
  const magnitude = [...Buffer.from(digits.padStart(digits.length + (digits.length % 2), '0'), 'hex')]
  // A leading bit of 1 would mean a negative number.
  const content = (magnitude[0] ?? 0) >= 0x80 ? [0, ...magnitude] : magnitude
  return [0x02, content.length, ...content]
}

function decodeInteger(bytes: Uint8Array, start: number): { value: bigint; end: number } | undefined {
  const length = bytes[start + 1]
  // 33 bytes hold 2^256 - 1 with its sign; so a length of more than one byte never occurs.
  if (bytes[start] !== 0x02 || length === undefined || length < 1 || length > 33) return undefined
  const content = bytes.subarray(start + 2, start + 2 + length)
  const [first, second] = content
  // One that ends too soon is caught by the caller: `end` then lies beyond the last byte.
  if (first === undefined || first >= 0x80) return undefined
  if (first === 0 && second !== undefined && second < 0x80) return undefined // a zero that no sign needs
  if (length === 33 && first !== 0) return undefined
  return { value: BigInt(`0x${Buffer.from(content).toString('hex')}`), end: start + 2 + length }
}
