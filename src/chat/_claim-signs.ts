/** What is written for each of several signs: by free signs of Latin-1, as NFKC leaves no `¯`, `¹` or `¼` in a text. */
const groups: readonly (readonly [string, string])[] = [
  ["'", '\u2018\u2019\u02bc'],
  ['"', '\u201c\u201d\u201e\u00ab\u00bb'],
  ['', '\u200b\u200c\u200d\u2060\ufe0e\ufe0f\u20e3'],
  ['¯', '–—'],
  ['»', '→➡⇒⟶'],
  ['«', '←'],
  ['·', '•'],
  ['¹', '✅✔☑✓'],
  ['²', '❌✖❎'],
  ['³', '⭕'],
]
const signs = new Map(groups.flatMap(([written, all]) => Array.from(all, (sign) => [sign, written] as const)))

/**
 * A text in Latin-1: dashes as `¯`, arrows as `»` and `«`, ticks `¹`, crosses `²`, circles `³`, other pictures `¼`,
 * letters and digits `ÿ`, anything else `½`. The engine compiles a pattern once for texts of one byte a character and
 * once more for other texts, so all that the patterns read is made the former.
 * @param text in NFKC
 */
export const toLatin = (text: string): string =>
  Buffer.from(
    text.replace(/[«»\u{100}-\u{10ffff}]/gu, (sign) => signs.get(sign) ?? kindOf(sign)),
    'latin1',
  )
    // A string cut from one with wider characters keeps their width; one that is read from bytes does not.
    .toString('latin1')

function kindOf(sign: string): string {
  if (/\s/.test(sign)) return ' '
  if (/\p{Extended_Pictographic}|[\u{1f3fb}-\u{1f3ff}]/u.test(sign)) return '¼'
  return /[\p{L}\p{N}]/u.test(sign) ? 'ÿ' : '½'
}
