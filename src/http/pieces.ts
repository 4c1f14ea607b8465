/** At six bytes a unit, the most that JSON makes of one, a line with a piece in it stays below 64 KiB: some readers take no longer lines. */
const maxLength = 8_192

/** A text in parts that no reader finds too long; none for an empty one. A surrogate pair stays together. */
export function* pieces(text: string): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const end = Math.min(at + maxLength, text.length)
    const isPairCut = end < text.length && /[\ud800-\udbff]/.test(text.charAt(end - 1))
    const next = isPairCut ? end - 1 : end
    yield text.slice(at, next)
    at = next
  }
}
