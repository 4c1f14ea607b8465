import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { SpecFault } from './errors.ts'

/** More files than that in one folder are a mistake. */
const maxFiles = 1_000

/**
 * The files of agents in a folder of declarations, sorted by name: `agents/*.yml` and `*.yaml`. None where there is no
 * such folder. Rejects where it cannot be listed.
 */
export async function listAgentFiles(dir: string): Promise<readonly string[]> {
  const folder = join(dir, 'agents')
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  const files = names.filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('.'))
  return files
    .toSorted()
    .slice(0, maxFiles)
    .map((name) => join(folder, name))
}

/** A file or a folder that cannot be read, as a fault of its first place. The system's own words could quote a path. */
export function readFault(file: string, error: unknown): SpecFault {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const fact =
    code === 'ENOENT'
      ? 'there is no such file'
      : code === 'EACCES'
        ? 'this user may not read it'
        : 'it cannot be read as a plain file of UTF-8 text of at most 256 KiB'
  return { file, line: 1, column: 1, path: '', fact }
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'

/**
 * The text of a plain file. Rejects where it is none, has more bytes, or is not UTF-8; what is asked for is not waited
 * for, as a pipe would have us do.
 */
export async function readTextFile(path: string, maxBytes: number): Promise<string> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  if (!(await file.stat()).isFile()) throw new TypeError('It is no plain file.')
  const buffer = Buffer.alloc(maxBytes + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
    if (length > maxBytes) throw new RangeError(`It has more than ${maxBytes} bytes.`)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
}
