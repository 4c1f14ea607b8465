/**
 * A pattern of alternatives written over several lines; the line breaks, with the blanks beside them, are dropped.
 * @param lines what stands between `(?:` and `)`, as a raw string
 */
export const anyOf = (lines: string, { head = '\\b', tail = '\\b', flags = '' } = {}): RegExp =>
  new RegExp(`${head}(?:${joined(lines)})${tail}`, flags)

/** The text without its line breaks and the blanks beside them. */
export const joined = (lines: string): string => lines.replace(/ *\n */g, '')
