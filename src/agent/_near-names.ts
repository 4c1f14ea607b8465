/** Longer words are no slip of a finger, and would take long to compare. */
const maxLength = 128

/**
 * Which names somebody may have meant: at most three, the nearest first. Two words are near while at most a third of the
 * letters differ; `_`, `-`, `.` and case count as no difference, and of names that are one without them the nearest is
 * told.
 * @example nearNames('fs.raed', ['fs.read', 'FS.Read', 'grep']) // ['fs.read']
 */
export function nearNames(word: string, names: readonly string[]): readonly string[] {
  if (word.length > maxLength) return []
  const plain = plainOf(word)
  const most = Math.max(1, Math.floor(plain.length / 3))
  const near = names
    .map((name) => ({ name, plain: plainOf(name) }))
    .map((one) => ({
      ...one,
      distance: distanceOf(plain, one.plain, most),
      asIs: distanceOf(word, one.name, maxLength),
    }))
    .filter(({ distance }) => distance <= most)
    .toSorted((a, b) => a.distance - b.distance || a.asIs - b.asIs || (a.name < b.name ? -1 : 1))
  const firsts = near.filter((one, index) => near.findIndex((other) => other.plain === one.plain) === index)
  return firsts.slice(0, 3).map(({ name }) => name)
}

const plainOf = (name: string): string => name.toLowerCase().replaceAll(/[._-]/g, '')

/**
 * How many letters to change, add, leave out, or swap with their neighbour; anything above `most` where that is certain.
 * @see Damerau 1964; the variant that edits no place twice ("optimal string alignment")
 */
function distanceOf(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1
  let older: readonly number[] = []
  let old: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1]
      const isSwapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      current[column] = Math.min(
        at(old, column) + 1,
        at(current, column - 1) + 1,
        at(old, column - 1) + (isSame ? 0 : 1),
        isSwapped ? at(older, column - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    older = old
    old = current
  }
  return at(old, b.length)
}

const at = (row: readonly number[], column: number): number => row[column] ?? Number.POSITIVE_INFINITY
