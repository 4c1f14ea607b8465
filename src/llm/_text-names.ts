/** A name of ours, and whether it was written just so. */
export type NameMatch = { readonly name: string; readonly isExact: boolean }

/** Case, underscores, dashes and dots do not tell names apart: `game_id`, `game-id` and `gameId` are one. */
export const fold = (name: string): string => name.toLowerCase().replace(/[._-]/g, '')

/** Some models put the name space of their training before a name. */
const nameSpace = /^(?:functions|tools)\./i

/** The one of `names` that is meant: written exactly, else folded. Never the nearest, and nothing where two fold alike. */
export function matchName(name: string, names: readonly string[]): NameMatch | undefined {
  if (names.includes(name)) return { name, isExact: true }
  const wanted = fold(name.trim().replace(nameSpace, ''))
  const [match, ...others] = names.filter((one) => fold(one) === wanted)
  return match === undefined || others.length > 0 ? undefined : { name: match, isExact: false }
}
