// Sentences are read by many small patterns and the code between them. A pattern that holds all of a sentence is
// nearer at hand, but the engine compiles it at its first use, in time that grows faster than its length: it copies
// what stands behind a choice, and the body of a loop that has three rounds at most (so loops have `{0,4}`).

export type Groups = Readonly<Record<string, string | undefined>>

/** A stretch of a text, with what the named groups of its patterns took. */
export type Match = { readonly start: number; readonly end: number; readonly groups: Groups }

/** Every place of a text where something is said. */
export type Finder = (text: string) => readonly Match[]

/** What is read from one position on; undefined where something else stands there. */
export type Reader = (text: string, at: number) => Match | undefined

const none: readonly Match[] = []

/** Reads what a pattern takes. */
export function reader(source: string): Reader {
  const pattern = new RegExp(source, 'y')
  return (text, at) => matchFrom(pattern, text, at)
}

/** Reads one thing after the other; none of them is read in another way because the next is missing. */
export const inTurn =
  (...readers: readonly Reader[]): Reader =>
  (text, start) => {
    let match: Match = { start, end: start, groups: {} }
    for (const read of readers) {
      const next = read(text, match.end)
      if (next === undefined) return undefined
      match = { start, end: next.end, groups: { ...match.groups, ...next.groups } }
    }
    return match
  }

/** The first that is there. */
export const oneOf =
  (...readers: readonly Reader[]): Reader =>
  (text, at) => {
    for (const read of readers) {
      const match = read(text, at)
      if (match !== undefined) return match
    }
    return undefined
  }

/** Finds what a global pattern matches. */
export const finder =
  (pattern: RegExp): Finder =>
  (text) => {
    let match = matchFrom(pattern, text, 0)
    if (match === undefined) return none
    const found: Match[] = []
    for (; match !== undefined; match = matchFrom(pattern, text, Math.max(match.end, match.start + 1)))
      found.push(match)
    return found
  }

/** Finds the same, and has it at hand while the same text is read: for what many wordings begin with. */
export function remembered(find: Finder): Finder {
  let last: { readonly text: string; readonly found: readonly Match[] } = { text: '', found: none }
  return (text) => {
    if (text !== last.text) last = { text, found: find(text) }
    return last.found
  }
}

/** What `find` finds, where all of `behind` can be read behind it. */
export function followed(find: Finder, ...behind: readonly Reader[]): Finder {
  const rest = inTurn(...behind)
  return (text) => {
    const heads = find(text)
    if (heads.length === 0) return none
    let end = 0
    return heads.flatMap((head) => {
      const tail = head.start < end ? undefined : rest(text, head.end)
      if (tail === undefined) return none
      end = tail.end
      return { start: head.start, end, groups: { ...head.groups, ...tail.groups } }
    })
  }
}

/** What either of them finds. */
export const finders =
  (...all: readonly Finder[]): Finder =>
  (text) =>
    all.flatMap((find) => find(text))

function matchFrom(pattern: RegExp, text: string, at: number): Match | undefined {
  pattern.lastIndex = at
  const match = pattern.exec(text)
  return match === null
    ? undefined
    : { start: match.index, end: match.index + match[0].length, groups: match.groups ?? {} }
}
