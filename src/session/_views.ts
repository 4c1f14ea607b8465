/** A text as it reads once its escapes are undone, and where each of its characters comes from. */
export type View = {
  readonly text: string
  /** Begin in the original of the character at an index; the original's length at the end. */
  startOf(index: number): number
}

/** JSON in JSON in JSON: what is nested deeper is read by nobody. */
const maxLevels = 4
const escapes = /\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g
const meanings: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

/** The text as it is, and as it reads with the escapes of JSON strings undone once, twice and so on, while that differs. */
export function toViews(text: string): readonly View[] {
  const views: View[] = [{ text, startOf: (index) => index }]
  for (let view = views[0]; view?.text.includes('\\') && views.length <= maxLevels; view = views.at(-1)) {
    const undone = undoEscapes(view)
    if (undone.text === view.text) break
    views.push(undone)
  }
  return views
}

function undoEscapes(view: View): View {
  const starts = new Uint32Array(view.text.length + 1)
  const pieces: string[] = []
  let read = 0
  let written = 0
  const take = (piece: string, from: number, step: 0 | 1) => {
    for (let index = 0; index < piece.length; index++) starts[written + index] = view.startOf(from + index * step)
    pieces.push(piece)
    written += piece.length
  }
  for (const match of view.text.matchAll(escapes)) {
    const [all, hex, letter = ''] = match
    take(view.text.slice(read, match.index), read, 1)
    take(
      hex === undefined ? (meanings[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16)),
      match.index,
      0,
    )
    read = match.index + all.length
  }
  take(view.text.slice(read), read, 1)
  starts[written] = view.startOf(view.text.length)
  return { text: pieces.join(''), startOf: (index) => starts[index] ?? view.startOf(view.text.length) }
}
