/** Bytes as lower-case hex. */
export const encodeHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

/** Hex of either case as bytes; undefined for an odd digit count, any other character, or no digit at all. */
export function decodeHex(text: string): Uint8Array | undefined {
  if (text.length === 0 || text.length % 2 !== 0 || !/^[0-9a-fA-F]+$/.test(text)) return undefined
  return new Uint8Array(Buffer.from(text, 'hex'))
}
