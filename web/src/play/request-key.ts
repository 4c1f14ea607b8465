import type { GameView } from '../api/client.ts'

/**
 * A new idempotency key, a UUID of version 4. `crypto.randomUUID` is there only for secure origins, so it is made from
 * random bytes. @see RFC 9562 §5.4
 */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

/** The key of the page's own move in a place of a game: any tab asks under the same one, so it is made once. */
export const autoKey = ({ gameId, roundCount, moveCount }: GameView): string =>
  `page:${gameId}:${roundCount}:${moveCount + 1}`
