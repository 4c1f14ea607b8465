import { PermissionDeniedError } from '../policy/errors.ts'

/** Of a path, in UTF-8. @see PATH_MAX in Linux's limits.h */
const maxPathBytes = 4_096
/** Of one name in it. @see NAME_MAX there */
const maxNameBytes = 255

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const controls = /[\u0000-\u001f\u007f-\u009f]/

/**
 * The names on the way to a path inside a folder, by its text alone; none for the folder itself. `a/../b` is `b`: links
 * are refused anyway, so that a name never leads elsewhere.
 * @throws PermissionDeniedError with rule `sandbox`
 * @example parsePath('./src//main.ts') // ['src', 'main.ts']
 */
export function parsePath(path: string): string[] {
  if (path.startsWith('/')) throw refused('The path is absolute; give one relative to your folder.')
  const fault = textFault(path)
  if (fault !== undefined) throw refused(fault)
  const names: string[] = []
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue
    if (name !== '..') names.push(name)
    else if (names.pop() === undefined) throw refused('The path leads out of your folder.')
  }
  const tooLong = names.some((name) => Buffer.byteLength(name) > maxNameBytes)
  if (tooLong) throw refused(`A name in the path is longer than ${maxNameBytes} bytes.`)
  return names
}

/** Can the path of a file be said to a tool? A program may have made files whose names cannot. */
export const isPlainPath = (path: string): boolean => !path.startsWith('/') && textFault(path) === undefined

function textFault(path: string): string | undefined {
  if (!path.isWellFormed()) return 'The path is not Unicode.'
  if (controls.test(path)) return 'The path has a control character.'
  // To one system it parts names, to another it belongs to one: who reads it must not be able to differ.
  if (path.includes('\\')) return 'The path has a backslash; names are parted by /.'
  // On Windows it names a drive or a second stream of a file.
  if (process.platform === 'win32' && path.includes(':')) return 'The path has a colon.'
  return Buffer.byteLength(path) > maxPathBytes ? `The path is longer than ${maxPathBytes} bytes.` : undefined
}

/** What lies outside, and why. */
export const refused = (fact: string): PermissionDeniedError => new PermissionDeniedError('sandbox', { fact })
