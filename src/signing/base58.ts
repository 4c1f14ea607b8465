/** The alphabet of Bitcoin: no 0, O, I or l. @see draft-msporny-base58-03 §2 */
export const base58Alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** 58^9, the highest power that fits a number without loss: nine digits come from each division of a bigint. */
const chunkBase = 58 ** 9

/** Bytes as base58 in the alphabet of Bitcoin, one leading `1` per leading zero byte. @see draft-msporny-base58-03 §3 */
export function encodeBase58(bytes: Uint8Array): string {
  let rest = bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
  let text = ''
  while (rest > 0n) {
    const chunk = Number(rest % BigInt(chunkBase))
    rest /= BigInt(chunkBase)
    text = encodeChunk(chunk, rest === 0n ? 0 : 9) + text
  }
  const zeros = bytes.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros === -1 ? bytes.length : zeros) + text
}

function encodeChunk(chunk: number, width: number): string {
  let text = ''
  for (let rest = chunk; rest > 0; rest = Math.floor(rest / 58)) text = base58Alphabet.charAt(rest % 58) + text
  return text.padStart(width, '1')
}
