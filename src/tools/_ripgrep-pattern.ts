import { RE2JS } from 're2js'

/** What RE2 means by its classes: ASCII, where ripgrep means all of Unicode. Inside of brackets and outside. */
const classes: Readonly<Record<string, readonly [inside: string, outside: string]>> = {
  d: ['0-9', '[0-9]'],
  D: ['[^0-9]', '[^0-9]'],
  w: ['0-9A-Za-z_', '[0-9A-Za-z_]'],
  W: ['[^0-9A-Za-z_]', '[^0-9A-Za-z_]'],
  s: ['\\t\\n\\f\\r ', '[\\t\\n\\f\\r ]'],
  S: ['[^\\t\\n\\f\\r ]', '[^\\t\\n\\f\\r ]'],
}

/** To ripgrep these are escaped; before others a backslash is an error, or begins something else (`\<`). */
const signs = '\\\\.+*?()|[]{}^$#&-~'

const outside =
  /(?<place>[\^$])|\\(?:(?<class>[dDwWsS])|(?<edge>b)|[tr]|(?<sign>[!-/:-@[-`{-~]))|(?<bracket>\[)|\(\?(?::|i\)|i:)|\((?!\?)|\{\d+(?:,\d*)?\}|[^\\[({]/uy
const inside = /\\(?:(?<class>[dDwWsS])|[tr]|(?<sign>[!-/:-@[-`{-~]))|(?<end>\])|-(?!-)|[^\\[\]&~-]/uy

/**
 * An expression that means to ripgrep what it means to RE2; undefined where it says more than is alike in both.
 * @param source one that RE2 takes
 * @see docs.rs/regex, Syntax
 */
export function toRipgrep(source: string): string | undefined {
  let made = ''
  let withoutPlaces = ''
  let isInside = false
  for (let at = 0; at < source.length; ) {
    const rule = isInside ? inside : outside
    rule.lastIndex = at
    const found = rule.exec(source)
    if (found === null) return undefined
    const { class: name, edge, place, sign, bracket, end } = found.groups ?? {}
    at = rule.lastIndex
    withoutPlaces += edge === undefined && place === undefined ? found[0] : '(?:)'
    if (name !== undefined) made += classes[name]?.[isInside ? 0 : 1]
    else if (edge !== undefined) made += `(?-u:\\${edge})`
    else if (sign !== undefined) made += signs.includes(sign) ? found[0] : sign
    else made += found[0]
    if (bracket !== undefined) {
      const negated = source[at] === '^' ? '^' : ''
      // What stands first may be itself and no sign.
      if (['[', ']', '-', ''].includes(source.charAt(at + negated.length))) return undefined
      made += negated
      withoutPlaces += negated
      at += negated.length
      isInside = true
    } else if (end !== undefined) isInside = false
  }
  // ripgrep tells of no empty match behind the last line, and RE2 does.
  return RE2JS.compile(withoutPlaces).matches('') ? undefined : made
}
