import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { lstat, open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, NewId } from '../core/clock.ts'
import { fileFailure } from './_file-failure.ts'
import type { Folder, Hold } from './_folder.ts'
import { holdHere, openFolder } from './_folder.ts'
import { createLine } from './_line.ts'
import { listFiles } from './_list-files.ts'
import { assertRegular } from './_regular.ts'
import { replaceFile } from './_replace-file.ts'
import { TooLargeError } from './errors.ts'
import { parsePath, refused } from './paths.ts'
import type { Files } from './sandbox.ts'

export type FilesOptions = {
  /** Absolute. Made with mode 0700 when it is first used. */
  readonly root: string
  /** Names backups. */
  readonly clock: Pick<Clock, 'nowMs'>
  readonly newId: NewId
  /** Of one file that is written; 10 MiB unless told. */
  readonly maxFileBytes?: number
  /** As the system allows unless told. */
  readonly hold?: Hold
}

/** A pipe would hold the opening until somebody writes; Windows has neither flag. */
const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** The files below one folder. No path leads out of it: each name is opened in the folder that was opened before it. */
export function createFiles(options: FilesOptions): Files {
  const { root, maxFileBytes = 10 * 1024 * 1024, hold = holdHere } = options
  const inLine = createLine()

  /** Does something with the last name of a path, in its folder. */
  const inside = async <T>(
    path: string,
    make: boolean,
    work: (folder: Folder, name: string) => Promise<T>,
  ): Promise<T> => {
    const names = parsePath(path)
    const name = names.pop()
    if (name === undefined) throw refused('The path is that of your folder itself.')
    const folder = await openFolder(root, names, { hold, make })
    return await work(folder, name).finally(() => folder.close())
  }
  const told = <T>(path: string, work: () => Promise<T>): Promise<T> =>
    work().catch((error: unknown) => {
      throw fileFailure(error, path)
    })

  return {
    read: (path, { offset = 0, maxBytes }) =>
      told(path, () => inside(path, false, (folder, name) => readPart(folder, name, { offset, maxBytes }))),
    async write(path, bytes) {
      if (bytes.length > maxFileBytes) throw new TooLargeError('The file', maxFileBytes)
      // One after another, or of two that come at once the first would be in no backup.
      return await inLine(parsePath(path).join('/'), () =>
        told(path, () => inside(path, true, (folder, name) => replaceFile(folder, name, bytes, options))),
      )
    },
    list: (path, { max, signal }) => listFiles(path, { max, signal, root, hold }),
    locate: (path) => told(path, async () => await locate(root, parsePath(path), hold)),
  }
}

async function readPart(
  folder: Folder,
  name: string,
  { offset, maxBytes }: { readonly offset: number; readonly maxBytes: number },
): Promise<{ bytes: Uint8Array; totalBytes: number; isCut: boolean }> {
  // Looked at first: to open some devices is to do something.
  assertRegular(await lstat(folder.at(name)))
  const handle = await open(folder.at(name), readFlags)
  try {
    const stats = await handle.stat()
    assertRegular(stats)
    await folder.verify()
    const wanted = Math.max(0, Math.min(maxBytes, stats.size - offset))
    const bytes = await readFully(handle, offset, wanted)
    return { bytes, totalBytes: stats.size, isCut: offset + bytes.length < stats.size }
  } finally {
    await handle.close()
  }
}

async function readFully(handle: FileHandle, offset: number, wanted: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(wanted)
  let length = 0
  while (length < wanted) {
    const { bytesRead } = await handle.read(bytes, length, wanted - length, offset + length)
    if (bytesRead === 0) break // somebody has cut it since
    length += bytesRead
  }
  return bytes.subarray(0, length)
}

async function locate(root: string, names: readonly string[], hold: Hold): Promise<string> {
  const last = names.at(-1)
  const folder = await openFolder(root, names.slice(0, -1), { hold })
  try {
    if (last !== undefined && (await lstat(folder.at(last))).isSymbolicLink())
      throw refused('The path goes over a link.')
    return join(await realpath(root), ...names)
  } finally {
    await folder.close()
  }
}
