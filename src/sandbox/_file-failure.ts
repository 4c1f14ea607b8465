import { BaseError } from '../core/errors.ts'
import { FileNotFoundError, ToolFailedError } from './errors.ts'
import { refused } from './paths.ts'

/** The code of an error of the system, such as `ENOENT`. */
export const systemCode = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

/** What the system says of files, and what an agent should read of it. @see errno(3) */
const facts: Readonly<Record<string, string>> = {
  ENOSPC: 'The disk is full: nothing was changed.',
  EDQUOT: 'The disk is full: nothing was changed.',
  EROFS: 'The folder cannot be written.',
  EACCES: 'The file may not be used.',
  EPERM: 'The file may not be used.',
  EISDIR: 'The path is that of a folder.',
  ENOTEMPTY: 'The path is that of a folder.',
  ENAMETOOLONG: 'The name is too long.',
  EMFILE: 'Too many files are open.',
  ENFILE: 'Too many files are open.',
}

/** An error of a file operation as a tool tells it: without a path of this machine. */
export function fileFailure(error: unknown, path: string): BaseError {
  if (error instanceof BaseError) return error
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR') return new FileNotFoundError(path)
  if (code === 'ELOOP') return refused('The path goes over a link.')
  if (code === 'ENXIO') return refused('The path is that of no regular file.')
  const fact = Object.hasOwn(facts, code) ? facts[code] : undefined
  return new ToolFailedError(fact ?? 'The file cannot be used.', {
    cause: error,
    details: { path: path.slice(0, 200) },
  })
}
